"""Make the driver of each device in the tag map."""

import logging

from plc.map.devices import Device, Protocol
from plc.map.mapped import TagMap
from plc.modbus import ModbusDriver
from plc.opcua import OpcUaDriver
from scada.clock import Clock
from scada.ports import Driver, PlcError, TagSink


def build(tag_map: TagMap, sink: TagSink, clock: Clock) -> list[Driver]:
    """Make the drivers of all devices that hold tags. Raises PlcError for a device that must not be used."""
    _quieten()
    return [_driver(device, tag_map, sink, clock) for device in tag_map.devices.values() if tag_map.on(device.name)]


def _quieten() -> None:
    """Let the libraries speak of what we do not: the end of a link is told once, as a PlcError."""
    logging.getLogger("asyncua").setLevel(logging.WARNING)
    logging.getLogger("asyncua.client").setLevel(logging.CRITICAL)
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)


def _driver(device: Device, tag_map: TagMap, sink: TagSink, clock: Clock) -> Driver:
    if device.security:
        raise PlcError(f"{device.where}: security {device.security!r} is not supported yet, and it will not do without")
    tags = tag_map.on(device.name)
    match device.protocol:
        case Protocol.MODBUS_TCP:
            return ModbusDriver(device, tags, sink, clock)
        case Protocol.OPC_UA:
            return OpcUaDriver(device, tags, sink, clock)
