"""What stays that have ended cost under their own versions, and would have cost under a draft. Pure.

Both prices are those of the engine for the whole stay, rights and vouchers aside: a draft is measured by its prices.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from heapq import heappush, heappushpop
from typing import Final
from zoneinfo import ZoneInfo

from billing.tariff import ALONE, GoesOn, HolidayTable, Pricer, Tariff, TariffError, Vehicle, read_tariff
from billing.tariff.price import seconds
from scada.model.money import Fen

LENGTHS: Final = (15, 30, 60, 120, 240, 480, 1440)
"""Stays up to so many minutes are a class; those above are one more."""
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

    whole: Sums = field(default_factory=Sums)
    days: dict[date, Sums] = field(default_factory=dict)
    lengths: dict[int, Sums] = field(default_factory=dict)
    losers: list[Moved] = field(default_factory=list)
    winners: list[Moved] = field(default_factory=list)
    not_priced: Counter[str] = field(default_factory=Counter)

    def add(self, stay: Past, now: int, then: int, day: date) -> None:
        """Count a stay."""
        minutes = -(-seconds(stay.entered_at, stay.exited_at) // 60)
        length = next((most for most in LENGTHS if minutes <= most), 0)
        for sums in (
            self.whole,
            self.days.get(day) or self.days.setdefault(day, Sums()),
            self.lengths.get(length) or self.lengths.setdefault(length, Sums()),
        ):
            sums.add(now, then)
        if then > now:
            _keep(self.losers, then - now, 1, stay, now)
        elif then < now:
            _keep(self.winners, now - then, -1, stay, now)

    def to_json(self) -> dict[str, object]:
        """Give everything as JSON values; who loses most first, `up_to_minutes` null for what is longer than all."""
        return {
            **self.whole.to_json(),
            "by_day": [{"day": day.isoformat(), **self.days[day].to_json()} for day in sorted(self.days)],
            "by_length": [
                {"up_to_minutes": most or None, **self.lengths[most].to_json()}
                for most in (*LENGTHS, 0)
                if most in self.lengths
            ],
            "losers": [one.to_json() for one in sorted(self.losers, reverse=True)],
            "winners": [_turned(one).to_json() for one in sorted(self.winners, reverse=True)],
            "not_priced": [{"why": why, "stays": stays} for why, stays in self.not_priced.most_common(MOST_REASONS)],
        }


def _keep(kept: list[Moved], size: int, sign: int, stay: Past, now: int) -> None:
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
                now, then = self._prices(stay)
            except TariffError as error:
                outcome.not_priced[str(error)] += 1
            else:
                outcome.add(stay, now, then, stay.exited_at.astimezone(self._zone).date())
            if not done % EVERY:
                told(done)
        told(done)
        return outcome

    def _prices(self, stay: Past) -> tuple[Fen, Fen]:
        """Price a stay under its own version and under the draft."""
        own, draft = self._pricers(stay)
        if stay.goes_on is ALONE and not self._draft.reentry.minutes:
            start, gone = own.start(stay.entered_at), seconds(stay.entered_at, stay.exited_at)
            return own.total_of(start, gone), draft.total_of(start, gone)
        then = self._with_last(stay)
        return self._going_on(self._own[stay.terms], stay, stay.goes_on), self._going_on(self._draft, stay, then)

    def _pricers(self, stay: Past) -> tuple[Pricer, Pricer]:
        pair = self._pairs.get((stay.terms, stay.vehicle))
        if pair is None:
            if stay.terms not in self._own:
                self._own[stay.terms] = read_tariff(json.loads(stay.terms), kept=True)
            made = [Pricer(one, self._zone, stay.vehicle, self._table) for one in (self._own[stay.terms], self._draft)]
            pair = self._pairs[stay.terms, stay.vehicle] = made[0], made[1]
        return pair

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
