"""A tariff from its terms: a file's content, or what was kept with a stay. Whatever is left open is refused."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Final

from billing.tariff.reading.demands import demand
from billing.tariff.reading.rows import day_of, read_rules
from billing.tariff.reading.table import Table
from billing.tariff.terms import (
    Concession,
    Days,
    Free,
    Limit,
    Reentry,
    Rounding,
    Rule,
    Season,
    Tariff,
    Ticket,
    VehicleClass,
    VoucherTerms,
)
from billing.tariff.words import (
    Again,
    AggregateLimit,
    DailyLimit,
    DayType,
    DayTypeOf,
    FactorOrder,
    Fault,
    FirstCharge,
    FreeCalculation,
    FreeCharging,
    FreeLimit,
    HolidayMissing,
    HolidayMode,
    MinutesAt,
    MinutesOrder,
    PlateType,
    ReentryGap,
    RoundingMode,
    RuleType,
    Straddle,
    TariffError,
    TicketLimit,
    TimeRounding,
    VehicleType,
    VoucherKind,
)

_WEEKDAYS: Final = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_ONCE: Final = {"reentry_mode": ReentryGap.NEVER.value}
"""What held before it had to be said."""
_ROUNDING_UNITS: Final = {"FEN": 1, "JIAO": 10, "YUAN": 100}


def read_tariff(terms: Mapping[str, object], *, kept: bool = False) -> Tariff:
    """Read a tariff. Raises TariffError with every mistake.

    `kept`: terms of a stay that may have begun before a point had to be said; it holds as it was then.
    """
    source = {str(key): _plain(value) for key, value in terms.items()}
    faults: list[Fault] = []
    tariff = _read(Table({**(_ONCE if kept else {}), **source}, "", faults), source)
    if not faults:
        faults += demand(tariff, source)
    if faults:
        raise TariffError(*faults)
    return tariff


def _plain(value: object) -> object:
    """Make a TOML value one of JSON's."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value


def _digest(source: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(source, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()


def _read(file: Table, source: Mapping[str, object]) -> Tariff:
    kind = file.choice("rule_type", RuleType)
    restart = file.choices("restart", Again, why="when elapsed time begins anew, and with it the steps of the price")
    rules = read_rules(file, kind, restarts=bool(restart))
    concessions = tuple(_concession(one) for one in file.tables("concession"))
    classes = tuple(_class(one) for one in file.tables("vehicle_class"))
    limits = tuple(_limit(one, rules) for one in file.tables("fee_limit"))
    tariff = Tariff(
        name=file.label("name"),
        version=file.label("version"),
        title=file.text("title"),
        title_en=file.text("title_en"),
        effective_from=_moment(file, "effective_from"),
        zones=file.texts("zones", ()),
        demo=file.flag("demo", False),
        free_exit_duration=file.minutes("free_exit_duration"),
        time_rounding_type=file.choice("time_rounding_type", TimeRounding),
        free=_free(file),
        reentry=_reentry(file),
        restart=restart,
        first_period_restart=_moments(file, "first_period_restart"),
        straddle=file.choice("straddle", Straddle, Straddle.RESTART),
        uncharged_time_counts=file.flag("uncharged_time_counts", True),
        rules=rules,
        limits=limits,
        limit_mode=file.choice("aggregate_limit_mode", AggregateLimit, AggregateLimit.MIN),
        limit_named=file.text("aggregate_limit_named", ""),
        concessions=concessions,
        classes=classes,
        price_per_space=file.flag("price_per_space", False),
        factor_order=file.choice("factor_order", FactorOrder, FactorOrder.BEFORE_CAP),
        rounding=_rounding(file),
        days=_days(file, (*rules, *limits)),
        vouchers=_vouchers(file),
        source=source,
        digest=_digest(source),
    )
    file.done()
    return tariff


def _moment(file: Table, key: str) -> str:
    """Read the day or the moment, in the site's own time, from which a version holds."""
    written = file.text(key)
    try:
        if file.has(key):
            datetime.fromisoformat(written)
    except ValueError:
        file.fault(key, f"{written!r} is no day or moment", "write it like 2026-05-01 or 2026-05-01T08:00:00")
    return written


def _free(file: Table) -> Free:
    return Free(
        minutes=file.minutes("free_entry_duration"),
        limit=file.choice("free_limit", FreeLimit, FreeLimit.INCLUSIVE),
        mode=file.choice("first_charge_time_mode", FirstCharge, FirstCharge.ENTER),
        charging=file.choice("free_period_charging_mode", FreeCharging, FreeCharging.ONCE_PER_ENTRY),
        calculation=file.choice("free_period_calculation_mode", FreeCalculation, FreeCalculation.CONCURRENT),
        again=_moments(file, "free_restart"),
    )


def _reentry(file: Table) -> Reentry:
    gap = file.choice("reentry_mode", ReentryGap, why="does a car that comes back soon go on with its old stay")
    if gap is not ReentryGap.NEVER:
        return Reentry(gap, file.minutes("reentry_duration", least=1))
    if file.has("reentry_duration"):
        remedy = "leave it out, or write another reentry_mode"
        file.fault("reentry_duration", "says nothing where no stay goes on", remedy)
        file.minutes("reentry_duration")
    return Reentry()


def _moments(file: Table, key: str) -> frozenset[Again]:
    """Read at which moments something begins anew; where nothing is written, `demands` says whether that will do."""
    return file.choices(key, Again, why="") if file.has(key) else frozenset()


def _rounding(file: Table) -> Rounding:
    unit = file.text("rounding_unit", "FEN")
    if unit not in _ROUNDING_UNITS:
        file.fault("rounding_unit", f"{unit!r} is no unit of money", "write FEN, JIAO or YUAN")
    return Rounding(_ROUNDING_UNITS.get(unit, 1), file.choice("rounding_mode", RoundingMode, RoundingMode.HALF_UP))


def _days(file: Table, held: Sequence[Rule | Limit]) -> Days:
    groups = file.table("holiday_groups")
    found: dict[str, str] = {}
    for group in groups.content if groups else ():
        found |= dict.fromkeys(groups.texts(group), group) if groups else {}
    seasons = tuple(_season(one) for one in file.tables("season"))
    named = {season.name for season in seasons} | set(found.values())
    for one in held:
        if isinstance(one.day, str) and one.day not in named:
            known = ", ".join([*(kind.value for kind in DayType), *sorted(named)])
            file.fault("day_type", f"{one.day!r} is neither a day type nor a group or season", f"write one of {known}")
    return Days(
        of=file.choice("day_type_mode", DayTypeOf, DayTypeOf.UNIT),
        mode=file.choice("holiday_mode", HolidayMode, HolidayMode.CALENDAR),
        missing=file.choice("holiday_missing", HolidayMissing, HolidayMissing.REFUSE),
        groups=found or None,
        seasons=seasons,
        matter=any(one.day is not DayType.ALL for one in held),
    )


def _season(one: Table) -> Season:
    days = one.texts("weekdays", _WEEKDAYS)
    for day in days:
        if day not in _WEEKDAYS:
            one.fault("weekdays", f"{day!r} is no weekday", f"write some of {', '.join(_WEEKDAYS)}")
    season = Season(
        name=one.text("name"),
        first=_month_day(one, "from"),
        last=_month_day(one, "to"),
        weekdays=frozenset(_WEEKDAYS.index(day) for day in days if day in _WEEKDAYS),
    )
    one.done()
    return season


def _month_day(one: Table, key: str) -> tuple[int, int]:
    written = one.text(key)
    try:
        read = date.fromisoformat(f"2024-{written}")
    except ValueError:
        one.fault(key, f"{written!r} is no day of the year", 'write month and day, like "04-01"')
        return (1, 1)
    return (read.month, read.day)


def _limit(one: Table, rules: tuple[Rule, ...]) -> Limit:
    """Read a cap: for each day, or for the whole stay; in fen, or in units."""
    vehicle, name = one.choice("vehicle_type", VehicleType, VehicleType.ALL), one.text("name", "")
    day, plate, holder = day_of(one), one.choice("plate_type", PlateType, PlateType.ALL), one.word("holder", "")
    kinds = [key for key in ("max_fee_per_day", "max_units_per_day", "max_fee_per_stay") if one.has(key)]
    if len(kinds) != 1:
        remedy = "write one of max_fee_per_day, max_units_per_day, max_fee_per_stay"
        one.fault("max_fee_per_day", f"{len(kinds)} of the three kinds of caps are written", remedy)
    kind = kinds[0] if kinds else "max_fee_per_day"
    daily = None if kind == "max_fee_per_stay" else one.choice("daily_limit_type", DailyLimit)
    if kind == "max_units_per_day":
        count = one.whole(kind, least=1, most=1440)
        prices = {
            rule.steps[-1].amount
            for rule in rules
            if VehicleType.ALL in (vehicle, rule.vehicle) or rule.vehicle is vehicle
        }
        if len(prices) != 1:
            one.fault(kind, "the rows have different prices for a unit", "write max_fee_per_day in fen")
        amounts: tuple[int, ...] = (count * min(prices, default=0),)
    else:
        amounts = one.amounts(kind) if kind == "max_fee_per_day" else (one.fen(kind),)
    one.done()
    return Limit(daily, amounts or (0,), vehicle, name or kind.replace("units", "fee"), day, plate, holder)


def _concession(one: Table) -> Concession:
    free = one.flag("is_free_parking", False)
    minutes = one.minutes("free_duration", 0)
    again: frozenset[Again] = frozenset()
    if minutes:
        again = one.choices("free_restart", Again, why="whether its free minutes are given again")
    elif one.has("free_restart"):
        one.fault("free_restart", "there are no free minutes", "write free_duration")
        one.texts("free_restart", ())
    read = Concession(one.word("holder"), free, minutes, again, one.fraction("factor", Fraction(1)))
    one.done()
    return read


def _class(one: Table) -> VehicleClass:
    seats = one.whole("seats_from", least=0, most=500) if one.has("seats_from") else None
    read = VehicleClass(one.choice("vehicle_type", VehicleType), one.fraction("factor", Fraction(1)), seats)
    one.done()
    return read


def _vouchers(file: Table) -> VoucherTerms | None:
    one = file.table("voucher")
    if one is None:
        return None
    terms = VoucherTerms(
        minutes_at=one.choice(
            "minutes_at", MinutesAt, why="whether a voucher's minutes are the first or the last ones, or the dearer"
        ),
        order=one.choice("minutes_order", MinutesOrder, why="before the free time or after it"),
        stackable=one.flag("stackable", why="whether several count together"),
        tickets=tuple(_ticket(ticket) for ticket in one.tables("ticket")),
    )
    one.done()
    return terms


def _ticket(one: Table) -> Ticket:
    kind = one.choice("kind", VoucherKind)
    most = 100 if kind is VoucherKind.PERCENT else 10_000_000
    value = 0 if kind is VoucherKind.FULL else one.whole("value", most=most)
    why = "how often it counts"
    read = Ticket(one.text("name"), kind, value, one.choice("limit", TicketLimit, why=why), one.flag("stackable"))
    one.done()
    return read
