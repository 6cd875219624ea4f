"""OPC UA as a tag map sees it: node ids, commands by a method or an array, and security."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from asyncua import ua
from asyncua.ua.uaerrors import UaError

from plc.browsed import Bounds, Browsed
from plc.map.addresses import Address, AddressError, parse_node
from plc.map.devices import Device
from plc.map.findings import ERROR
from plc.map.mapped import MappedTag
from plc.map.protocol import Fault, lacks_address, same_place
from plc.opcua import OpcUaDriver
from plc.ua.browse import browse
from plc.ua.keys import KeyFolder
from plc.ua.security import FORMS, parse_security
from scada.clock import Clock
from scada.ports import TagSink


@dataclass(frozen=True, slots=True)
class OpcUa:
    """OPC UA over TCP."""

    name: str = "opcua"
    carries_quality: bool = True
    has_word_order: bool = False

    def check_device(self, device: Device) -> Iterator[Fault]:
        """Say that it needs an address, and a security that we know."""
        yield from lacks_address(device, 4840)
        try:
            parse_security(device.security)
        except ValueError as error:
            yield Fault("E31", "security", str(error), f"write {FORMS}, or nothing on the plant network")

    def address(self, text: str, _bit: int | None, _device: Device) -> Address:
        """Read a NodeId. Raises AddressError."""
        address = parse_node(text)
        try:
            ua.NodeId.from_string(text)
        except (UaError, ValueError) as error:
            raise AddressError(f"{text!r} is not a NodeId like ns=2;s=Out1.Loop.Safety") from error
        return address

    def check_tag(self, _tag: MappedTag, _device: Device) -> Iterator[Fault]:
        """A node may be of any type: a command goes by a method, or as one array of nine registers."""
        yield from ()

    def check_tags(self, tags: Sequence[MappedTag], _device: Device) -> Iterator[tuple[MappedTag, Fault]]:
        """Two tags may stand on one node, but what belongs to the lane is written by one name only."""
        by_node: dict[str, list[MappedTag]] = defaultdict(list)
        for tag in tags:
            there = by_node[str(tag.address)]
            faults = (same_place(tag, other) for other in there)
            yield from ((tag, fault) for fault in faults if fault.severity == ERROR)
            there.append(tag)

    def driver(self, device: Device, tags: Sequence[MappedTag], sink: TagSink, clock: Clock, data: Path) -> OpcUaDriver:
        """Make the link."""
        return OpcUaDriver(device, tags, sink, clock, KeyFolder(data))

    async def browse(self, device: Device, data: Path, now: datetime, bounds: Bounds) -> Browsed:
        """Walk through the server's objects. Raises PlcError."""
        return await browse(device, KeyFolder(data), now, bounds)


OPC_UA = OpcUa()
