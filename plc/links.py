"""Make the driver of each device in the tag map."""

import logging
from pathlib import Path

from plc.map.mapped import TagMap
from plc.simulated import SimulatedDriver
from scada.clock import Clock
from scada.ports import Driver, TagSink


def build(tag_map: TagMap, sink: TagSink, clock: Clock, data: Path) -> list[Driver]:
    """Make the drivers of all devices that hold tags; `data` is the site's data folder.

    Raises PlcError for a device that must not be used.
    """
    quieten()
    return [
        SimulatedDriver(device, tags, sink)
        if device.simulated
        else device.protocol.driver(device, tags, sink, clock, data)
        for device in tag_map.devices.values()
        if (tags := tag_map.on(device.name))
    ]


def quieten() -> None:
    """Let the libraries speak of what we do not: the end of a link is told once, as a PlcError."""
    logging.getLogger("asyncua").setLevel(logging.WARNING)
    logging.getLogger("asyncua.client").setLevel(logging.CRITICAL)
    logging.getLogger("asyncuagds").setLevel(logging.CRITICAL)
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
