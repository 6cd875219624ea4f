"""The rows of a tariff file: WeChat's three kinds of rules, each made into steps by elapsed time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from billing.tariff.reading.table import Table
from billing.tariff.terms import DAY_MINUTES, Rule, Step
from billing.tariff.words import (
    ChargeMode,
    DayType,
    FirstDuration,
    IntervalRounding,
    PlateType,
    RuleType,
    VehicleType,
)

ROWS: Final[Mapping[RuleType, str]] = {
    RuleType.FIXED_INTERVAL: "fixed_interval_rule",
    RuleType.SEGMENT: "duration_segment_rule",
    RuleType.PER_ENTRY: "pre_entry_rule",
}


@dataclass(frozen=True, slots=True)
class Selector:
    """For when and whom a row is."""

    start: int
    end: int
    day: DayType | str
    vehicle: VehicleType
    plate: PlateType
    holder: str


def read_rules(file: Table, kind: RuleType, *, restarts: bool) -> tuple[Rule, ...]:
    """Read the rows of a tariff's kind; rows of the other kinds are refused."""
    for other, name in ROWS.items():
        if other is not kind and file.tables(name):
            file.fault(
                name, f"does not go with rule_type {kind.value}", f"write [[{ROWS[kind]}]], or another rule_type"
            )
    rows = file.tables(ROWS[kind])
    if not rows:
        file.fault(ROWS[kind], "is missing", f"write at least one [[{ROWS[kind]}]]")
    if kind is RuleType.SEGMENT:
        return _segments(rows)
    read: Callable[[Table], Rule] = _per_entry if kind is RuleType.PER_ENTRY else lambda row: _interval(row, restarts)
    return tuple(read(row) for row in rows)


def _selector(row: Table) -> Selector:
    start, end = row.clock("start_time", "00:00"), row.clock("end_time", "24:00")
    if start == end:
        row.fault("end_time", "the window is empty", 'write "00:00" and "24:00" for the whole day')
    known = day_of(row)
    vehicle = row.choice("vehicle_type", VehicleType, VehicleType.ALL)
    return Selector(
        start, end, known, vehicle, row.choice("plate_type", PlateType, PlateType.ALL), row.word("holder", "")
    )


def day_of(row: Table) -> DayType | str:
    """Read on which days something holds: a day type, or the name of a group or a season."""
    day = row.text("day_type", DayType.ALL.value)
    return next((one for one in DayType if one.value == day), day)


def _rule(row: Table, of: Selector, steps: tuple[Step, ...], cap: int | None, first: tuple[FirstDuration, int]) -> Rule:
    free = row.minutes("free_entry_duration", 0) if row.has("free_entry_duration") else None
    title, title_en = row.text("title", ""), row.text("title_en", "")
    row.done()
    return Rule(
        start=of.start,
        end=of.end,
        day=of.day,
        vehicle=of.vehicle,
        plate=of.plate,
        holder=of.holder,
        steps=steps,
        window_cap=cap,
        free_minutes=free,
        first_again=first[0],
        first_minutes=first[1],
        title=title,
        title_en=title_en,
    )


def _interval(row: Table, restarts: bool) -> Rule:
    """A first period at its own price, then a price for each unit."""
    of = _selector(row)
    first, amount = row.minutes("first_duration", 0), row.fen("first_amount", 0)
    again = FirstDuration.EVERY
    if first and restarts:
        again = row.choice("first_duration_mode", FirstDuration, why="elapsed time starts anew (restart)")
    elif row.has("first_duration_mode"):
        again = row.choice("first_duration_mode", FirstDuration)
    steps = _units(row, first, None)
    if first:
        steps = (Step(0, first, first, amount, 1), *steps)
    cap = _window_cap(row, of, steps[-1].amount)
    return _rule(row, of, steps, cap, (again, first))


def _units(row: Table, start: int, end: int | None) -> tuple[Step, ...]:
    """Read units of one length and price: when one counts, and whether a last rest is dropped."""
    unit, amount = row.minutes("interval_duration", least=1), row.fen("interval_amount")
    why = "a started unit is charged, or only a full one"
    full = row.choice("interval_rounding", IntervalRounding, why=why) is IntervalRounding.DOWN
    grace, tail = row.minutes("interval_grace", 0), row.minutes("interval_tail", 0)
    if grace >= unit or tail >= unit:
        row.fault("interval_grace" if grace >= unit else "interval_tail", "is as long as a unit", "make it shorter")
    if full and (grace or tail):
        key = "interval_grace" if grace else "interval_tail"
        row.fault(key, "says nothing where only full units count", "leave it out, or let started units count")
    counts_at = unit if full else max(grace, tail) + 1
    if tail > grace and start == 0:
        return Step(0, unit, unit, amount, grace + 1), Step(unit, end, unit, amount, counts_at)
    return (Step(start, end, unit, amount, counts_at),)


def _window_cap(row: Table, of: Selector, unit_fen: int) -> int | None:
    """Read the cap of one window, in fen or in units."""
    cap = row.fen("interval_max_amount", 0) if row.has("interval_max_amount") else None
    if row.has("interval_max_count"):
        count = row.whole("interval_max_count", least=1, most=DAY_MINUTES)
        if cap is not None:
            row.fault("interval_max_count", "stands beside interval_max_amount", "leave one of them out")
        cap = count * unit_fen
    if cap is not None and (of.start, of.end) == (0, DAY_MINUTES):
        row.fault("interval_max_amount", "caps a window, but this row is for the whole day", "write a [[fee_limit]]")
    return cap


def _per_entry(row: Table) -> Rule:
    """One price for each entry."""
    of = _selector(row)
    steps = (Step(0, None, None, row.fen("amount"), 1),)
    return _rule(row, of, steps, None, (FirstDuration.EVERY, 0))


def _segments(rows: list[Table]) -> tuple[Rule, ...]:
    """Put the rows of one window together: each is charged for its part of the elapsed time."""
    groups: dict[Selector, list[tuple[Table, tuple[Step, ...]]]] = {}
    for row in rows:
        of = _selector(row)
        groups.setdefault(of, []).append((row, _segment(row)))
    return tuple(_joined(of, parts) for of, parts in groups.items())


def _segment(row: Table) -> tuple[Step, ...]:
    start = row.minutes("duration_from")
    end = row.minutes("duration_to", least=1) if row.has("duration_to") else None
    row.minutes("duration_to", 0)
    if end is not None and end <= start:
        row.fault("duration_to", "is not after duration_from", "write the minutes at which the segment ends")
    if row.choice("charge_mode", ChargeMode) is ChargeMode.INTERVAL:
        return _units(row, start, end)
    return (Step(start, end, None if end is None else end - start, row.fen("fixed_amount"), 1),)


def _joined(of: Selector, parts: list[tuple[Table, tuple[Step, ...]]]) -> Rule:
    steps: list[Step] = []
    for row, own in sorted(parts, key=lambda part: part[1][0].start):
        before = steps[-1].end if steps else 0
        if own[0].start != before:
            row.fault("duration_from", f"is {own[0].start}, but the segment before ends at {before}", "let them meet")
        steps += own
    last = parts[-1][0]
    if steps[-1].end is not None:
        last.fault("duration_to", "after it nothing is said", "leave it out of the last segment")
    caps = [cap for row, own in parts if (cap := _window_cap(row, of, own[-1].amount)) is not None]
    if len(set(caps)) > 1:
        last.fault("interval_max_amount", "differs from that of another row of this window", "write it once")
    rules = [_rule(row, of, tuple(steps), caps[0] if caps else None, (FirstDuration.EVERY, 0)) for row, _ in parts]
    if len({(rule.free_minutes, rule.title, rule.title_en) for rule in rules}) > 1:
        what = "free_entry_duration, title and title_en are not the same in all rows of this window"
        last.fault("duration_from", what, "write them alike in each")
    return rules[0]
