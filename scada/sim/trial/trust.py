"""What a technician does before a drill: each secured virtual PLC and the plant trust one another."""

from datetime import datetime

from plc.sim.guard import introduce, keys_beside
from plc.tagmap import read_map
from plc.ua.keys import KeyFolder
from plc.ua.security import parse_security
from scada.config import Config


def let_them_meet(config: Config, now: datetime) -> None:
    """Put the certificates of both sides where the other looks for them."""
    tables = config.beside(config.tags.map), config.beside(config.tags.devices)
    for device in read_map(*tables, config.tags.protocols).devices.values():
        if device.protocol.name == "opcua" and parse_security(device.security) is not None:
            plc = keys_beside(config.data / "sim" / f"{device.name}.json")
            introduce(KeyFolder(config.data), plc, device.name, now)
