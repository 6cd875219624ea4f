"""What units have pushed lately: repeats are known, and what belongs to a car votes with its cameras' frames.

A push is never more than votes. One from before the loop is a hint for the same text, as `lanes.md` t_hint says; one
that comes later than this unit's reads usually do counts from when it was read, so an old car's is not the new one's.
How late they usually are has to be seen twice: what a unit sends again after we were away comes all at once.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from lpr.push.words import Read
from lpr.reader.grammar import colour_by_text, parse
from lpr.vote import Ballot
from scada.model.lane.words import Direction
from scada.model.names import LaneName, PictureId
from scada.model.plate import PlateKind, normal_form
from scada.settings.cameras import Unit

T_HINT_S = 5.0
"""A read from before the loop is a hint for so long (`lanes.md` §5)."""
_KEPT = 32
_KEYS_KEPT = 16_384
"""More than a unit stores while its line is down (9,000), so that none of those counts twice."""
_USUAL_OF = 20
_SLACK_S = 0.5


@dataclass(frozen=True, slots=True)
class Pushed:
    """A read that is kept: what it says in a vote, and the monotonic second at which it was made."""

    ballot: Ballot
    at_s: float
    fake: bool
    picture: PictureId | None


@dataclass(frozen=True, slots=True)
class _Delay:
    """How long after its unit's clock a read came, and when."""

    delay_s: float
    came_s: float


@dataclass(slots=True)
class _Record:
    unit: Unit
    keys: dict[str, None] = field(default_factory=dict)
    reads: deque[Pushed] = field(default_factory=lambda: deque(maxlen=_KEPT))
    delays: deque[_Delay] = field(default_factory=lambda: deque(maxlen=_USUAL_OF))


class PushedReads:
    """The reads of all units."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._records = {unit.name: _Record(unit) for unit in units}

    def is_repeat(self, unit: Unit, key: str) -> bool:
        """Say whether this read has come before; from now on it has."""
        keys = self._records[unit.name].keys
        if key in keys:
            return True
        keys[key] = None
        while len(keys) > _KEYS_KEPT:
            del keys[next(iter(keys))]
        return False

    def forget(self, unit: Unit, key: str) -> None:
        """Let a read come again: it could not be kept."""
        self._records[unit.name].keys.pop(key, None)

    def add(self, unit: Unit, read: Read, came_at: datetime, came_s: float, picture: PictureId | None) -> None:
        """Let a read vote, if it is a plate at all and not one of another time."""
        ballot = ballot_of(unit, read)
        if ballot is None or read.late:
            return
        record = self._records[unit.name]
        at_s = came_s - _late_s(record.delays, read, came_at, came_s)
        record.reads.append(Pushed(ballot, at_s, read.fake, picture))

    def about(self, lane: LaneName, way: Direction, since_s: float, edge_s: float, gate: float) -> Sequence[Pushed]:
        """Give what was pushed of the car that stands on the loop since `edge_s`; nothing from before `since_s`."""
        oldest_s = max(since_s, edge_s - T_HINT_S)
        told = [
            replace(one, ballot=_weighed(one.ballot, record.unit.gate, gate, early=one.at_s < edge_s))
            for record in self._records.values()
            if record.unit.looks_at(lane, way)
            for one in record.reads
            if one.at_s >= oldest_s
        ]
        return _once_each(told)

    def look_at(self, lane: LaneName, way: Direction) -> bool:
        """Say whether any unit looks at the cars that go this way through a lane."""
        return any(record.unit.looks_at(lane, way) for record in self._records.values())


def _once_each(told: Iterable[Pushed]) -> list[Pushed]:
    """Let a unit say a plate once: it reads a standing car again and again. What it saw on the loop goes before.

    A plate that it took for a paper once stays one.
    """
    best: dict[tuple[str, str], Pushed] = {}
    for one in told:
        key = (one.ballot.eye, one.ballot.text)
        known = best.get(key, one)
        better = max(known, one, key=_worth)
        best[key] = replace(better, fake=known.fake or one.fake)
    return list(best.values())


def _worth(one: Pushed) -> tuple[bool, float]:
    return not one.ballot.early, one.ballot.surety


def ballot_of(unit: Unit, read: Read) -> Ballot | None:
    """Make a ballot of a read, still on the unit's own scale; None if no plate is written like that."""
    text = normal_form(read.text)
    kind = parse(text)
    if kind is None or kind is PlateKind.UNKNOWN:
        return None
    colour = colour_by_text(kind, text, read.colour)
    return Ballot(unit.name, text, kind, colour, unit.weight * read.share, read.share, looks=unit.looks)


def on_our_scale(share: float, unit_gate: float, gate: float) -> float:
    """Bring a unit's confidence onto the lane's scale: the two gates meet, and so do the ends."""
    if share < unit_gate:
        return gate * share / unit_gate
    return 1.0 if unit_gate >= 1.0 else gate + (1.0 - gate) * (share - unit_gate) / (1.0 - unit_gate)


def _weighed(ballot: Ballot, unit_gate: float, gate: float, *, early: bool) -> Ballot:
    return replace(ballot, surety=on_our_scale(ballot.surety, unit_gate, gate), early=early)


def _late_s(delays: deque[_Delay], read: Read, came_at: datetime, came_s: float) -> float:
    """Say how much later than this unit's quickest of late a read has come; its clock may be wrong, its gait not.

    Where the gait is not known yet the unit's clock is taken for right: a read that waited for us is not one of now.
    """
    if read.at is None:
        return 0.0
    delay_s = (came_at - read.at).total_seconds()
    delays.append(_Delay(delay_s, came_s))
    late_s = delay_s - min(one.delay_s for one in delays)
    if not any(usual_s <= delay_s + _SLACK_S for usual_s in _usual(delays)):
        late_s = max(late_s, delay_s)
    return late_s if late_s > _SLACK_S else 0.0


def _usual(delays: Iterable[_Delay]) -> list[float]:
    """Give the delays that came twice, some time apart."""
    known = list(delays)
    return [
        one.delay_s
        for one in known
        if any(
            abs(one.delay_s - other.delay_s) <= _SLACK_S and abs(one.came_s - other.came_s) >= T_HINT_S
            for other in known
        )
    ]
