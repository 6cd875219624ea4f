"""What stays that have ended cost under their own versions, and would have cost under a draft. Pure.

Both prices are those of the engine for the whole stay, rights and vouchers aside: a draft is measured by its prices.
"""

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from heapq import heappush, heappushpop
from typing import Final
from zoneinfo import ZoneInfo

from billing.tariff import ALONE, GoesOn, HolidayTable, Pricer, Tariff, TariffError, Vehicle, read_tariff
from billing.tariff.plan import DAY_S
from billing.tariff.price import seconds
from scada.model.money import Fen

LENGTHS: Final = (15, 30, 60, 120, 240, 480, 1440)
"""Stays up to so many minutes are a class; those above are one more."""
_LENGTHS_S: Final = tuple(minutes * 60 for minutes in LENGTHS)
SHOWN: Final = 10
"""So many of those that lose or win most."""
MOST_REASONS: Final = 20
EVERY: Final = 20_000
"""After so many stays it is told how many are done."""


@dataclass(frozen=True, slots=True)
class Past:
    """A stay that has ended, as far as its price goes. `terms` are those kept with it."""

    id: str
    plate: str
    zone: str
    vehicle: Vehicle
    entered_at: datetime
    exited_at: datetime
    terms: str
    goes_on: GoesOn = ALONE


@dataclass(slots=True)
class Sums:
    """Stays, and what they cost and would have cost together."""

    stays: int = 0
    dearer: int = 0
    cheaper: int = 0
    now_fen: int = 0
    draft_fen: int = 0

    def add(self, now: int, then: int) -> None:
        """Count a stay."""
        self.stays += 1
        self.now_fen += now
        self.draft_fen += then
        self.dearer += then > now
        self.cheaper += then < now

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.stays + other.stays,
            self.dearer + other.dearer,
            self.cheaper + other.cheaper,
            self.now_fen + other.now_fen,
            self.draft_fen + other.draft_fen,
        )

    def to_json(self) -> dict[str, int]:
        """Give the figures."""
        return {
            "stays": self.stays,
            "dearer": self.dearer,
            "cheaper": self.cheaper,
            "now_fen": self.now_fen,
            "draft_fen": self.draft_fen,
            "difference_fen": self.draft_fen - self.now_fen,
        }


@dataclass(frozen=True, slots=True, order=True)
class Moved:
    """A stay that costs more or less: by how much, and what it is."""

    by_fen: int
    id: str
    entered_at: datetime = field(compare=False)
    exited_at: datetime = field(compare=False)
    now_fen: int = field(compare=False)

    def to_json(self) -> dict[str, object]:
        """Give it as JSON values."""
        return {
            "stay": self.id,
            "entered_at": self.entered_at.isoformat(),
            "exited_at": self.exited_at.isoformat(),
            "now_fen": self.now_fen,
            "draft_fen": self.now_fen + self.by_fen,
            "difference_fen": self.by_fen,
        }


@dataclass(slots=True)
class Outcome:
    """All together, by the day of the exit, by length, whose price moves most, and what could not be priced."""

    cells: dict[tuple[int, int], Sums] = field(default_factory=dict)
    """By day (its ordinal) and class of length."""
    losers: list[Moved] = field(default_factory=list)
    winners: list[Moved] = field(default_factory=list)
    not_priced: Counter[str] = field(default_factory=Counter)

    def add(self, stay: Past, day: int, gone: int, now: int, then: int) -> None:
        """Count a stay of so many seconds that ended on a day."""
        key = (day, bisect_left(_LENGTHS_S, gone))
        cell = self.cells.get(key)
        if cell is None:
            cell = self.cells[key] = Sums()
        cell.add(now, then)
        if then > now:
            _keep(self.losers, then - now, stay, now)
        elif then < now:
            _keep(self.winners, now - then, stay, now)

    @property
    def whole(self) -> Sums:
        """Give all together."""
        return sum(self.cells.values(), Sums())

    def _by(self, place: int) -> dict[int, Sums]:
        found: dict[int, Sums] = {}
        for key in sorted(self.cells):
            found[key[place]] = found.get(key[place], Sums()) + self.cells[key]
        return dict(sorted(found.items()))

    def to_json(self) -> dict[str, object]:
        """Give everything as JSON values; who loses most first, `up_to_minutes` null for what is longer than all."""
        days, lengths, names = self._by(0), self._by(1), (*LENGTHS, None)
        return {
            **self.whole.to_json(),
            "by_day": [{"day": date.fromordinal(day).isoformat(), **sums.to_json()} for day, sums in days.items()],
            "by_length": [{"up_to_minutes": names[number], **sums.to_json()} for number, sums in lengths.items()],
            "losers": [one.to_json() for one in sorted(self.losers, reverse=True)],
            "winners": [_turned(one).to_json() for one in sorted(self.winners, reverse=True)],
            "not_priced": [{"why": why, "stays": stays} for why, stays in self.not_priced.most_common(MOST_REASONS)],
        }


def _keep(kept: list[Moved], size: int, stay: Past, now: int) -> None:
    """Keep those that move most, as a heap; winners stand in it by what they save."""
    if len(kept) == SHOWN and size <= kept[0].by_fen:
        return
    moved = Moved(size, stay.id, stay.entered_at, stay.exited_at, now)
    if len(kept) < SHOWN:
        heappush(kept, moved)
    else:
        heappushpop(kept, moved)


def _turned(saved: Moved) -> Moved:
    return Moved(-saved.by_fen, saved.id, saved.entered_at, saved.exited_at, saved.now_fen)


class Repricer:
    """Prices stays by their own versions and by a draft; each version and vehicle is made ready once."""

    def __init__(self, draft: Tariff, zone: ZoneInfo, table: HolidayTable) -> None:
        self._draft = draft
        self._zone = zone
        self._table = table
        self._own: dict[str, Tariff] = {}
        self._pairs: dict[tuple[str, Vehicle], tuple[Pricer, Pricer]] = {}
        self._last: dict[str, Past] = {}
        self._went_on: dict[str, GoesOn] = {}
        """The last stay of each plate, and with what it went on under the draft, where it lets stays go on."""

    def reprice(self, past: Iterable[Past], told: Callable[[int], None] = lambda _done: None) -> Outcome:
        """Price every stay twice; where the draft lets stays go on, they come in the order of their entries."""
        outcome, done = Outcome(), 0
        for done, stay in enumerate(past, start=1):
            try:
                self._add(outcome, stay)
            except TariffError as error:
                outcome.not_priced[str(error)] += 1
            if not done % EVERY:
                told(done)
        told(done)
        return outcome

    def _add(self, outcome: Outcome, stay: Past) -> None:
        """Price a stay under its own version and under the draft, and count it."""
        own, draft = self._pairs.get((stay.terms, stay.vehicle)) or self._ready(stay)
        (day, second), gone = own.clock(stay.entered_at), seconds(stay.entered_at, stay.exited_at)
        if stay.goes_on is ALONE and not self._draft.reentry.minutes:
            now, then = own.total_of(day, second, gone), draft.total_of(day, second, gone)
        else:
            before = self._with_last(stay)
            now = self._going_on(self._own[stay.terms], stay, stay.goes_on)
            then = self._going_on(self._draft, stay, before)
        outcome.add(stay, day + (second + gone) // DAY_S, gone, now, then)

    def _ready(self, stay: Past) -> tuple[Pricer, Pricer]:
        """Make own version and draft ready for a vehicle."""
        if stay.terms not in self._own:
            self._own[stay.terms] = read_tariff(json.loads(stay.terms), kept=True)
        own, draft = (
            Pricer(one, self._zone, stay.vehicle, self._table) for one in (self._own[stay.terms], self._draft)
        )
        self._pairs[stay.terms, stay.vehicle] = own, draft
        return own, draft

    def _going_on(self, tariff: Tariff, stay: Past, goes_on: GoesOn) -> Fen:
        pricer = Pricer(tariff, self._zone, stay.vehicle, self._table, goes_on=goes_on)
        return pricer.total(stay.entered_at, stay.exited_at)

    def _with_last(self, stay: Past) -> GoesOn:
        """Say with what a stay would go on under the draft: with the last one of its plate, if that was just before."""
        before, goes_on = self._last.get(stay.plate), ALONE
        if before is not None and before.zone == stay.zone:
            away = stay.entered_at - before.exited_at
            if timedelta() <= away and self._draft.reentry.holds(away):
                old = self._went_on[stay.plate]
                charged = self._going_on(self._draft, before, old)
                gaps = (*old.gaps, (before.exited_at, stay.entered_at))
                goes_on = GoesOn(old.began(before.entered_at), gaps, Fen(old.charged_fen + charged))
        self._last[stay.plate], self._went_on[stay.plate] = stay, goes_on
        return goes_on
