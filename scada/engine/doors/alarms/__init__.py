"""The control room's door to the alarms."""
