"""The black box of a lane: its inputs and outputs at full rate, kept for a while and written down around a fault."""
