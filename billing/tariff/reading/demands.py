"""What a tariff must say because it applies to it (`tariffs.md` §4): nothing ambiguous is ever filled in silently."""

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Final

from billing.tariff.plan import uncovered
from billing.tariff.terms import DAY_MINUTES, Rule, Tariff
from billing.tariff.words import (
    Again,
    AggregateLimit,
    DayType,
    Fault,
    FirstCharge,
    HolidayMode,
    MinutesAt,
    Straddle,
    VehicleType,
)

Terms = Mapping[str, object]
Demand = Callable[[Tariff, Terms], Iterator[Fault]]


def demand(tariff: Tariff, terms: Terms) -> list[Fault]:
    """Tell every point that is left open, and what contradicts itself."""
    return [fault for one in _DEMANDS for fault in one(tariff, terms)]


def _said(terms: Terms, key: str, form: str, why: str) -> Iterator[Fault]:
    if key not in terms:
        yield Fault(key, f"is missing: {why}", f"write {key} = {form}")


def _free_time(tariff: Tariff, terms: Terms) -> Iterator[Fault]:
    own = tariff.free.minutes or any(rule.free_minutes for rule in tariff.rules)
    given = [one for one in tariff.concessions if one.free_minutes]
    if not own and not given:
        return
    yield from _said(
        terms,
        "first_charge_time_mode",
        '"FIRST_CHARGE_TIME_MODE_ENTER" or "…_AFTER_FREE"',
        "beyond the free minutes, charge from entry or only what follows them",
    )
    if tariff.free.mode is FirstCharge.ENTER:
        yield from _said(
            terms, "free_limit", '"FREE_LIMIT_INCLUSIVE" or "…_EXCLUSIVE"', "is a stay of exactly the free minutes free"
        )
    if own:
        yield from _said(
            terms,
            "free_period_charging_mode",
            '"FREE_PERIOD_CHARGING_ONCE_PER_ENTRY" or another',
            "how a plate that comes again gets free minutes",
        )
        yield from _said(
            terms, "free_restart", '["ROLLING_24H"], [] for never', "are free minutes given again in a long stay"
        )
    by_voucher = tariff.vouchers is not None and tariff.vouchers.minutes_at is not MinutesAt.END
    if (own and given) or len(given) > 1 or by_voucher:
        yield from _said(
            terms,
            "free_period_calculation_mode",
            '"FREE_PERIOD_CAL_CONCURRENT_START" or "…_SEQUENTIAL_START"',
            "do several free times start together or one after another",
        )


def _windows(tariff: Tariff, terms: Terms) -> Iterator[Fault]:
    borders = len({(rule.start, rule.end, rule.day) for rule in tariff.rules}) > 1 or not all(
        rule.all_day for rule in tariff.rules
    )
    if borders and Again.WINDOW not in tariff.restart:
        yield from _said(
            terms, "straddle", '"STRADDLE_EARLIER" or another', "to which side a unit belongs that lies across a border"
        )
    if borders and uncovered(tariff):
        yield from _said(
            terms,
            "uncharged_time_counts",
            "true or false",
            "does time in which nothing is charged count as elapsed and as free time",
        )
    if tariff.straddle is Straddle.SPLIT and any(step.unit is None for rule in tariff.rules for step in rule.steps):
        yield Fault("straddle", "a price without end cannot be split", "write another word than STRADDLE_SPLIT")
    for one, other in _pairs(tariff.rules):
        if _same_case(one, other) and _overlap(one, other):
            yield Fault(
                "start_time",
                f"two rows hold at {max(one.start, other.start) // 60:02d}:{max(one.start, other.start) % 60:02d}",
                "let their windows meet without overlap",
            )


def _first_period(tariff: Tariff, terms: Terms) -> Iterator[Fault]:
    if any(len({step.amount for step in rule.steps}) > 1 or rule.first_minutes for rule in tariff.rules):
        why = "beyond restart, when does the price begin again with its first step"
        yield from _said(terms, "first_period_restart", '["WINDOW"], [] for never', why)


def _pairs(rules: tuple[Rule, ...]) -> Iterator[tuple[Rule, Rule]]:
    return ((one, other) for number, one in enumerate(rules) for other in rules[:number])


def _same_case(one: Rule, other: Rule) -> bool:
    return (one.day, one.vehicle, one.plate, one.holder) == (other.day, other.vehicle, other.plate, other.holder)


def _overlap(one: Rule, other: Rule) -> bool:
    return any(a < d and c < b for a, b in _parts(one) for c, d in _parts(other))


def _parts(rule: Rule) -> tuple[tuple[int, int], ...]:
    return ((rule.start, rule.end),) if rule.start < rule.end else ((rule.start, DAY_MINUTES), (0, rule.end))


def _days(tariff: Tariff, terms: Terms) -> Iterator[Fault]:
    if not tariff.days.matter:
        return
    yield from _said(
        terms, "day_type_mode", '"DAY_TYPE_OF_ENTRY" or "DAY_TYPE_OF_UNIT"', "whose day counts after midnight"
    )
    held = {*(rule.day for rule in tariff.rules), *(limit.day for limit in tariff.limits)}
    by_type = bool(held & {DayType.WEEKDAY, DayType.HOLIDAY})
    if by_type or tariff.days.groups:
        yield from _said(terms, "holiday_mode", '"HOLIDAY_MODE_LEGAL_MODY" or another', "which days are holidays")
    if tariff.days.need_table:
        yield from _said(
            terms,
            "holiday_missing",
            '"HOLIDAY_MISSING_REFUSE" or "HOLIDAY_MISSING_WEEKENDS"',
            "what to do while a year's table is missing",
        )
    if tariff.days.groups and tariff.days.mode is HolidayMode.CALENDAR:
        yield Fault(
            "holiday_mode",
            "weekends alone have no names of holidays",
            "write HOLIDAY_MODE_LEGAL_MODY, or leave holiday_groups out",
        )


def _caps(tariff: Tariff, terms: Terms) -> Iterator[Fault]:
    names = [limit.name for limit in tariff.limits]
    if any(rule.window_cap is not None for rule in tariff.rules):
        names.append("interval_max_amount")
    if len(names) > 1:
        yield from _said(
            terms,
            "aggregate_limit_mode",
            '"AGGREGATE_LIMIT_MODE_MIN" or "…_NORMAL"',
            "several caps: do all apply, or the named one",
        )
    if tariff.limit_mode is AggregateLimit.NORMAL and tariff.limit_named not in names:
        yield Fault("aggregate_limit_named", f"{tariff.limit_named!r} names no cap", f"write one of {', '.join(names)}")
    if tariff.limit_mode is AggregateLimit.MIN and tariff.limit_named:
        remedy = "write aggregate_limit_mode = AGGREGATE_LIMIT_MODE_NORMAL, or leave it out"
        yield Fault("aggregate_limit_named", "names a cap, and all caps hold", remedy)
    unit = tariff.rounding.unit
    amounts = [amount for limit in tariff.limits for amount in limit.amounts]
    amounts += [rule.window_cap for rule in tariff.rules if rule.window_cap is not None]
    if any(amount % unit for amount in amounts):
        yield Fault(
            "rounding_unit",
            "a cap is no whole number of it: rounding could go above the cap",
            "round the cap, or to fen",
        )


def _factors(tariff: Tariff, terms: Terms) -> Iterator[Fault]:
    one = Fraction(1)
    factors = tariff.price_per_space or any(
        factor != one for factor in [*(c.factor for c in tariff.classes), *(c.factor for c in tariff.concessions)]
    )
    capped = tariff.limits or any(rule.window_cap is not None for rule in tariff.rules)
    if factors and capped:
        yield from _said(
            terms, "factor_order", '"FACTOR_BEFORE_CAP" or "FACTOR_AFTER_CAP"', "factors and caps: which comes first"
        )
    if factors or tariff.straddle is Straddle.SPLIT or "rounding_unit" in terms or "rounding_mode" in terms:
        yield from _said(terms, "rounding_unit", '"FEN", "JIAO" or "YUAN"', "parts of a fen may come out")
        yield from _said(terms, "rounding_mode", '"ROUND_HALF_UP" or another', "parts of a unit may come out")


def _names(tariff: Tariff, _terms: Terms) -> Iterator[Fault]:
    holders = [one.holder for one in tariff.concessions]
    for twice in {name for name in holders if holders.count(name) > 1}:
        yield Fault("concession", f"{twice!r} stands twice", "write one table for each holder")
    classes = [one.vehicle for one in tariff.classes]
    for kind in {one for one in classes if classes.count(one) > 1}:
        yield Fault("vehicle_class", f"{kind.value} stands twice", "write one table for each class")
    seats = [one.seats_from for one in tariff.classes if one.seats_from is not None]
    for number in {one for one in seats if seats.count(one) > 1}:
        yield Fault("vehicle_class", f"two classes begin from {number} seats on", "give each its own seats_from")
    if VehicleType.ALL in classes:
        yield Fault("vehicle_class", "VEHICLE_TYPE_ALL_TYPE is no class", "name small, large or another class")
    tickets = [one.name for one in tariff.vouchers.tickets] if tariff.vouchers else []
    for ticket in {name for name in tickets if tickets.count(name) > 1}:
        yield Fault("voucher.ticket", f"{ticket!r} stands twice", "give each ticket a name of its own")


_DEMANDS: Final[tuple[Demand, ...]] = (_free_time, _windows, _first_period, _days, _caps, _factors, _names)
