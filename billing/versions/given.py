"""What a question about a price says of car, plate, day and vouchers: people's words into those of tariffs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from billing.tariff import (
    ALONE,
    DayKind,
    DayType,
    GoesOn,
    PlateType,
    Tariff,
    Vehicle,
    VehicleType,
    Voucher,
    VoucherKind,
)
from scada.model.plate import PlateKind

_KINDS: Final[Mapping[str, PlateKind]] = {kind.value: kind for kind in PlateKind}
_ALIASES: Final[Mapping[str, str]] = {
    "nev": "new_energy",
    "green": "new_energy",
    "新能源": "new_energy",
    "month": "monthly",
    "month_card": "monthly",
    "motorbike": "motorcycle",
    "off_day": "holiday",
    "workday": "weekday",
}
_DAYS: Final[Mapping[str, DayType]] = {"weekday": DayType.WEEKDAY, "holiday": DayType.HOLIDAY}


_YEARS: Final = range(2000, 2200)
"""Of the years that a stay may lie in; a mistyped year is told, not priced."""
_MOST: Final = 100_000_000
_AWAY: Final = "2026-05-01T10:00/2026-05-01T10:12"


class GivenError(ValueError):
    """A word that says nothing to a tariff; the message says which ones do."""


def moment(text: str, zone: ZoneInfo) -> datetime:
    """Read a time; without an offset it is the site's own."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise GivenError(f"{text!r} is no moment; write it like 2026-05-01T08:00") from error
    if read.year not in _YEARS:
        raise GivenError(f"{text!r} is not from {_YEARS.start} to {_YEARS.stop - 1}; write it like 2026-05-01T08:00")
    return read if read.tzinfo else read.replace(tzinfo=zone)


def away(tariff: Tariff, words: Sequence[str], entry: datetime, leave: datetime, zone: ZoneInfo) -> GoesOn:
    """Read when a car was away for a while; only where the tariff lets its stay go on."""
    gaps: list[tuple[datetime, datetime]] = []
    since = entry
    for word in words:
        left, _, back = word.partition("/")
        gap = moment(left, zone), moment(back if "T" in back else f"{left.partition('T')[0]}T{back}", zone)
        if not since <= gap[0] <= gap[1] <= leave:
            raise GivenError(f"{word!r} does not lie within the stay, one after the other; write it like {_AWAY}")
        if not tariff.reentry.holds(gap[1] - gap[0]):
            most = tariff.reentry.minutes
            rule = f"goes on after {most} minutes at most" if most else "never goes on (reentry_mode)"
            raise GivenError(f"{word!r}: under this tariff a stay {rule}; price two stays")
        gaps.append(gap)
        since = gap[1]
    return GoesOn(entry, tuple(gaps)) if gaps else ALONE


def _number(written: str) -> int | None:
    """Give a whole number that is not absurd, None if it is none."""
    return int(written) if written.isdecimal() and len(written) <= len(str(_MOST)) else None


def vehicle(tariff: Tariff, words: Sequence[str], plate_kinds: Sequence[str]) -> Vehicle:
    """Read the vehicle: a class, `seats:N`, `spaces:N`; and what its plate is, or what its driver holds."""
    made = Vehicle()
    for word in words:
        made = _vehicle(tariff, made, _plain(word))
    for word in plate_kinds:
        made = _plate(tariff, made, _plain(word))
    return made


def _plain(word: str) -> str:
    plain = word.strip().lower().replace("-", "_").replace(" ", "_")
    for prefix in ("vehicle_type_", "plate_type_", "day_type_"):
        plain = plain.removeprefix(prefix)
    return _ALIASES.get(plain, plain)


def _vehicle(tariff: Tariff, made: Vehicle, word: str) -> Vehicle:
    name, _, number = word.partition(":")
    if name in ("seats", "spaces"):
        count = _number(number)
        if count is None or not 1 <= count <= 500:
            raise GivenError(f"{word!r}: write it like {name}:20")
        return replace(made, spaces=count) if name == "spaces" else replace(made, type=_class(tariff, count))
    for kind in VehicleType:
        if kind is not VehicleType.ALL and _plain(kind.value) == word:
            return replace(made, type=kind)
    known = ", ".join(_plain(kind.value) for kind in VehicleType if kind is not VehicleType.ALL)
    raise GivenError(f"{word!r} is no vehicle; write one of {known}, seats:N, spaces:N")


def _class(tariff: Tariff, seats: int) -> VehicleType:
    """Give the class of a vehicle with so many seats."""
    found = [one for one in tariff.classes if one.seats_from is not None and one.seats_from <= seats]
    return max(found, key=lambda one: one.seats_from or 0).vehicle if found else VehicleType.SMALL


def _plate(tariff: Tariff, made: Vehicle, word: str) -> Vehicle:
    for kind in PlateType:
        if kind is not PlateType.ALL and _plain(kind.value) == word:
            return replace(made, plate=kind)
    holders = {one.holder for one in tariff.concessions} | {rule.holder for rule in tariff.rules}
    if word in holders or word in _KINDS:
        return replace(made, holders=made.holders | {word})
    known = ", ".join(sorted({*_KINDS, *holders, *(_plain(kind.value) for kind in PlateType)} - {""}))
    raise GivenError(f"{word!r} is no kind of plate; write one of {known}")


def vouchers(tariff: Tariff, words: Sequence[object]) -> tuple[Voucher, ...]:
    """Read vouchers: `minutes:60`, `money:500` (fen), `percent:50`, `full`, or a ticket of the tariff."""
    return tuple(_voucher(tariff, word) for word in words)


def _voucher(tariff: Tariff, word: object) -> Voucher:
    if isinstance(word, Mapping):
        kind, value = word.get("kind"), word.get("value", 0)
        if kind is None and len(word) == 1:
            kind, value = next(iter(word.items()))
        word = f"{kind}:{value}"
    text = str(word)
    name, _, number = text.partition(":")
    if tariff.vouchers is not None and tariff.vouchers.ticket(text) is not None:
        return Voucher(VoucherKind.FULL, 0, text)
    count = _number(number)
    for kind in VoucherKind:
        if kind.value == name and kind is VoucherKind.FULL:
            return Voucher(kind)
        if kind.value == name and count is not None and not (kind is VoucherKind.PERCENT and count > 100):
            return Voucher(kind, count)
    tickets = [ticket.name for ticket in tariff.vouchers.tickets] if tariff.vouchers is not None else []
    known = ", ".join(["minutes:60", "money:500 (fen)", "percent:50", "full", *tickets])
    raise GivenError(f"{text!r} is no voucher; write one of {known}")


def day(tariff: Tariff, word: str | None) -> DayKind | None:
    """Read what sort of day it is; a price group or a season of the tariff is a holiday of that name."""
    if word is None:
        return None
    if (plain := _plain(word)) in _DAYS:
        return DayKind(_DAYS[plain])
    names = {*(tariff.days.groups or {}).values(), *(season.name for season in tariff.days.seasons)}
    if word in names:
        return DayKind(DayType.HOLIDAY, (word,))
    raise GivenError(f"{word!r} is no sort of day; write one of {', '.join(sorted({*_DAYS, *names}))}")
