"""Along a stay: stretch by stretch, how many units of what price have come. All in whole seconds since the entry.

No unit is walked over one by one: a stay of years takes as many steps as it has days.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from billing.tariff.calendar import DayKinds
from billing.tariff.plan import DAY_S, ENDLESS_S, MIDNIGHT, ROLLING, WINDOW, Paces, Plan, Price
from billing.tariff.words import FirstCharge, FreeLimit, Straddle, TariffError, TimeRounding


@dataclass(frozen=True, slots=True)
class Start:
    """When a stay began on the site's own clock: the day (its ordinal) and the second of the day."""

    day: int
    second: int


@dataclass(frozen=True, slots=True)
class LetOff:
    """What a voucher lets off: the first `first` seconds; with `then_free` the free time begins after them.

    `judged` is the exit by which the free time is judged, where it is not the one that is priced.
    """

    first: int = 0
    then_free: bool = False
    judged: int | None = None


NOTHING_OFF = LetOff()


class Chunk(NamedTuple):
    """A stretch of a stay under one price, or none; `bits` say what begins at its start."""

    start: int
    end: int
    price: Price | None
    bits: int
    day: int


class Part(NamedTuple):
    """Units that count: from when to when they lie, how many, what each costs, what they cost together."""

    start: int
    end: int
    units: int
    unit_fen: int
    amount: int | Fraction
    price: Price
    window: int
    day: int


def chunks(plan: Plan, start: Start, kinds: DayKinds, number: int = 0) -> Iterator[Chunk]:
    """Give the stretches of a stay without end, or of what begins at its border number so and so."""
    day, base = start.day, -start.second
    by_entry = kinds.by_entry
    before = _evening_before(plan, start, kinds) if number and not start.second else None
    while True:
        try:
            kind = kinds.of(start.day if by_entry else day) if plan.days_matter else None
        except TariffError:
            if day > start.day:
                yield Chunk(base, base, None, WINDOW | MIDNIGHT, day)  # nobody may ask what lies behind it
            raise
        for stretch in plan.day(kind):
            end = base + stretch.end
            if base + stretch.start < 0:
                before = stretch.price
            if end <= 0:
                continue
            at = max(base + stretch.start, 0)
            bits = WINDOW if stretch.price is not before or (stretch.opens and at == base + stretch.start) else 0
            if at == base:
                bits |= MIDNIGHT
            if plan.rolls:
                turn = at + (-at) % DAY_S
                if turn == at:
                    bits |= ROLLING
                elif turn < end:
                    yield Chunk(at, turn, stretch.price, bits, day)
                    at, bits = turn, ROLLING
            yield Chunk(at, end, stretch.price, bits, day)
            before = stretch.price
        day += 1
        base += DAY_S


def _evening_before(plan: Plan, start: Start, kinds: DayKinds) -> Price | None:
    return plan.day(kinds.of(start.day - 1) if plan.days_matter else None)[-1].price


class Walk:
    """One walk along a stay until second `until`; `parts` and `free_lines` are what it found.

    `number`: it begins where the stay's 24 hours of this number begin.
    """

    def __init__(
        self,
        plan: Plan,
        start: Start,
        kinds: DayKinds,
        until: int,
        off: LetOff = NOTHING_OFF,
        number: int = 0,
    ) -> None:
        self.parts: list[Part] = []
        self.free_lines: list[tuple[int, int]] = []
        self.uncharged = 0
        """Seconds in windows without a price."""
        self._plan = plan
        self._until = until
        self._off = off
        self._judged = until if off.judged is None else off.judged
        self._next = off.first
        """When the next unit begins."""
        self._outside = 0
        """Seconds so far that do not count as elapsed."""
        self._origin = 0
        self._window = 0
        self._deducts = plan.tariff.free.mode is FirstCharge.AFTER_FREE
        self._free_left = 0
        self._limit = 0
        self._scope_from = 0
        self._scope_start = 0
        self._portion = 0
        self._again = False
        self._number = number
        self._start_s = start.second
        self._open: int | None = None
        """When the unit counts whose share lies ahead of a border."""
        ahead = chunks(plan, start, kinds, number)
        here = next(ahead)
        while here.start < max(until, 1) or self._next < until:
            after = next(ahead)
            self._enter(here)
            self._pass(here, after)
            here = after
        self._close_scope()

    def _enter(self, here: Chunk) -> None:
        """Begin anew what begins anew at the border into this stretch."""
        begins = here.start == 0
        if not begins and here.start >= self._until:
            return
        first = begins and not self._number
        plan, bits = self._plan, here.bits
        restarts = begins or bool(bits & plan.restart)
        if restarts:
            self._next = max(here.start, self._off.first)
        if restarts or bits & plan.steps_restart:
            self._origin = (here.start if restarts else max(here.start, self._next)) - self._outside
            self._again = not first
        if bits & WINDOW or restarts:
            self._window += 1
        free = plan.free_at(here.price, bits, first=first)
        if begins or free:
            self._close_scope()
            self._scope_from = here.start
            if self._off.then_free and begins:
                self._scope_from = self._off.first
            self._scope_start, self._portion = len(self.parts), 0
            self._free_left = free if self._deducts else 0
            self._limit = 0 if self._deducts else free
        elif bits & plan.own_again:
            self._close_scope()

    def _close_scope(self) -> None:
        """Take back what was charged since free time began, if all of it lies within the limit."""
        if self._limit and self._is_free():
            del self.parts[self._scope_start :]
            if self._portion:
                self.free_lines.append((self._scope_from, self._scope_from + self._portion))
        self._limit = 0

    def _is_free(self) -> bool:
        tariff = self._plan.tariff
        minutes, rest = divmod(self._portion, 60)
        minutes += bool(rest) and tariff.time_rounding_type is TimeRounding.UP
        limit = self._limit // 60
        return minutes <= limit if tariff.free.limit is FreeLimit.INCLUSIVE else minutes < limit

    def _pass(self, here: Chunk, after: Chunk) -> None:
        counts = here.price is not None or self._plan.tariff.uncharged_time_counts
        if counts:
            self._portion += max(0, min(here.end, self._judged) - max(here.start, self._scope_from))
            self._use_free(here)
        if here.price is None:
            self.uncharged += max(0, min(here.end, self._until) - here.start)
            if not counts:
                self._outside += here.end - here.start
            self._next, self._open = max(self._next, here.end), None
            return
        if self._open is not None:
            self._finish_split(here, here.price)
        if self._next < here.end:
            self._charge(here, after, here.price)

    def _use_free(self, here: Chunk) -> None:
        """Let free minutes that are never charged pass; elapsed time begins after them."""
        begin = max(here.start, self._scope_from)
        used = min(self._free_left, here.end - begin)
        if used <= 0:
            return
        self._free_left -= used
        self._outside += used
        self._next = max(self._next, begin + used)
        if begin < self._until:
            self.free_lines.append((begin, min(begin + used, self._until)))

    def _charge(self, here: Chunk, after: Chunk, price: Price) -> None:
        """Count the units that begin in this stretch, and say where the next one begins."""
        same = after.price is price and not after.bits & WINDOW
        restarts = bool(after.bits & self._plan.restart)
        straddle = Straddle.RESTART if restarts else Straddle.EARLIER if same else self._plan.tariff.straddle
        late = min(self._until, here.end if straddle is Straddle.RESTART else self._cut(here))
        at, elapsed = self._next, self._next - self._outside - self._origin
        if self._again:
            elapsed += price.skipped
        for step in price.steps:
            if elapsed >= step.end:
                continue
            units = -(-(min(step.end - elapsed, here.end - at)) // step.unit)
            beyond = at + units * step.unit > here.end
            if beyond and straddle in (Straddle.LATER, Straddle.SPLIT) and at + (units - 1) * step.unit >= here.start:
                self._add(here, price, step, at, units - 1, late)
                at += (units - 1) * step.unit
                if straddle is Straddle.SPLIT:
                    at = self._split(here, price, step, at)
                break
            self._add(here, price, step, at, units, late)
            at += units * step.unit
            elapsed += units * step.unit
            if at >= here.end:
                break
        self._next = here.end if straddle is Straddle.RESTART else at

    def _cut(self, here: Chunk) -> int:
        """Give the moment at which everything begins anew next, whatever lies between."""
        restart = self._plan.restart
        rolling = here.start - here.start % DAY_S + DAY_S if restart & ROLLING else here.start + 2 * DAY_S
        if not restart & MIDNIGHT:
            return rolling if restart & ROLLING else ENDLESS_S
        of_day = (here.start + self._start_s) % DAY_S
        return min(rolling, here.start - of_day + DAY_S)

    def _add(self, here: Chunk, price: Price, step: Paces, at: int, units: int, late: int) -> None:
        gone = late - at - step.counts_at
        if gone < 0 or not units:
            return
        counted = min(units, gone // step.unit + 1)
        end = min(at + counted * step.unit, max(late, at))
        part = Part(at, end, counted, step.amount, counted * step.amount, price, self._window, here.day)
        self.parts.append(part)

    def _split(self, here: Chunk, price: Price, step: Paces, at: int) -> int:
        """Charge this side's share of a unit across a border; the other side's follows. Gives the unit's end."""
        share = Fraction(here.end - at, step.unit)
        counts_at = at + step.counts_at
        if min(self._until, self._cut(here)) >= counts_at:
            self.parts.append(Part(at, here.end, 1, step.amount, share * step.amount, price, self._window, here.day))
        self._open = counts_at
        return at + step.unit

    def _finish_split(self, here: Chunk, price: Price) -> None:
        """Charge what of a split unit lies in this stretch, at this side's price."""
        if self._open is None:
            return
        end = min(self._next, here.end)
        elapsed = here.start - self._outside - self._origin + (price.skipped if self._again else 0)
        step = next(step for step in price.steps if elapsed < step.end)
        if self._until >= max(self._open, here.start + 1) and end > here.start:
            share = Fraction(end - here.start, step.unit)
            part = Part(here.start, end, 1, step.amount, share * step.amount, price, self._window, here.day)
            self.parts.append(part)
        if self._next <= here.end:
            self._open = None
