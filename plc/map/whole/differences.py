"""What is different between two maps (pure): tag by tag, and which devices would have to be linked anew."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from plc.map.devices import Device
from plc.map.mapped import TagMap
from plc.map.whole.written import all_cells
from scada.model.tag import lane_of

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
_NOT_THE_LINKS = frozenset(
    {"unit", "deadband", "role", "pulse_ms", "verify", "safe", "debounce_ms", "expr", "description", "description_zh"}
)
"""Columns that are the tag engine's affair alone; a driver refreshes by `stale_ms`."""
_COLUMNS = {"name": "device", "max_registers": "max_regs"}


@dataclass(frozen=True, slots=True)
class Change:
    """One tag or device that is not as before; `columns` say what was and what is."""

    name: str
    kind: str
    columns: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class DeviceChange:
    """A device on which something changes. `restarts`: its link is made anew; `lanes`: who has tags there."""

    device: str
    kind: str
    columns: Mapping[str, tuple[str, str]]
    restarts: bool
    lanes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Differences:
    """All that differs."""

    tags: tuple[Change, ...]
    devices: tuple[DeviceChange, ...]

    @property
    def is_none(self) -> bool:
        """Say whether both maps say the same."""
        return not self.tags and not self.devices

    def as_json(self) -> dict[str, object]:
        """Give it as JSON values."""
        tags = [{"tag": one.name, "kind": one.kind, "columns": _pairs(one.columns)} for one in self.tags]
        devices = [
            {
                "device": one.device,
                "kind": one.kind,
                "columns": _pairs(one.columns),
                "restarts": one.restarts,
                "lanes": list(one.lanes),
            }
            for one in self.devices
        ]
        return {"same": self.is_none, "tags": tags, "devices": devices}


def differences(old: TagMap, new: TagMap) -> Differences:
    """Compare two maps by what they mean, not by how they are written: HR4 is 40005."""
    before = {str(name): cells for name, cells in all_cells(old).items()}
    after = {str(name): cells for name, cells in all_cells(new).items()}
    tags = tuple(_changes(before, after))
    return Differences(tags, tuple(_devices(old, new, tags, before, after)))


def _changes(before: Mapping[str, Mapping[str, str]], after: Mapping[str, Mapping[str, str]]) -> Iterable[Change]:
    for name in sorted(before.keys() | after.keys()):
        columns = _columns(before.get(name, {}), after.get(name, {}))
        if name not in before:
            yield Change(name, ADDED, columns)
        elif name not in after:
            yield Change(name, REMOVED, columns)
        elif columns:
            yield Change(name, CHANGED, columns)


def _columns(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    names = [*before, *(column for column in after if column not in before)]
    pairs = {column: (before.get(column, ""), after.get(column, "")) for column in names if column != "tag"}
    return {column: pair for column, pair in pairs.items() if pair[0] != pair[1]}


def _devices(
    old: TagMap,
    new: TagMap,
    tags: Iterable[Change],
    before: Mapping[str, Mapping[str, str]],
    after: Mapping[str, Mapping[str, str]],
) -> Iterable[DeviceChange]:
    touched: dict[str, bool] = {}
    for change in tags:
        matters = change.kind != CHANGED or not change.columns.keys() <= _NOT_THE_LINKS
        for cells in (before.get(change.name), after.get(change.name)):
            if cells is not None and "device" in cells:
                touched[cells["device"]] = touched.get(cells["device"], False) or matters
    for name in sorted(old.devices.keys() | new.devices.keys()):
        columns = _columns(_cells(old.devices.get(name)), _cells(new.devices.get(name)))
        kind = ADDED if name not in old.devices else REMOVED if name not in new.devices else CHANGED
        if columns or name in touched:
            lanes = sorted({lane_of(tag.name) for tag in (*old.on(name), *new.on(name))})
            yield DeviceChange(name, kind, columns, bool(columns) or touched[name], tuple(lanes))


def _cells(device: Device | None) -> dict[str, str]:
    if device is None:
        return {}
    values = {field.name: getattr(device, field.name) for field in fields(device)}
    values |= {"protocol": device.protocol.name, "order": device.order.value if device.order else ""}
    return {_COLUMNS.get(name, name): str(value) for name, value in values.items() if value not in ("", None)}


def _pairs(columns: Mapping[str, tuple[str, str]]) -> dict[str, list[str]]:
    return {column: list(pair) for column, pair in columns.items()}
