"""A tariff made ready for one vehicle: which price holds at which second of a day, in seconds and bits.

Made once for a tariff and a vehicle; the walk along a stay (`walk`) then only counts.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Final

from billing.tariff.calendar import DayKind
from billing.tariff.terms import DAY_MINUTES, Concession, Limit, Rule, Step, Tariff
from billing.tariff.words import (
    Again,
    AggregateLimit,
    DailyLimit,
    DayType,
    FactorOrder,
    FirstCharge,
    FirstDuration,
    FreeCalculation,
    FreeCharging,
    FreeLimit,
    PlateType,
    Straddle,
    TimeRounding,
    VehicleType,
)

DAY_S: Final = 86_400
ENDLESS_S: Final = 1 << 60
WINDOW, ROLLING, MIDNIGHT = 1, 2, 4
"""What happens at a border, as bits."""
_BITS: Final = {Again.WINDOW: WINDOW, Again.ROLLING_24H: ROLLING, Again.CALENDAR_DAY: MIDNIGHT}


@dataclass(frozen=True, slots=True)
class Vehicle:
    """Whose stay is priced: its class, as what it stands here, what its driver holds, how many spaces it takes.

    `free_used` are free minutes that earlier stays of its plate have used up in the same 24 hours or day.
    """

    type: VehicleType = VehicleType.SMALL
    plate: PlateType = PlateType.TEMPORARY
    holders: frozenset[str] = frozenset()
    spaces: int = 1
    free_used: int = 0

    def __hash__(self) -> int:
        return hash((self.holders, self.spaces, self.free_used))


ANY_CAR: Final = Vehicle()


@dataclass(frozen=True, slots=True)
class Paces:
    """A step in seconds; a unit counts `counts_at` seconds after it began."""

    start: int
    end: int
    unit: int
    amount: int
    counts_at: int


@dataclass(frozen=True, slots=True, eq=False)
class Price:
    """What holds in one window, in seconds. `skipped` is the first period where it is not given again."""

    rule: Rule
    steps: tuple[Paces, ...]
    cap: int | None
    own_free: int
    skipped: int


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """A part of a day in which one price holds, or none; `opens`: a window begins at its start."""

    start: int
    end: int
    price: Price | None
    opens: bool


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A tariff as it holds for one vehicle."""

    tariff: Tariff
    vehicle: Vehicle
    free_because: str
    """Who parks for nothing, empty if the stay is charged."""
    factor: Fraction | int
    restart: int
    steps_restart: int
    own_again: int
    given: tuple[tuple[int, int], ...]
    """Free seconds of each concession, and at which borders they are given again."""
    rolls: bool
    days_matter: bool
    limits: tuple[Limit, ...]
    window_caps: bool
    factor_first: bool
    prices: tuple[Price, ...]
    _days: dict[DayKind | None, tuple[Stretch, ...]] = field(default_factory=dict)

    def day(self, kind: DayKind | None) -> tuple[Stretch, ...]:
        """Give the stretches of a day of some kind."""
        known = self._days.get(kind)
        if known is None:
            known = self._days[kind] = tuple(_stretches(self.prices, kind))
        return known

    @property
    def is_flat(self) -> bool:
        """Say whether only the length of a stay matters, not the hour or the day: it is counted in whole minutes."""
        masks = self.restart | self.steps_restart | self.own_again | _union(again for _, again in self.given)
        return (
            not self.days_matter
            and not masks & (WINDOW | MIDNIGHT)
            and all(price.rule.all_day for price in self.prices)
            and len(self.prices) == 1
            and all(limit.daily is not DailyLimit.CALENDAR_DAY for limit in self.limits)
        )

    @property
    def minutes_tell(self) -> bool:
        """Say whether stays that share their minutes of entry and exit cost the same, whatever their seconds.

        Everything begins a whole number of minutes after the entry or on a minute of the clock: then no price can tell
        one second within a minute from another. Not so where a unit is split by shares, and where free minutes that
        are cut short at a border of the clock are given again after 24 hours: both leave parts of minutes behind.
        """
        again = self.own_again | _union(again for _, again in self.given)
        leaves_parts = self.tariff.free.mode is FirstCharge.AFTER_FREE and again & ROLLING and again != ROLLING
        return self.tariff.straddle is not Straddle.SPLIT and not leaves_parts

    @property
    def late_s(self) -> int:
        """Give the second of its minute at which that minute counts: the first one if part minutes do."""
        return 1 if self.tariff.time_rounding_type is TimeRounding.UP else 0

    def breaks_at(self, free: int) -> int:
        """Give the seconds that a stay may not reach if it is to lie within so much free time."""
        minutes = free // 60
        if self.tariff.free.limit is FreeLimit.INCLUSIVE:
            minutes += 1
        return (minutes - 1) * 60 + 1 if self.late_s else minutes * 60

    def free_at(self, price: Price | None, bits: int, *, first: bool) -> int:
        """Give the free seconds that begin at a border, or at the entry."""
        tariff = self.tariff
        own = tariff.free.minutes * 60 if price is None else price.own_free
        if first:
            own = _left(own, tariff.free.charging, self.vehicle.free_used * 60)
        elif not bits & self.own_again:
            own = 0
        given = [seconds for seconds, again in self.given if first or bits & again]
        if tariff.free.calculation is FreeCalculation.SEQUENTIAL:
            return own + sum(given)
        return max((own, *given))


def _left(own: int, charging: FreeCharging, used: int) -> int:
    """Give what is left of the entry's free time once earlier stays have had theirs."""
    if charging is FreeCharging.CUMULATIVE_QUOTA:
        return max(0, own - used)
    return 0 if used and charging is not FreeCharging.ONCE_PER_ENTRY else own


@lru_cache(maxsize=512)
def plan_for(tariff: Tariff, vehicle: Vehicle) -> Plan:
    """Make a tariff ready for a vehicle."""
    held = [one for one in tariff.concessions if one.holder in vehicle.holders]
    rules = [rule for rule in tariff.rules if _is_for(rule, vehicle)]
    prices = tuple(_price(tariff, rule) for rule in rules)
    limits = tuple(one for one in tariff.limits if _is_for(one, vehicle))
    window_caps = any(price.cap is not None for price in prices)
    if tariff.limit_mode is AggregateLimit.NORMAL:
        limits = tuple(one for one in limits if one.name == tariff.limit_named)
        window_caps = window_caps and tariff.limit_named == "interval_max_amount"
    daily = {one.daily for one in limits}
    bits = tuple(_bits(one.again) for one in held)
    mask = _bits(tariff.restart) | _bits(tariff.first_period_restart) | _bits(tariff.free.again) | _union(bits)
    return Plan(
        tariff=tariff,
        vehicle=vehicle,
        free_because=_free_because(tariff, vehicle, held, rules),
        factor=_factor(tariff, vehicle, held),
        restart=_bits(tariff.restart),
        steps_restart=_bits(tariff.first_period_restart),
        own_again=_bits(tariff.free.again),
        given=tuple((one.free_minutes * 60, bit) for one, bit in zip(held, bits, strict=True) if one.free_minutes),
        rolls=bool(mask & ROLLING) or DailyLimit.ROLLING_24H in daily,
        days_matter=any(
            day is not DayType.ALL for day in (*(rule.day for rule in rules), *(cap.day for cap in limits))
        ),
        limits=limits,
        window_caps=window_caps,
        factor_first=tariff.factor_order is FactorOrder.BEFORE_CAP,
        prices=prices,
    )


def _union(bits: Iterable[int]) -> int:
    union = 0
    for one in bits:
        union |= one
    return union


def _bits(moments: Iterable[Again]) -> int:
    return _union(_BITS[one] for one in moments)


def _is_for(rule: Rule | Limit, vehicle: Vehicle) -> bool:
    return (
        rule.vehicle in (vehicle.type, VehicleType.ALL)
        and rule.plate in (vehicle.plate, PlateType.ALL)
        and (not rule.holder or rule.holder in vehicle.holders)
    )


def _free_because(tariff: Tariff, vehicle: Vehicle, held: list[Concession], rules: list[Rule]) -> str:
    """Say who parks for nothing: whose concession says so; a month card or a free plate without rows of its own."""
    for one in held:
        if one.free:
            return one.holder
    own = any(rule.plate is vehicle.plate for rule in rules)
    return vehicle.plate.value if vehicle.plate in (PlateType.FREE, PlateType.MONTHLY) and not own else ""


def _factor(tariff: Tariff, vehicle: Vehicle, held: list[Concession]) -> Fraction | int:
    factor = Fraction(vehicle.spaces if tariff.price_per_space else 1)
    for one in tariff.classes:
        if one.vehicle is vehicle.type:
            factor *= one.factor
    for concession in held:
        factor *= concession.factor
    return int(factor) if factor.denominator == 1 else factor


def _price(tariff: Tariff, rule: Rule) -> Price:
    up = tariff.time_rounding_type is TimeRounding.UP
    own = tariff.free.minutes if rule.free_minutes is None else rule.free_minutes
    skipped = rule.first_minutes * 60 if rule.first_again is FirstDuration.ONLY else 0
    return Price(rule, tuple(_paces(step, up) for step in rule.steps), rule.window_cap, own * 60, skipped)


def _paces(step: Step, up: bool) -> Paces:
    end = ENDLESS_S if step.end is None else step.end * 60
    unit = ENDLESS_S if step.unit is None else step.unit * 60
    counts_at = (step.counts_at - 1) * 60 + 1 if up else step.counts_at * 60
    return Paces(step.start * 60, end, unit, step.amount, counts_at)


def _stretches(prices: tuple[Price, ...], kind: DayKind | None) -> list[Stretch]:
    """Lay the prices out over a day; where several hold, the one made for fewer cases."""
    fitting = [price for price in prices if _rank(price.rule, kind) is not None]
    borders = sorted({0, DAY_MINUTES, *(minute for price in fitting for minute in (price.rule.start, price.rule.end))})
    found: list[Stretch] = []
    for start, end in pairwise(borders):
        price = _best(fitting, kind, start)
        opens = price is not None and price.rule.start == start and not price.rule.all_day
        if found and found[-1].price is price and not opens:
            found[-1] = Stretch(found[-1].start, end * 60, price, found[-1].opens)
        else:
            found.append(Stretch(start * 60, end * 60, price, opens))
    return found


def _best(prices: list[Price], kind: DayKind | None, minute: int) -> Price | None:
    here = [price for price in prices if _covers(price.rule, minute)]
    return max(here, key=lambda price: _rank(price.rule, kind) or (), default=None)


def _covers(rule: Rule, minute: int) -> bool:
    if rule.start < rule.end:
        return rule.start <= minute < rule.end
    return minute >= rule.start or minute < rule.end


def _rank(rule: Rule, kind: DayKind | None) -> tuple[bool, bool, bool, int] | None:
    """Say how special a rule is on a day, None if it does not hold: holder, plate, vehicle, then the day."""
    day = day_rank(rule.day, kind)
    if day is None:
        return None
    return (bool(rule.holder), rule.plate is not PlateType.ALL, rule.vehicle is not VehicleType.ALL, day)


def day_rank(day: DayType | str, kind: DayKind | None) -> int | None:
    """Say how special something for some days is on a day, None if it does not hold."""
    if day is DayType.ALL:
        return 0
    if kind is None:
        return None
    if isinstance(day, DayType):
        return 1 if day is kind.type else None
    return 2 + len(kind.names) - kind.names.index(day) if day in kind.names else None


def uncovered(tariff: Tariff) -> bool:
    """Say whether some minute may be charged to nobody: no row for all vehicles covers it on each kind of day."""
    general = [
        rule for rule in tariff.rules if (rule.vehicle, rule.plate, rule.holder) == (VehicleType.ALL, PlateType.ALL, "")
    ]
    borders = {0, *(minute % DAY_MINUTES for rule in tariff.rules for minute in (rule.start, rule.end))}
    return not all(
        any(rule.day in (DayType.ALL, day) and _covers(rule, minute) for rule in general)
        for minute in borders
        for day in (DayType.WEEKDAY, DayType.HOLIDAY)
    )
