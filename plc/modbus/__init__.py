"""Modbus: what goes over the wire, the line or socket it goes by, what is read when, and the driver of one device."""
