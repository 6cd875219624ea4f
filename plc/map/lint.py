"""What is wrong with a tag map as a whole: names, overlaps, and what a lane lacks for AUTO (`plc.md` §4)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from plc.map.devices import Device
from plc.map.findings import ERROR, WARNING, Finding, found
from plc.map.mapped import MappedTag
from plc.map.tagrow import OPENING_PULSE

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
        *_between(tags, devices, file),
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


def _between(tags: Iterable[MappedTag], devices: dict[str, Device], file: str) -> Iterator[Finding]:
    """Let each protocol say what is wrong between the tags of its devices."""
    by_device: dict[str, list[MappedTag]] = defaultdict(list)
    for tag in tags:
        by_device[tag.spec.device].append(tag)
    for name, group in by_device.items():
        device = devices[name]
        for tag, fault in device.protocol.check_tags(group, device):
            yield found(fault, file, tag.line)


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
    told = safety is None or devices[safety.spec.device].protocol.carries_quality
    if not told and "loop.safety_fault" not in roles:
        yield "loop.safety_fault"
