"""The price of a stay as a staircase over time: when it rises, by how much, and what caps leave of that.

One staircase is made of one walk, and all that a price can be asked for is read off it: the total at an exit, its
parts, the next rise. Caps are used up in the order of time: what is charged never sinks again, and no cap is passed.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

from billing.tariff.plan import DAY_S, Plan, day_rank
from billing.tariff.walk import Run, Start, Walk
from billing.tariff.words import DailyLimit, DayType


class Cap(NamedTuple):
    """A cap that some units are under: of which window or day, how high it is, what it is called."""

    key: tuple[str, int]
    height: int
    name: str


class Flight(NamedTuple):
    """Stairs alike: the exact price before them, how high each is, and how far all of them may rise under which cap."""

    run: Run
    before: int | Fraction
    rise: int | Fraction
    most: int | Fraction
    cap: Cap | None

    def height(self, until: int) -> int | Fraction:
        """Give the exact price for an exit to which these are the last stairs."""
        risen = self.run.counted(until) * self.rise
        return self.before + (risen if self.cap is None or risen < self.most else self.most)


class Part(NamedTuple):
    """Units that count for an exit: what they cost by themselves, what is charged of it, and the cap that cuts it."""

    start: int
    end: int
    units: int
    amount: int | Fraction
    charged: int | Fraction
    flight: Flight


class Staircase:
    """The exact price of a stay, before it is rounded, for every exit. It is built as far as somebody asks."""

    __slots__ = ("_firsts", "_flights", "_left", "_plan", "_reached", "_start", "walk")

    def __init__(self, plan: Plan, start: Start, walk: Walk) -> None:
        self.walk = walk
        self._plan = plan
        self._start = start
        self._firsts: list[int] = []
        self._flights: list[Flight] = []
        self._left: dict[tuple[str, int], int | Fraction] = {}
        self._reached = -1

    def to(self, until: int) -> None:
        """Build it as far as an exit."""
        if until <= self._reached:
            return
        self.walk.to(until)
        self._reached = until
        for run in self.walk.runs[len(self._flights) :]:
            self._flights.append(self._flight(run))
            self._firsts.append(run.first)

    def height(self, until: int, judged: int | None = None) -> int | Fraction:
        """Give the exact price for an exit; its free time may be judged by another one."""
        last = self._last(until, until if judged is None else judged)
        return self._flights[last].height(until) if last >= 0 else 0

    def _last(self, until: int, judged: int) -> int:
        """Give the number of the last stairs that an exit pays for; -1 if there are none."""
        if judged > self._reached:
            self.to(judged)
        last = bisect_right(self._firsts, until) - 1
        while last >= 0 and self._flights[last].run.broken > judged:
            last -= 1
        return last

    def parts(self, until: int) -> Iterator[Part]:
        """Give what an exit pays for, one after the other."""
        self.to(until)
        for flight in self._flights[: self._last(until, until) + 1]:
            run = flight.run
            units, late = run.counted(until), min(until, run.end)
            end = min(run.start + units * run.every, max(late, run.start))
            yield Part(run.start, end, units, units * run.amount, flight.height(until) - flight.before, flight)

    def free(self, until: int) -> list[tuple[int, int]]:
        """Give the free time that an exit has used, from when to when."""
        self.to(until)
        begun = [one for one in self.walk.scopes if one.broken > until and one.used(until)]
        return [(one.start, one.start + one.used(until)) for one in begun] + _within(self.walk.deducted, until)

    def uncharged(self, until: int) -> int:
        """Give the seconds of a stay in which nothing has a price."""
        self.to(until)
        return sum(end - begin for begin, end in _within(self.walk.uncharged, until))

    def next_rise(
        self, now: int, most: int, rounded: Callable[[int | Fraction], int]
    ) -> tuple[int, int | Fraction] | None:
        """Give the first second after `now` at which the rounded price differs, and the exact price then."""
        wanted = rounded(self.height(now))
        number, reached = max(0, self._last(now, now)), now
        while True:
            while number < len(self._flights):
                flight = self._flights[number]
                if rounded(flight.height(flight.run.last)) != wanted:
                    at = self._first_rise(flight, now, wanted, rounded)
                    return (at, self.height(at)) if at <= most else None
                number += 1
            if reached >= most:
                return None
            reached = min(most, reached + DAY_S)
            self.to(reached)

    def _first_rise(self, flight: Flight, now: int, wanted: int, rounded: Callable[[int | Fraction], int]) -> int:
        """Give the second at which the first of these stairs lies above the wanted price."""
        run, high = flight.run, flight.run.units
        low = max(0, run.counted(now)) if run.broken <= now else 0
        while high - low > 1:
            middle = (low + high) // 2
            at = run.first + (middle - 1) * run.every
            low, high = (middle, high) if rounded(flight.height(at)) == wanted else (low, middle)
        return max(run.first + (high - 1) * run.every, run.broken)

    def _flight(self, run: Run) -> Flight:
        """Put units onto the stairs below them, under the cap of which least is left."""
        plan, left = self._plan, self._left
        below = self._flights[-1] if self._flights else None
        before = below.height(below.run.last) if below is not None else 0
        rise = run.amount * plan.factor if plan.factor_first else run.amount
        if not plan.limits and not plan.window_caps:
            return Flight(run, before, rise, 0, None)
        caps = list(self._caps(run))
        if not caps:
            return Flight(run, before, rise, 0, None)
        for cap in caps:
            left.setdefault(cap.key, cap.height)
        tightest = caps[0] if len(caps) == 1 else min(caps, key=lambda cap: left[cap.key])
        flight = Flight(run, before, rise, left[tightest.key], tightest)
        allowed = flight.height(run.last) - before
        for cap in caps:
            left[cap.key] -= allowed
        return flight

    def _caps(self, run: Run) -> Iterator[Cap]:
        """Give the caps that units are under."""
        plan = self._plan
        if plan.window_caps and run.price.cap is not None:
            yield Cap(("window", run.window), run.price.cap, "window")
        for number, limit in enumerate(plan.limits):
            if limit.day is not DayType.ALL and day_rank(limit.day, self.walk.kind(run.day)) is None:
                continue
            match limit.daily:
                case DailyLimit.ROLLING_24H:
                    day, name = run.start // DAY_S, "24h"
                case DailyLimit.CALENDAR_DAY:
                    day, name = run.day - self._start.day, "day"
                case None:
                    day, name = 0, "stay"
            yield Cap((f"{name}{number}", day), limit.amounts[min(day, len(limit.amounts) - 1)], name)


def _within(stretches: list[tuple[int, int]], until: int) -> list[tuple[int, int]]:
    return [(begin, min(end, until)) for begin, end in stretches if begin < until]
