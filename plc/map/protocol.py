"""What a protocol must bring: how its devices and addresses are written in a map, and the driver that speaks it.

A protocol is one object of one module. Those of `plc.protocols.BUILT_IN` are there; a site adds its own in
`[tags.protocols]` of config.toml, by the name that its device table uses.
"""

import importlib
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from plc.map.addresses import Address
from plc.map.findings import ERROR, WARNING
from scada.clock import Clock
from scada.model.interlock import why_not_by_hand
from scada.model.tag import Access
from scada.ports import Driver, TagSink

if typing.TYPE_CHECKING:
    from plc.map.devices import Device
    from plc.map.mapped import MappedTag


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row, before it is known where the row stands."""

    code: str
    column: str
    text: str
    remedy: str
    severity: str = ERROR


class Protocol(typing.Protocol):
    """One way of talking to devices."""

    @property
    def name(self) -> str:
        """How the device table calls it."""

    @property
    def carries_quality(self) -> bool:
        """Say whether each value comes with a status of its own, so that a loop needs no fault relay beside it."""

    @property
    def has_word_order(self) -> bool:
        """Say whether devices differ in how a value lies in its words, so that the map must tell."""

    def check_device(self, device: "Device") -> Iterable[Fault]:
        """Say what a row of the device table lacks."""

    def address(self, text: str, bit: int | None, device: "Device") -> Address:
        """Read an address as people write it; `bit` is that of the column. Raises AddressError."""

    def check_tag(self, tag: "MappedTag", device: "Device") -> Iterable[Fault]:
        """Say what is wrong with one tag of a device."""

    def check_tags(self, tags: Sequence["MappedTag"], device: "Device") -> Iterable[tuple["MappedTag", Fault]]:
        """Say what is wrong between the tags of one device."""

    def driver(self, device: "Device", tags: Sequence["MappedTag"], sink: TagSink, clock: Clock, data: Path) -> Driver:
        """Make the link to a device; `data` is the site's data folder, where keys and passwords are.

        Raises PlcError for a device that must not be used.
        """


def lacks_address(device: "Device", usual_port: int) -> Iterable[Fault]:
    """Say that a device on the network needs a host and a port."""
    if not device.host:
        yield Fault("E30", "host", f"{device.name} needs a host", "fill in its name or address")
    if not device.port:
        yield Fault("E30", "port", f"{device.name} needs a port", f"{usual_port} is usual")


def same_place(tag: "MappedTag", other: "MappedTag") -> Fault:
    """Say that two rows lie in one place: an error where one would write by hand what belongs to the lane."""
    text = f"{tag.name} and {other.name} ({other.where}) are the same place"
    specs = (tag.spec, other.spec)
    if all(spec.access is not Access.READ for spec in specs) and any(why_not_by_hand(spec) for spec in specs):
        text = f"{text}, and what belongs to the lane is written by one name only"
        return Fault("E17", "address", text, "remove one of the two")
    return Fault("W17", "address", text, "remove one of the two", WARNING)


class UnknownProtocol(LookupError):
    """There is no such protocol, or its module cannot be loaded; the message says which, and what there is."""


@dataclass(frozen=True, slots=True)
class Protocols:
    """The protocols of a site by name; each is loaded when a device asks for it. `places`: `module:object`."""

    places: Mapping[str, str]
    _loaded: dict[str, Protocol] = field(default_factory=dict)

    def find(self, name: str) -> Protocol:
        """Give a protocol. Raises UnknownProtocol."""
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def _load(self, name: str) -> Protocol:
        if name not in self.places:
            raise UnknownProtocol(f"protocol {name!r} is unknown; there are {', '.join(sorted(self.places))}")
        module, _, attribute = self.places[name].partition(":")
        try:
            protocol: Protocol = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError, ValueError) as error:
            raise UnknownProtocol(f"protocol {name!r}: {self.places[name]!r} cannot be loaded: {error}") from error
        return protocol
