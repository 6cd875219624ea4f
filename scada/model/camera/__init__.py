"""The camera as an instrument: what it measures, when that is an alarm, and how well it reads. Functions of values."""
