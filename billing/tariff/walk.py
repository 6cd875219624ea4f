"""Along a stay: stretch by stretch, which units of what price count from when on. All in whole seconds since the entry.

The walk knows no exit: it is made once for an entry, goes as far as it is asked to, and what it has found holds for
every exit (`stairs`). No unit is walked over one by one: a stay of years takes as many steps as it has days.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import NamedTuple

from billing.tariff.calendar import DayKind, DayKinds
from billing.tariff.plan import DAY_S, ENDLESS_S, MIDNIGHT, ROLLING, WINDOW, Paces, Plan, Price
from billing.tariff.words import FirstCharge, Straddle, TariffError

NEVER_S = ENDLESS_S


class Start(NamedTuple):
    """When a stay began on the site's own clock: the day (its ordinal) and the second of the day.

    `outside`: from when to when, in seconds since then, its car was away and its clock stood still.
    """

    day: int
    second: int
    outside: tuple[tuple[int, int], ...] = ()

    @property
    def left(self) -> tuple[int, ...]:
        """After how long each time it had stood here when it left."""
        return tuple(self.stood(left) for left, _ in self.outside)

    def stood(self, second: int) -> int:
        """Give how long the car had stood here so many seconds after its entry."""
        return second - sum(min(second, back) - left for left, back in self.outside if left < second)

    def passed(self, stood: int, *, back: bool = False) -> int:
        """Give how many seconds had passed when it had stood here so long; `back`: once it had come back."""
        for left, again in self.outside:
            if stood > left or (back and stood == left):
                stood += again - left
        return stood


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
    """A stretch of a stay under one price, or none: what begins at its start (`bits`), and when its day ends."""

    start: int
    end: int
    price: Price | None
    bits: int
    day: int
    midnight: int


class Run(NamedTuple):
    """Units alike, one after the other from `start` on: one counts at second `first`, then one `every` so many seconds.

    None of them reaches beyond `end`; they are charged at all once `broken` has come, since free time is over then.
    """

    start: int
    end: int
    first: int
    every: int
    units: int
    unit_fen: int
    amount: int | Fraction
    price: Price
    window: int
    day: int
    broken: int

    @property
    def last(self) -> int:
        """The second at which the last of them counts."""
        return self.first + (self.units - 1) * self.every

    def counted(self, until: int) -> int:
        """Give how many of them an exit must pay for."""
        units = (until - self.first) // self.every + 1
        return units if units < self.units else self.units


@dataclass(slots=True)
class Scope:
    """Free time that charges from its beginning once it is passed (a threshold): `needs` seconds break it."""

    start: int
    needs: int
    counted: list[tuple[int, int]] = field(default_factory=list)
    held: list[Run] = field(default_factory=list)
    passed: int = 0
    broken: int = NEVER_S

    def used(self, until: int) -> int:
        """Give the seconds of it that a stay has used."""
        return sum(max(0, min(end, until) - begin) for begin, end in self.counted)

    def count(self, begin: int, end: int) -> bool:
        """Count a stretch of it; True once it is broken by that."""
        if end <= begin or self.broken != NEVER_S:
            return False
        self.counted.append((begin, end))
        if self.passed + end - begin >= self.needs:
            self.broken = begin + self.needs - self.passed
        self.passed += end - begin
        return self.broken != NEVER_S


def chunks(plan: Plan, start: Start, kinds: DayKinds) -> Iterator[Chunk]:
    """Give the stretches of a stay without end; an empty one is the last: of its day nobody knows what it is."""
    day, base = start.day, -start.second
    before: Price | None = None
    while True:
        try:
            kind = kinds.of(start.day if kinds.by_entry else day) if plan.days_matter else None
        except TariffError:
            if day == start.day:
                raise
            yield Chunk(base, base, None, WINDOW | MIDNIGHT, day, base)
            return
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
            yield Chunk(at, end, stretch.price, bits, day, base + DAY_S)
            before = stretch.price
        day += 1
        base += DAY_S


def stretches(plan: Plan, start: Start, kinds: DayKinds) -> Iterator[Chunk]:
    """Give the chunks, parted where 24 hours are over if that matters."""
    here = chunks(plan, start, kinds)
    if start.outside:
        here = _stood(start, here)
    return _turned(here) if plan.rolls else here


def _stood(start: Start, passed: Iterator[Chunk]) -> Iterator[Chunk]:
    """Give chunks in the time that a car stood here; what begins while it is away begins when it is back."""
    missed = 0
    for one in passed:
        begin, end, bits = start.stood(one.start), start.stood(one.end), one.bits | missed
        missed = bits if begin == end and one.start != one.end else 0
        if not missed:
            yield Chunk(begin, end, one.price, bits, one.day, start.stood(one.midnight))


def _turned(whole: Iterator[Chunk]) -> Iterator[Chunk]:
    for start, end, price, bits, day, midnight in whole:
        turn = start + (-start) % DAY_S
        if start < turn < end:
            yield Chunk(start, turn, price, bits, day, midnight)
            yield Chunk(turn, end, price, ROLLING, day, midnight)
        else:
            yield Chunk(start, end, price, bits | ROLLING if turn == start else bits, day, midnight)


class Walk:
    """One walk along a stay; `runs` are the units that it has found, in the order of time."""

    __slots__ = (
        "_again",
        "_ahead",
        "_deducts",
        "_entered",
        "_free_left",
        "_here",
        "_kinds",
        "_next",
        "_off",
        "_open",
        "_origin",
        "_outside",
        "_plan",
        "_scope",
        "_scope_from",
        "_window",
        "deducted",
        "runs",
        "scopes",
        "uncharged",
    )

    def __init__(self, plan: Plan, start: Start, kinds: DayKinds, off: LetOff = NOTHING_OFF) -> None:
        self.runs: list[Run] = []
        self.scopes: list[Scope] = []
        self.deducted: list[tuple[int, int]] = []
        """Free minutes that are never charged."""
        self.uncharged: list[tuple[int, int]] = []
        """Where nothing has a price."""
        self._plan = plan
        self._kinds = kinds
        self._entered = start.day
        self._off = off
        self._next = off.first
        """When the next unit begins."""
        self._outside = 0
        """Seconds so far that do not count as elapsed."""
        self._origin = 0
        self._window = 0
        self._deducts = plan.tariff.free.mode is FirstCharge.AFTER_FREE
        self._free_left = 0
        self._scope: Scope | None = None
        self._scope_from = 0
        self._again = False
        self._open: int | None = None
        """When the unit counts whose share lies ahead of a border."""
        self._ahead = stretches(plan, start, kinds)
        self._here = next(self._ahead)

    def kind(self, day: int) -> DayKind:
        """Give the kind of day by which what is charged on a day is priced."""
        return self._kinds.of(self._entered if self._kinds.by_entry else day)

    def to(self, until: int) -> None:
        """Walk on until all is found that an exit at that second must pay for. Raises TariffError on an unknown day."""
        while self._here.start < until or self._here.start == 0 or self._next < until:
            if self._here.start == self._here.end:
                self._kinds.of(self._here.day)
            after = next(self._ahead)
            self._enter(self._here)
            self._pass(self._here, after)
            self._here = after

    def _enter(self, here: Chunk) -> None:
        """Begin anew what begins anew at the border into this stretch."""
        plan, bits, first = self._plan, here.bits, here.start == 0
        restarts = first or bool(bits & plan.restart)
        if restarts:
            self._next = max(here.start, self._off.first)
        if restarts or bits & plan.steps_restart:
            self._origin = (here.start if restarts else max(here.start, self._next)) - self._outside
            self._again = not first
        if bits & WINDOW or restarts:
            self._window += 1
        free = plan.free_at(here.price, bits, first=first)
        if first or free:
            self._scope_from = self._off.first if self._off.then_free and first else here.start
            self._free_left = free if self._deducts else 0
            self._begin_scope(0 if self._deducts else free)
        elif bits & plan.own_again:
            self._begin_scope(0)

    def _begin_scope(self, free: int) -> None:
        """Begin free time, or charge without any; what the one before has not charged by now it never will."""
        self._scope = Scope(self._scope_from, self._plan.breaks_at(free)) if free else None
        if self._scope is not None:
            self.scopes.append(self._scope)

    def _pass(self, here: Chunk, after: Chunk) -> None:
        if here.price is not None or self._plan.tariff.uncharged_time_counts:
            self._count(here)
            self._use_free(here)
        else:
            self._outside += here.end - here.start
        if here.price is None:
            self.uncharged.append((here.start, here.end))
            self._next, self._open = max(self._next, here.end), None
            return
        if self._open is not None:
            self._finish_split(here, here.price)
        if self._next < here.end:
            self._charge(here, after, here.price)

    def _count(self, here: Chunk) -> None:
        """Count a stretch as free time, and charge what it held back once that is broken."""
        scope = self._scope
        if scope is not None and scope.count(max(here.start, scope.start), here.end):
            self.runs += [run._replace(broken=scope.broken) for run in scope.held]

    def _use_free(self, here: Chunk) -> None:
        """Let free minutes that are never charged pass; elapsed time begins after them."""
        begin = max(here.start, self._scope_from)
        used = min(self._free_left, here.end - begin)
        if used <= 0:
            return
        self._free_left -= used
        self._outside += used
        self._next = max(self._next, begin + used)
        self.deducted.append((begin, begin + used))

    def _charge(self, here: Chunk, after: Chunk, price: Price) -> None:
        """Count the units that begin in this stretch, and say where the next one begins."""
        same = after.price is price and not after.bits & WINDOW
        restarts = bool(after.bits & self._plan.restart)
        straddle = Straddle.RESTART if restarts else Straddle.EARLIER if same else self._plan.tariff.straddle
        late = here.end if straddle is Straddle.RESTART else self._cut(here)
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
        rolling = here.start - here.start % DAY_S + DAY_S if restart & ROLLING else ENDLESS_S
        return min(rolling, here.midnight) if restart & MIDNIGHT else rolling

    def _add(self, here: Chunk, price: Price, step: Paces, at: int, units: int, late: int) -> None:
        spare = late - at - step.counts_at
        if spare >= 0 and units:
            counted = min(units, spare // step.unit + 1)
            self._found(here, price, step, (at, late), at + step.counts_at, counted, step.amount)

    def _split(self, here: Chunk, price: Price, step: Paces, at: int) -> int:
        """Charge this side's share of a unit across a border; the other side's follows. Gives the unit's end.

        Where everything begins anew before it counts, it never does, on neither side.
        """
        counts_at = at + step.counts_at
        if self._cut(here) >= counts_at:
            share, own = Fraction(here.end - at, step.unit), replace(step, unit=here.end - at)
            self._found(here, price, own, (at, here.end), counts_at, 1, share * step.amount)
            self._open = counts_at
        return at + step.unit

    def _finish_split(self, here: Chunk, price: Price) -> None:
        """Charge what of a split unit lies in this stretch, at this side's price."""
        if self._open is None:
            return
        end = min(self._next, here.end)
        elapsed = here.start - self._outside - self._origin + (price.skipped if self._again else 0)
        step = next(step for step in price.steps if elapsed < step.end)
        if end > here.start:
            share, own = Fraction(end - here.start, step.unit), replace(step, unit=end - here.start)
            at = max(self._open, here.start + 1)
            self._found(here, price, own, (here.start, end), at, 1, share * step.amount)
        if self._next <= here.end:
            self._open = None

    def _found(
        self,
        here: Chunk,
        price: Price,
        step: Paces,
        where: tuple[int, int],
        first: int,
        units: int,
        amount: int | Fraction,
    ) -> None:
        """Note units; what lies in free time that is not passed is held back."""
        (start, end), scope = where, self._scope
        broken = 0 if scope is None else scope.broken
        run = Run(start, end, first, step.unit, units, step.amount, amount, price, self._window, here.day, broken)
        if scope is not None and broken == NEVER_S:
            scope.held.append(run)
        else:
            self.runs.append(run)
