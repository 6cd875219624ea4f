"""The commands of whoever looks after the money."""
