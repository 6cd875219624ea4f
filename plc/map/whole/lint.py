"""What is wrong with a tag map as a whole: names, overlaps, and what a lane lacks for AUTO (`plc.md` §4)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from plc.map.devices import Device
from plc.map.findings import ERROR, WARNING, Finding, at, error, found
from plc.map.mapped import MappedTag
from plc.map.protocol import Fault
from plc.map.sheet import Row, Sheet
from plc.map.tagrow import OPENING_PULSE, READBACK
from scada.model.figures import is_own
from scada.model.tag import Access, TagName, lane_of, point_of

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
_A_LANES = frozenset({*NEEDED_FOR_AUTO, OPENING_PULSE} - {"hb.plc", "hb.server", "plc.boot", "plc.tick"})
"""Whoever has one of these is a lane; a meter is none."""
_WATCHED = frozenset({*NEEDED_FOR_AUTO, "beam", "gate.attached", "loop.closing", "loop.safety_fault"} - {"hb.plc"})
"""What a lane believes: of a device whose program stands still it must not."""
SAFETY, SAFETY_FAULT = "loop.safety", "loop.safety_fault"


@dataclass(frozen=True, slots=True)
class Named:
    """A row by what it calls itself, whether it can be read or not."""

    sheet: Sheet
    row: Row
    name: str
    lane: str
    role: str


def named(sheets: Iterable[Sheet]) -> list[Named]:
    """Give every row of a map that has a name."""
    return [
        Named(sheet, row, name, lane_of(TagName(name)), row.cells.get("role") or point_of(TagName(name)))
        for sheet in sheets
        for row in sheet.rows
        if (name := row.cells.get("tag"))
    ]


def check_rows(rows: Sequence[Named], devices: Mapping[str, Device]) -> Iterator[Finding]:
    """Say what is wrong between the rows, readable or not: names, roles, and what lanes lack."""
    yield from _names(rows)
    yield from _roles(rows)
    yield from _readbacks(rows)
    lanes = lanes_of(rows, devices)
    yield from _owned(rows, lanes)
    yield from _unwatched(rows, lanes)
    for lane in lanes.values():
        yield from _lane(lane)


def check_tags(tags: Iterable[MappedTag], devices: Mapping[str, Device]) -> Iterator[Finding]:
    """Let each protocol say what is wrong between the tags of its devices."""
    by_device: dict[str, list[MappedTag]] = defaultdict(list)
    for tag in tags:
        by_device[tag.spec.device].append(tag)
    for name, group in by_device.items():
        device = devices[name]
        for tag, fault in device.protocol.check_tags(group, device):
            yield found(fault, tag.origin, tag.line)
    for rows in _rows_of_one(devices[name] for name in by_device):
        writable = [tag for row in rows for tag in by_device[row.name] if tag.spec.access is not Access.READ]
        known = {
            fault for row in rows for fault in _errors([tag for tag in writable if tag.spec.device == row.name], row)
        }
        yield from (found(fault, tag.origin, tag.line) for tag, fault in _errors(writable, rows[0]) - known)


def _errors(tags: Sequence[MappedTag], device: Device) -> set[tuple[MappedTag, Fault]]:
    return {(tag, fault) for tag, fault in device.protocol.check_tags(tags, device) if fault.severity == ERROR}


def _rows_of_one(devices: Iterable[Device]) -> Iterator[list[Device]]:
    """Give the rows of the device table that are one and the same device: what one writes, the other reads."""
    by_place: dict[tuple[object, ...], list[Device]] = defaultdict(list)
    for device in devices:
        for way in () if device.simulated else device.ways:
            by_place[way.protocol.name, way.host.lower(), way.port, way.unit, way.serial].append(device)
    yield from (rows for rows in by_place.values() if len(rows) > 1)


@dataclass(frozen=True, slots=True)
class MappedLane:
    """A lane as a map knows it: its first row, what it lacks for AUTO, and whether it opens by a pulse."""

    name: str
    sheet: Sheet
    row: Row
    lacking: tuple[str, ...]
    by_pulse: bool

    @property
    def why_no_auto(self) -> str:
        """Say why the lane is refused AUTO; empty if it is not."""
        if self.by_pulse:
            return "it opens by a pulse: without a passage number no opening is exactly once"
        return f"its tag map lacks {', '.join(self.lacking)}" if self.lacking else ""


def lanes_of(rows: Iterable[Named], devices: Mapping[str, Device]) -> dict[str, MappedLane]:
    """Say of every lane whether it has what AUTO needs."""
    by_lane: dict[str, dict[str, Named]] = defaultdict(dict)
    for one in rows:
        by_lane[one.lane].setdefault(one.role, one)
    return {lane: _mapped(lane, roles, devices) for lane, roles in by_lane.items() if _A_LANES & roles.keys()}


def _mapped(lane: str, roles: Mapping[str, Named], devices: Mapping[str, Device]) -> MappedLane:
    first = next(iter(roles.values()))
    lacking = [role for role in NEEDED_FOR_AUTO if role not in roles]
    if SAFETY in roles and SAFETY_FAULT not in roles:
        device = devices.get(roles[SAFETY].row["device"])
        if device is not None and not device.protocol.carries_quality:
            lacking.append(SAFETY_FAULT)
    return MappedLane(lane, first.sheet, first.row, tuple(lacking), OPENING_PULSE in roles and "cmd" not in roles)


def _lane(lane: MappedLane) -> Iterator[Finding]:
    origin, line = lane.sheet.origin, lane.row.line
    if lane.by_pulse:
        text = f"lane {lane.name} opens by a pulse: no passage number, so no exactly-once; degraded"
        yield at(origin, line, WARNING, "W25", "tag", text, "fit a PLC with the handshake")
    elif lane.lacking:
        text = f"lane {lane.name} lacks {', '.join(lane.lacking)}: no AUTO"
        remedy = f"add {_named(lane.name, lane.lacking[0])}{' and the others' if len(lane.lacking) > 1 else ''}"
        yield at(origin, line, ERROR, "E19", "tag", text, remedy)


def _named(lane: str, role: str) -> str:
    why = {
        SAFETY_FAULT: ", the detector's fault relay: Modbus says nothing of a value's quality",
        "gate.close_permit": ", the PLC's own leave to lower the boom",
        "cmd": ", the command block (type cmdblock, or method in OPC UA)",
    }
    return f"a row {lane}.{role}{why.get(role, '')}"


def _names(rows: Iterable[Named]) -> Iterator[Finding]:
    seen: dict[str, Named] = {}
    for one in rows:
        before = seen.setdefault(one.name.lower(), one)
        if before is not one:
            text = f"{one.name} stands in {_where(one, before)} already"
            yield error("E02", one.sheet, one.row, "tag", text, "remove one of the two; case makes no difference")


def _owned(rows: Iterable[Named], lanes: Collection[str]) -> Iterator[Finding]:
    """A device must not speak for the server: its word on `gate.open_request` would open the gate."""
    for one in rows:
        if is_own(TagName(one.name), lanes):
            text = f"{one.name} is a tag of the server's own: no device says what it holds"
            yield error("E39", one.sheet, one.row, "tag", text, "give it another name")


def _unwatched(rows: Iterable[Named], lanes: Collection[str]) -> Iterator[Finding]:
    """Only the device of `hb.plc` is seen to stand still: what another holds of the lane would stay good for ever."""
    watched = {one.lane: one.row["device"] for one in rows if one.role == "hb.plc" and one.lane in lanes}
    for one in rows:
        device = watched.get(one.lane, one.row["device"])
        if one.role in _WATCHED and one.row["device"] != device:
            text = f"{one.name} lives on {one.row['device']}, and lane {one.lane}'s heartbeat on {device}"
            remedy = f"bring the signal to {device}: a program that stands still on {one.row['device']} is not noticed"
            yield at(one.sheet.origin, one.row.line, WARNING, "W40", "device", text, remedy)


def _roles(rows: Iterable[Named]) -> Iterator[Finding]:
    seen: dict[tuple[str, str], Named] = {}
    for one in rows:
        before = seen.setdefault((one.lane, one.role), one)
        if before is not one and before.name.lower() != one.name.lower():
            text = f"lane {one.lane} has its {one.role} in {_where(one, before)} already"
            yield error("E18", one.sheet, one.row, "role", text, "give one of the two another role")


def _readbacks(rows: Sequence[Named]) -> Iterator[Finding]:
    wanted = [one for one in rows if one.row["verify"].startswith(READBACK)]
    names = {one.name for one in rows} if wanted else set()
    for one in wanted:
        name = one.row["verify"].removeprefix(READBACK)
        if name not in names:
            text = f"verify reads back {name!r}, which is no tag of this map"
            yield error("E27", one.sheet, one.row, "verify", text, "write the whole name, lane included")


def _where(here: Named, there: Named) -> str:
    line = f"row {there.row.line}"
    return line if here.sheet.origin.file == there.sheet.origin.file else f"{line} of {there.sheet.origin}"
