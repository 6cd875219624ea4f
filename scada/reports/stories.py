"""What the books say happened at the lanes, and what belongs together: a rise, its command, its passage, its stay."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

Number = tuple[str, int]
"""A lane, and the number its PLC gave a passage."""

THROUGH = frozenset({"FORWARD", "TAILGATE"})
"""Outcomes of a vehicle that went through the way the lane leads."""
HOLDING = frozenset({"HOLD_OPEN", "FIRE", "MAINTENANCE"})
"""Causes under which the boom stays up for whoever comes."""
BY_HAND = frozenset({"BUTTON", "HANDSET", "POWER_FAIL"})
"""Causes at the cabinet: known, and all the same to be looked at (`lanes.md` path W)."""
NO_CAUSE = frozenset({"UNKNOWN", "NONE"})


@dataclass(frozen=True, slots=True)
class Rise:
    """A rise on record; `count` is the PLC's counter, `number` the passage it rose for, 0 is nobody's.

    `before` is the count of the lane's record before it, None of the first one.
    """

    lane: str
    count: int
    cause: str
    number: int
    at: datetime
    passage: str | None = None
    picture: str | None = None
    before: int | None = None

    @property
    def missed(self) -> int:
        """How many rises before it are not on record, by the PLC's counter."""
        return missed(self.before, self.count)


class Opened(NamedTuple):
    """An OPEN that was sent; `state` as in the book of commands."""

    lane: str
    number: int
    state: str
    at: datetime


class Passed(NamedTuple):
    """A passage that has ended."""

    id: str
    lane: str
    number: int
    outcome: str
    note: str
    began_at: datetime
    ended_at: datetime
    picture: str | None = None

    @property
    def through(self) -> bool:
        """It went through the way the lane leads."""
        return self.outcome in THROUGH


class StayChange(NamedTuple):
    """A stay that began (`ending` is None) or ended, on which passage if on one."""

    lane: str
    passage: str | None
    ending: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """What happened in some days, each in the order of time."""

    rises: Sequence[Rise] = ()
    commands: Sequence[Opened] = ()
    passages: Sequence[Passed] = ()
    changes: Sequence[StayChange] = ()


class Stories:
    """What of the facts belongs together. Ordered by time and numbers alone: a business clock may run fast."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._numbered = {(one.lane, one.number): one for one in facts.passages}
        self._ids = {one.id: one for one in facts.passages}
        self._newest = _newest(facts.passages)
        self.rises, self.twice = _once(facts.rises)
        """Each rise once, by the PLC's count, and the records that tell of one again."""
        self._by_lane: dict[str, list[Rise]] = defaultdict(list)
        for rise in self.rises:
            self._by_lane[rise.lane].append(rise)
        self.answered = self._answers()
        """Each command that the PLC took, with the rise that it made."""
        self.paired = self._pairs()
        """The rise that let a passage through, by the passage's id."""

    def passage(self, id: str | None) -> Passed | None:
        """Give a passage on record by its id."""
        return None if id is None else self._ids.get(id)

    def numbered(self, lane: str, number: int) -> Passed | None:
        """Give a passage on record by the PLC's number."""
        return self._numbered.get((lane, number))

    def passage_of(self, rise: Rise) -> Passed | None:
        """Give the passage a boom rose for: by its number, and for one that nobody numbered whoever stood there."""
        if rise.number:
            return self.numbered(rise.lane, rise.number)
        if rise.cause not in BY_HAND | NO_CAUSE:
            return None
        for one in self.facts.passages:
            if one.lane == rise.lane and one.began_at <= rise.at <= one.ended_at:
                return one
        return None

    def is_under_way(self, lane: str, number: int) -> bool:
        """Say whether a passage has not ended yet: no later one of its lane has."""
        return number > self._newest.get(lane, 0)

    def rise_before(self, lane: str, at: datetime) -> Rise | None:
        """Give the newest rise of a lane up to a moment: the one that put the boom where it was."""
        rises = self._by_lane.get(lane, [])
        place = bisect_right(rises, at, key=lambda rise: rise.at)
        return rises[place - 1] if place else None

    def holding(self, passage: Passed) -> str | None:
        """Say for what the boom was held up when a passage went through, if it was."""
        rise = self.rise_before(passage.lane, passage.ended_at)
        return rise.cause if rise is not None and rise.cause in HOLDING else None

    def _answers(self) -> Sequence[tuple[Opened, Rise | None]]:
        risen: dict[Number, list[Rise]] = defaultdict(list)
        for rise in reversed(self.rises):
            if rise.cause == "AUTHORISED":
                risen[rise.lane, rise.number].append(rise)
        done = [one for one in self.facts.commands if one.state == "DONE"]
        return [(one, waiting.pop() if (waiting := risen[one.lane, one.number]) else None) for one in done]

    def _pairs(self) -> Mapping[str, Rise]:
        pairs: dict[str, Rise] = {}
        for rise in self.rises:
            passage = self.passage_of(rise) if opens_for_one(rise) else None
            if passage is not None and passage.through:
                pairs.setdefault(passage.id, rise)
        return pairs


def opens_for_one(rise: Rise) -> bool:
    """Say whether this is a rise for one vehicle: not a hold and not a re-opening."""
    return rise.cause not in HOLDING | {"REOPEN"}


def _newest(passages: Iterable[Passed]) -> dict[str, int]:
    newest: dict[str, int] = {}
    for one in passages:
        newest[one.lane] = max(newest.get(one.lane, 0), one.number)
    return newest


def _once(rises: Iterable[Rise]) -> tuple[list[Rise], list[Rise]]:
    """Tell the records of a new rise from those of the same count as the one before in its lane."""
    once: list[Rise] = []
    twice: list[Rise] = []
    for rise in rises:
        (twice if rise.before == rise.count else once).append(rise)
    return once, twice


def missed(before: int | None, count: int) -> int:
    """Say how many rises are missing between two counts of a PLC that follow one another on record."""
    return count - before - 1 if before is not None and count > before else 0
