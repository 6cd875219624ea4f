"""Alarms by ISA-18.2 / IEC 62682: what their states are and how they change. Values and functions only."""
