"""The first tariff: free minutes, a price per started unit, a cap per rolling 24 hours (`tariffs.md`).

Pure integers. The terms keep WeChat's names, so that a stored stay explains itself years later.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from scada.model.money import Fen

DAY_MINUTES = 1440
_SECOND = timedelta(seconds=1)


class TimeRounding(Enum):
    """What becomes of a part minute."""

    UP = "TIME_ROUND_UP"
    DOWN = "TIME_ROUND_DOWN"


class FirstCharge(Enum):
    """Beyond the free minutes: charge from entry (threshold), or only what follows them (deduct)."""

    ENTER = "FIRST_CHARGE_TIME_MODE_ENTER"
    AFTER_FREE = "FIRST_CHARGE_TIME_MODE_AFTER_FREE"


class DailyLimit(Enum):
    """What a day is to the cap."""

    ROLLING_24H = "DAILY_LIMIT_ROLLING_24H"


@dataclass(frozen=True, slots=True)
class Tariff:
    """One version of a tariff. Durations are whole minutes, amounts whole fen.

    Free minutes are given once an entry and their limit is inclusive; a started interval counts;
    intervals start anew with every 24 hours from entry, each capped by `max_fee_per_day`.
    """

    version: str
    free_entry_duration: int
    free_exit_duration: int
    interval_duration: int
    interval_amount: int
    max_fee_per_day: int
    daily_limit_type: DailyLimit
    time_rounding_type: TimeRounding
    first_charge_time_mode: FirstCharge

    @staticmethod
    def from_terms(terms: Mapping[str, object]) -> "Tariff":
        """Build from stored or configured terms. Raises ValueError or TypeError if they are not complete."""
        return Tariff(
            **{
                **terms,
                "daily_limit_type": DailyLimit(terms.get("daily_limit_type")),
                "time_rounding_type": TimeRounding(terms.get("time_rounding_type")),
                "first_charge_time_mode": FirstCharge(terms.get("first_charge_time_mode")),
            }  # type: ignore[arg-type]  # a missing or foreign name raises TypeError, as promised
        )

    def terms(self) -> dict[str, object]:
        """Give the terms as JSON values, to be kept with a stay."""
        return {name: value.value if isinstance(value, Enum) else value for name, value in asdict(self).items()}

    @property
    def grace(self) -> timedelta:
        """How long a car may take to leave once it has paid."""
        return timedelta(minutes=self.free_exit_duration)


class LineKind(Enum):
    """What a line of a price is."""

    FREE = "free"
    CHARGE = "charge"
    CAP = "cap"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the explanation: from when to when (the site's own time), how many units of what price.

    `amount_fen` is what the line adds; a cap's is negative. The lines of a price sum to its total.
    """

    kind: LineKind
    start: datetime
    end: datetime
    units: int
    unit_fen: Fen
    amount_fen: Fen

    def to_json(self) -> dict[str, object]:
        """Give the line as JSON values."""
        return {
            "kind": self.kind.value,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "units": self.units,
            "unit_fen": self.unit_fen,
            "amount_fen": self.amount_fen,
        }


@dataclass(frozen=True, slots=True)
class Priced:
    """What a stay costs at one moment, why, and when that changes.

    `next_change_at` is the first second at which the total differs, None if it never will.
    """

    total_fen: Fen
    minutes: int
    lines: tuple[Line, ...]
    next_change_at: datetime | None
    next_total_fen: Fen | None


def price(tariff: Tariff, entered_at: datetime, until: datetime, zone: ZoneInfo) -> Priced:
    """Price a stay from its entry to `until`; an `until` before the entry counts as the entry."""
    minutes = _minutes(tariff, max(0, (until - entered_at) // _SECOND))
    change = _next_minute(tariff, minutes)
    return Priced(
        total_fen=_total(tariff, minutes),
        minutes=minutes,
        lines=tuple(_lines(tariff, minutes, entered_at, zone)),
        next_change_at=None if change is None else entered_at + _first_second(tariff, change),
        next_total_fen=None if change is None else _total(tariff, change),
    )


def _minutes(tariff: Tariff, seconds: int) -> int:
    whole, rest = divmod(seconds, 60)
    return whole + 1 if rest and tariff.time_rounding_type is TimeRounding.UP else whole


def _first_second(tariff: Tariff, minutes: int) -> timedelta:
    """Give the shortest stay that counts as so many minutes."""
    if tariff.time_rounding_type is TimeRounding.UP:
        return timedelta(seconds=(minutes - 1) * 60 + 1)
    return timedelta(minutes=minutes)


@dataclass(frozen=True, slots=True)
class _Days:
    """Some 24-hour periods of a stay that are priced alike; minutes count from entry."""

    start: int
    end: int
    count: int
    units: int
    """In each of the periods."""


def _days(tariff: Tariff, minutes: int) -> Iterator[_Days]:
    """Part the charged time: the first period, the full ones between, the last."""
    if minutes <= tariff.free_entry_duration:
        return
    begin = tariff.free_entry_duration if tariff.first_charge_time_mode is FirstCharge.AFTER_FREE else 0
    first_end = min(minutes, DAY_MINUTES)
    if begin < first_end:
        yield _Days(begin, first_end, 1, _units(tariff, first_end - begin))
    full, rest = divmod(max(0, minutes - DAY_MINUTES), DAY_MINUTES)
    last = DAY_MINUTES * (1 + full)
    if full:
        yield _Days(DAY_MINUTES, last, full, _units(tariff, DAY_MINUTES))
    if rest:
        yield _Days(last, last + rest, 1, _units(tariff, rest))


def _units(tariff: Tariff, minutes: int) -> int:
    return -(-minutes // tariff.interval_duration)


def _cut(tariff: Tariff, units: int) -> int:
    """Give what the cap takes off one period's price."""
    return max(0, units * tariff.interval_amount - tariff.max_fee_per_day)


def _total(tariff: Tariff, minutes: int) -> Fen:
    return Fen(
        sum(
            part.count * (part.units * tariff.interval_amount - _cut(tariff, part.units))
            for part in _days(tariff, minutes)
        )
    )


def _next_minute(tariff: Tariff, minutes: int) -> int | None:
    """Give the least number of minutes above these at which the total differs."""
    if tariff.interval_amount == 0 or tariff.max_fee_per_day == 0:
        return None
    if minutes <= tariff.free_entry_duration:
        return tariff.free_entry_duration + 1
    *_, part = _days(tariff, minutes)
    day_end = -(-minutes // DAY_MINUTES) * DAY_MINUTES
    unit_end = max(part.start, day_end - DAY_MINUTES) + part.units * tariff.interval_duration
    capped = part.units * tariff.interval_amount >= tariff.max_fee_per_day
    return 1 + (day_end if capped else min(day_end, unit_end))


def _lines(tariff: Tariff, minutes: int, entered_at: datetime, zone: ZoneInfo) -> Iterator[Line]:
    """Explain the total; elapsed time is counted in UTC and shown in the site's zone."""

    def moment(after: int) -> datetime:
        return (entered_at.astimezone(UTC) + timedelta(minutes=after)).astimezone(zone)

    unit_fen = Fen(tariff.interval_amount)
    free = min(minutes, tariff.free_entry_duration)
    if free and (minutes == free or tariff.first_charge_time_mode is FirstCharge.AFTER_FREE):
        yield Line(LineKind.FREE, moment(0), moment(free), 0, Fen(0), Fen(0))
    for part in _days(tariff, minutes):
        start, end, units = moment(part.start), moment(part.end), part.count * part.units
        yield Line(LineKind.CHARGE, start, end, units, unit_fen, Fen(units * unit_fen))
        if cut := _cut(tariff, part.units):
            yield Line(LineKind.CAP, start, end, part.count, Fen(tariff.max_fee_per_day), Fen(-part.count * cut))
