"""OPC UA as a tag map sees it: node ids, and commands by a method."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from plc.map.addresses import Address, parse_node
from plc.map.devices import Device
from plc.map.mapped import MappedTag
from plc.map.protocol import Fault, lacks_address
from plc.opcua import OpcUaDriver
from plc.registers import Kind
from scada.clock import Clock
from scada.ports import PlcError, TagSink


@dataclass(frozen=True, slots=True)
class OpcUa:
    """OPC UA over TCP."""

    name: str = "opcua"
    carries_quality: bool = True
    has_word_order: bool = False

    def check_device(self, device: Device) -> Iterator[Fault]:
        """Say that it needs an address, and that security cannot be had yet."""
        yield from lacks_address(device, 4840)
        if device.security:
            text = f"security {device.security!r} is not supported yet, and connecting without it would be a lie"
            yield Fault("E31", "security", text, "leave the column empty and keep the device on the plant network")

    def address(self, text: str, _bit: int | None, _device: Device) -> Address:
        """Read a NodeId. Raises AddressError."""
        return parse_node(text)

    def check_tag(self, tag: MappedTag, _device: Device) -> Iterator[Fault]:
        """Say that commands go through a method."""
        if tag.kind is Kind.COMMAND:
            yield Fault("E20", "type", "commands go through a method in OPC UA", "make it type method")

    def check_tags(self, _tags: Sequence[MappedTag], _device: Device) -> Iterator[tuple[MappedTag, Fault]]:
        """Nothing can be wrong between nodes."""
        yield from ()

    def driver(self, device: Device, tags: Sequence[MappedTag], sink: TagSink, clock: Clock) -> OpcUaDriver:
        """Make the link. Raises PlcError where security is asked for."""
        if device.security:
            raise PlcError(f"{device.where}: security {device.security!r} is not supported yet")
        return OpcUaDriver(device, tags, sink, clock)


OPC_UA = OpcUa()
