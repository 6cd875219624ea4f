"""Talking to PLCs: tag maps, drivers over Modbus TCP and OPC UA. `plc.links.build` makes the drivers."""
