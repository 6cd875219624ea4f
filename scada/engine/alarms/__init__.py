"""The alarms of the plant: their conditions, their states, their book."""
