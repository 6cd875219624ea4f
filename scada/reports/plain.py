"""Cars that went through as they should are most of a month: found without a closer look, so that the rest gets one.

A car is plain if its one rise, its one command, its one passage and its one stay follow one another within an hour:
nothing of it is a difference between any two counts, and nothing else is explained by it.

The books are read as columns: what is done to a whole column costs a tenth of what is done row by row.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import compress, count
from operator import not_
from typing import Any, Final, NamedTuple, TypeVar

from scada.reports.stories import BY_HAND, NO_CAUSE, Facts, Number, Opened, Passed, Rise, StayChange

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Read = Any
"""A time as it was read: a moment, or the text of a database that keeps it so. Those of one column have an order."""
SILENT: Final = frozenset({"", "NO_PLATE"})
"""Notes of a passage that explain nothing: a car without a plate has a stay all right."""


class Rises(NamedTuple):
    """Rises on record, in the order of time."""

    lane: Sequence[str]
    number: Sequence[int]
    counted: Sequence[int]
    cause: Sequence[str]
    at: Sequence[Read]
    passage: Sequence[str | None]


class Commands(NamedTuple):
    """The OPENs that were sent."""

    lane: Sequence[str]
    number: Sequence[int]
    state: Sequence[str]
    at: Sequence[Read]


class Passages(NamedTuple):
    """Passages that have ended, in the order of their ends."""

    lane: Sequence[str]
    number: Sequence[int]
    id: Sequence[str]
    outcome: Sequence[str]
    note: Sequence[str]
    began_at: Sequence[Read]
    ended_at: Sequence[Read]
    picture: Sequence[str | None]


class Changes(NamedTuple):
    """Stays that began (`ending` is None) or ended, on which passage if on one."""

    lane: Sequence[str]
    passage: Sequence[str | None]
    ending: Sequence[str | None]
    at: Sequence[Read]


@dataclass(frozen=True, slots=True)
class Times:
    """Reads times as they were read: the hours of a column, and one whole moment."""

    hours_of: Callable[[Sequence[Read]], Sequence[datetime]]
    moment_of: Callable[[Read], datetime] = lambda at: at


@dataclass(frozen=True)
class Columns:
    """The books of some days."""

    rises: Rises
    commands: Commands
    passages: Passages
    changes: Changes
    times: Times

    @cached_property
    def risen_for(self) -> Sequence[Number]:
        """The number of each rise."""
        return _numbers(self.rises)

    @cached_property
    def sent_for(self) -> Sequence[Number]:
        """The number of each command."""
        return _numbers(self.commands)

    @cached_property
    def numbers(self) -> Sequence[Number]:
        """The number of each passage."""
        return _numbers(self.passages)

    @cached_property
    def risen(self) -> Sequence[datetime]:
        """The hour of each rise."""
        return self.times.hours_of(self.rises.at)

    @cached_property
    def passed(self) -> Sequence[datetime]:
        """The hour of each passage: that of its end."""
        return self.times.hours_of(self.passages.ended_at)

    @cached_property
    def places(self) -> Sequence[int | None]:
        """Where the passage of each change of a stay stands among the passages; None if it is not on record."""
        ids: Iterable[str | None] = self.passages.id
        known = dict(zip(ids, count()))
        return list(map(known.get, self.changes.passage))

    @cached_property
    def changed(self) -> Sequence[datetime]:
        """The hour at which each stay counts: that of its passage, if it went through this lane."""
        lanes, passed = self.passages.lane, self.passed
        told = zip(self.places, self.changes.lane, self.times.hours_of(self.changes.at), strict=True)
        return [hour if place is None or lanes[place] != lane else passed[place] for place, lane, hour in told]

    @cached_property
    def booked(self) -> Sequence[bool]:
        """Say of each passage whether one stay, and no more, began or ended by it in its lane."""
        lanes = self.passages.lane
        found = [False] * len(lanes)
        for place, lane in zip(self.places, self.changes.lane, strict=True):
            if place is not None:
                found[place] = lanes[place] == lane
        for place in _repeated(self.places):
            if place is not None:
                found[place] = False
        return found

    @cached_property
    def before(self) -> Sequence[int | None]:
        """The count of the lane's rise before each rise, None of the first one."""
        last: dict[str, int] = {}
        found: list[int | None] = []
        for lane, counted in zip(self.rises.lane, self.rises.counted, strict=True):
            found.append(last.get(lane))
            last[lane] = counted
        return found


@dataclass(frozen=True, slots=True)
class Parted:
    """The books, which of the passages were those of plain cars, and what happened besides."""

    books: Columns
    plain: Set[Number]
    facts: Facts = field(repr=False)


def part(books: Columns) -> Parted:
    """Part the plain cars from what wants a closer look."""
    plain = _plain(books)
    return Parted(books, plain, rest(books, plain))


def _plain(books: Columns) -> Set[Number]:
    hours, states = _once(books.risen_for, books.risen), _once(books.sent_for, books.commands.state)
    outcomes, notes = books.passages.outcome, books.passages.note
    told = zip(books.numbers, books.booked, outcomes, notes, books.passed, strict=True)
    found = {
        key
        for key, is_booked, outcome, note, hour in told
        if is_booked
        and outcome == "FORWARD"
        and note in SILENT
        and hours.get(key) == hour
        and states.get(key) == "DONE"
        and key[1]
    }
    found.difference_update(_repeated(books.numbers))
    found.difference_update(_unusual(books))
    found.difference_update(_touched(books, found))
    return found


def _numbers(lines: Rises | Commands | Passages) -> list[Number]:
    return list(zip(lines.lane, lines.number, strict=True))


def _once(keys: Sequence[Key], values: Sequence[Value]) -> Mapping[Key, Value]:
    """Give what belongs to each key that comes once."""
    found = dict(zip(keys, values, strict=True))
    for key in () if len(found) == len(keys) else _repeated(keys):
        del found[key]
    return found


def _repeated(things: Sequence[Key]) -> Iterable[Key]:
    """Give what comes more than once: mostly nothing does, and that is soon seen."""
    return () if len(set(things)) == len(things) else [one for one, times in Counter(things).items() if times > 1]


def _unusual(books: Columns) -> Iterator[Number]:
    """Give the numbers of rises with another cause than ours, or out of the order of the PLC's counter."""
    rises = zip(books.risen_for, books.rises.cause, books.rises.counted, books.before, strict=True)
    for key, cause, counted, before in rises:
        if cause != "AUTHORISED" or (before is not None and counted != before + 1):
            yield key


def _touched(books: Columns, plain: Set[Number]) -> Iterator[Number]:
    """Give the numbers that have a part in what is told of others: they are to be looked at with them."""
    passages, rises = _by_lane(books.passages), _by_lane(books.rises)
    ended: defaultdict[str, list[Read]] = defaultdict(list)
    for lane, at in _beside(zip(books.passages.lane, books.passages.ended_at, strict=True), books.numbers, plain):
        ended[lane].append(at)
    for lane, places in passages.items():
        yield lane, max(map(books.passages.number.__getitem__, places))
        yield from _under(books, places, rises.get(lane, ()))
        yield from _risen_before(books.rises, rises.get(lane, ()), ended[lane])


def _by_lane(lines: Rises | Passages) -> dict[str, list[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for place, lane in enumerate(lines.lane):
        found[lane].append(place)
    return found


def _under(books: Columns, places: Sequence[int], risen: Sequence[int]) -> Iterator[Number]:
    """Give who stood at a boom when it rose for nobody."""
    rises, passages = books.rises, books.passages
    nobodys = [place for place in risen if not rises.number[place] and rises.cause[place] in BY_HAND | NO_CAUSE]
    ends = [passages.ended_at[place] for place in places] if nobodys else []
    for at in (rises.at[place] for place in nobodys):
        later = places[bisect_left(ends, at) :]
        there = next((place for place in later if passages.began_at[place] <= at), None)
        if there is not None:
            yield passages.lane[there], passages.number[there]


def _risen_before(rises: Rises, places: Sequence[int], moments: Iterable[Read]) -> Iterator[Number]:
    """Give for whom a boom had risen last, at some moments; a record that tells of a rise again is none."""
    times = [rises.at[place] for place in places]
    for at in moments:
        nth = bisect_right(times, at) - 1
        while nth > 0 and rises.counted[places[nth]] == rises.counted[places[nth - 1]]:
            nth -= 1
        if nth >= 0:
            yield rises.lane[places[nth]], rises.number[places[nth]]


def rest(books: Columns, plain: Set[Number]) -> Facts:
    """Give what happened beside the plain cars, for a closer look."""
    moment_of = books.times.moment_of
    known = set(among(count(), books.numbers, plain))
    rises = _beside(zip(*books.rises, books.before, strict=True), books.risen_for, plain)
    commands = _beside(zip(*books.commands, strict=True), books.sent_for, plain)
    passages = _beside(zip(*books.passages, strict=True), books.numbers, plain)
    changes = _beside(zip(*books.changes, strict=True), books.places, known)
    return Facts(
        rises=[
            Rise(lane, count, cause, number, moment_of(at), passage, before=before)
            for lane, number, count, cause, at, passage, before in rises
        ],
        commands=[Opened(lane, number, state, moment_of(at)) for lane, number, state, at in commands],
        passages=[
            Passed(id, lane, number, outcome, note, moment_of(began), moment_of(ended), picture)
            for lane, number, id, outcome, note, began, ended, picture in passages
        ],
        changes=[StayChange(lane, of, ending, moment_of(at)) for lane, of, ending, at in changes],
    )


def among(lines: Iterable[Value], keys: Iterable[Key], these: Set[Key]) -> Iterator[Value]:
    """Give the lines whose keys are among these."""
    return compress(lines, map(these.__contains__, keys))


def _beside(lines: Iterable[Value], keys: Iterable[Key], these: Set[Key]) -> Iterator[Value]:
    return compress(lines, map(not_, map(these.__contains__, keys)))
