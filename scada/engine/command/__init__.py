"""Commanding a PLC: its image, the claim, the book of commands, the gatekeeper."""
