"""The signals of a past passage on one time line: what the journal's steps say, and the black box where one was kept.

Pure. A signal that may not be believed is None, as it was not for the lane either.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from scada.model.handshake import Mode
from scada.model.tag import Quality, Value

_SIGNALS = {
    "approach": "loop.approach",
    "safety": "loop.safety",
    "closing": "loop.closing",
    "beam": "beam",
    "up": "gate.up",
    "down": "gate.down",
    "attached": "gate.attached",
    "close_permit": "gate.close_permit",
    "drive_fault": "gate.drive_fault",
}
POINTS = frozenset({*_SIGNALS.values(), "mode.now", "passage.phase", "passage.next", "passage.side"}) | {
    "light.red",
    "light.green",
    "gate.position",
    "hand.button",
    "hand.handset",
    "fire.contact",
}
"""The points that a replay shows; a black box knows more."""
_OUTER, _INNER = 1, 2


@dataclass(frozen=True, slots=True)
class Change:
    """What was different from then on, by the points of the lane."""

    at: datetime
    values: Mapping[str, Value]


Track = Sequence[tuple[int, Value]]
"""One signal: from which millisecond of the replay on it had which value."""


def of_step(at: datetime, body: Mapping[str, object], since: datetime | None = None) -> Iterator[Change]:
    """Read what a step of the lane tells of its signals: all of them where it begins something, else what changed.

    What was before it held from `since` on.
    """
    before, event = body.get("before"), body.get("event")
    happened = event if isinstance(event, Mapping) else {}
    at = _time(happened.get("at")) or at
    if isinstance(before, Mapping) and isinstance(before.get("image"), Mapping):
        yield Change(since or at, _points(before["image"]))
    if isinstance(happened.get("image"), Mapping):
        yield Change(at, _points(happened["image"]))


def _points(image: Mapping[str, object]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for part, told in image.items():
        if part in _SIGNALS and isinstance(told, Mapping):
            found[_SIGNALS[part]] = _believed(told.get("on"), told.get("quality", Quality.GOOD.name))
        elif part == "mode" and isinstance(told, str) and told in Mode.__members__:
            found["mode.now"] = int(Mode[told])
        elif part == "passage_next" and isinstance(told, int):
            found["passage.next"] = told
        elif part == "inner_side":
            found["passage.side"] = _INNER if told else _OUTER
    return found


def of_box(lane: str, rows: Iterable[Mapping[str, object]]) -> list[Change]:
    """Read a black box of the lane; the image before its first entry stands at that entry's time."""
    changes: list[Change] = []
    before: Mapping[str, Value] = {}
    for row in rows:
        told = row.get("image", row.get("read"))
        values = _wires(lane, told) if isinstance(told, Mapping) else {}
        if "image" in row:
            before = values
            continue
        at = _time(row.get("at"))
        if at is None or not (values or before):
            continue
        changes.append(Change(at, {**before, **values}))
        before = {}
    return changes


def _wires(lane: str, told: Mapping[str, object]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, value in told.items():
        owner, _, point = name.partition(".")
        if owner == lane and point in POINTS and isinstance(value, list) and len(value) == 2:
            found[point] = _believed(*value)
    return found


def _believed(value: object, quality: object) -> Value:
    known = isinstance(quality, str) and quality in Quality.__members__ and Quality[quality].is_good
    return value if known and isinstance(value, bool | int | float | str) else None


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


def joined(steps: Sequence[Change], boxes: Iterable[Sequence[Change]]) -> list[Change]:
    """Put both together: within the time of a black box it alone tells what it knows, to its 100 ms or better."""
    told = sorted(steps, key=lambda change: change.at)
    for box in boxes:
        if not box:
            continue
        since, until = box[0].at, box[-1].at
        known = {point for change in box for point in change.values}
        told = [change if not since <= change.at <= until else _without(change, known) for change in told]
        told += box
    return sorted((change for change in told if change.values), key=lambda change: change.at)


def _without(change: Change, known: set[str]) -> Change:
    return Change(change.at, {point: value for point, value in change.values.items() if point not in known})


def tracks(changes: Iterable[Change], began: datetime, since: datetime, until: datetime) -> dict[str, Track]:
    """Give each signal's own line between two times, in whole milliseconds after `began`; it begins with what held."""
    found: dict[str, list[tuple[int, Value]]] = {}
    for change in changes:
        if change.at > until:
            break
        at_ms = ms_after(began, max(change.at, since))
        for point, value in change.values.items():
            line = found.setdefault(point, [])
            if line and line[-1][0] == at_ms:
                line.pop()
            if not line or line[-1][1] != value or type(line[-1][1]) is not type(value):
                line.append((at_ms, value))
    return dict(found)


def ms_after(began: datetime, at: datetime) -> int:
    """Give whole milliseconds from one time to another."""
    return round((at - began).total_seconds() * 1000)


def held(track: Track, at_ms: int) -> Value:
    """Give the value a signal had then; None before it is known."""
    n = bisect_left(track, at_ms + 1, key=lambda point: point[0])
    return track[n - 1][1] if n else None
