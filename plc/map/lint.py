"""What is wrong with a tag map as a whole: names, overlaps, and what a lane lacks for AUTO (`plc.md` §4)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from plc.map.addresses import Register
from plc.map.devices import Device, Protocol
from plc.map.findings import ERROR, WARNING, Finding
from plc.map.mapped import MappedTag
from plc.map.tagrow import OPENING_PULSE
from plc.registers import Kind

NEEDED_FOR_AUTO = [
    "loop.approach",
    "loop.safety",
    "gate.up",
    "gate.down",
    "gate.close_permit",
    "passage.now",
    "cmd",
    "ack.seq",
    "ack.result",
    "claim.wanted",
    "claim.now",
    "plc.boot",
    "plc.tick",
    "hb.server",
    "hb.plc",
]
"""Roles without which a lane is refused AUTO (E19)."""


def check_map(tags: Sequence[MappedTag], devices: dict[str, Device], file: str) -> list[Finding]:
    """Say what is wrong between the rows of a map."""
    return [
        *_names(tags, file),
        *_roles(tags, file),
        *_places(tags, file),
        *_holes(tags, devices, file),
        *_lanes(tags, devices, file),
    ]


def _names(tags: Iterable[MappedTag], file: str) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for tag in tags:
        first = seen.setdefault(tag.name.lower(), tag.line)
        if first != tag.line:
            text = f"{tag.name} stands in row {first} already"
            yield Finding(ERROR, "E02", file, tag.line, "tag", text, "remove one of the two")


def _roles(tags: Iterable[MappedTag], file: str) -> Iterator[Finding]:
    seen: dict[tuple[str, str], int] = {}
    for tag in tags:
        first = seen.setdefault((tag.lane, tag.role), tag.line)
        if first != tag.line:
            text = f"lane {tag.lane} has its {tag.role} in row {first} already"
            yield Finding(ERROR, "E18", file, tag.line, "role", text, "give one of the two another role")


def _places(tags: Iterable[MappedTag], file: str) -> Iterator[Finding]:
    by_word: dict[tuple[str, str, int], list[tuple[MappedTag, Register]]] = defaultdict(list)
    for tag in tags:
        if not isinstance(tag.address, Register):
            continue
        for word in range(tag.address.start, tag.point.end):
            for other, place in by_word[(tag.spec.device, tag.address.area.value, word)]:
                yield from _clash(tag, tag.address, other, place, word, file)
            by_word[(tag.spec.device, tag.address.area.value, word)].append((tag, tag.address))


def _clash(
    tag: MappedTag, place: Register, other: MappedTag, there: Register, word: int, file: str
) -> Iterator[Finding]:
    if word != max(place.start, there.start):
        return
    where = f"{tag.name} and {other.name} (row {other.line})"
    if tag.is_read and other.is_read and tag.scan is not other.scan:
        text = f"{where} share a word in two classes; it is read with both"
        yield Finding(WARNING, "W23", file, tag.line, "class", text, "give both the same class")
    if tag.kind is Kind.BOOL and other.kind is Kind.BOOL and place.bit != there.bit:
        return
    if place.start == there.start and tag.point.end == other.point.end:
        text = f"{where} are the same place"
        yield Finding(WARNING, "W17", file, tag.line, "address", text, "remove one of the two")
    else:
        text = f"{where} overlap"
        yield Finding(ERROR, "E17", file, tag.line, "address", text, "correct one of the two")


def _holes(tags: Iterable[MappedTag], devices: dict[str, Device], file: str) -> Iterator[Finding]:
    groups: dict[tuple[str, str, str], list[MappedTag]] = defaultdict(list)
    for tag in tags:
        if tag.is_read and isinstance(tag.address, Register):
            groups[(tag.spec.device, tag.address.area.value, tag.scan.value)].append(tag)
    for (device, _, _), group in groups.items():
        limit = devices[device]
        ordered = sorted(group, key=lambda tag: tag.point.place.start)
        for before, after in pairwise(ordered):
            hole = after.point.place.start - before.point.end
            if limit.max_gap < hole < limit.max_registers:
                text = f"a hole of {hole} before {after.name} makes one more read a scan"
                yield Finding(WARNING, "W22", file, after.line, "address", text, "move it, or raise max_gap")


def _lanes(tags: Iterable[MappedTag], devices: dict[str, Device], file: str) -> Iterator[Finding]:
    lanes: dict[str, dict[str, MappedTag]] = defaultdict(dict)
    for tag in tags:
        lanes[tag.lane][tag.role] = tag
    for lane, roles in lanes.items():
        line = next(iter(roles.values())).line
        lacking = list(_lacking(roles, devices))
        if OPENING_PULSE in roles and "cmd" not in roles:
            text = f"lane {lane} opens by a pulse: no passage number, so no exactly-once"
            yield Finding(WARNING, "W25", file, line, "tag", text, "fit a PLC with the handshake")
        elif lacking:
            text = f"lane {lane} lacks {', '.join(lacking)}: no AUTO"
            yield Finding(ERROR, "E19", file, line, "tag", text, "add these rows")


def _lacking(roles: dict[str, MappedTag], devices: dict[str, Device]) -> Iterator[str]:
    yield from (role for role in NEEDED_FOR_AUTO if role not in roles)
    safety = roles.get("loop.safety")
    if safety and devices[safety.spec.device].protocol is Protocol.MODBUS_TCP and "loop.safety_fault" not in roles:
        yield "loop.safety_fault"
