"""The tariffs a site names: every mistake with file, line and key; whether one is in force; the holiday table."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy.exc import SQLAlchemyError

from billing.tariff import ANY_CAR, Pricer, Special, Tariff, TariffError, Vehicle, VehicleType
from billing.versions import holidays, signatures
from billing.versions.choice import Versions, clashes, why_not
from billing.versions.days import over, signed_days
from billing.versions.files import TariffFile, TariffFileError, read_folder
from billing.versions.holidays import HolidayError
from billing.versions.signatures import Signature
from scada.check.database import KEY, url_of
from scada.check.mistakes import Mistake, Severity
from scada.check.reading import Reading
from scada.check.rules import is_virtual
from scada.clock import SystemClock
from scada.config import ConfigError, data_folder
from scada.model.names import SiteId
from scada.model.tomllines import key_lines, line_of, path_of
from scada.store.db import StoreError, looking

_DAY = timedelta(days=1)


def tariffs_can_charge(reading: Reading) -> Iterator[Mistake]:
    """Look at every tariff file of the site."""
    written = reading.text("tariff", "folder")
    if written is None:
        return
    folder = reading.file.parent / written
    if not folder.is_dir():
        yield reading.mistake(("tariff", "folder"), f"there is no folder {written!r}", "name the folder of the tariffs")
        return
    found = read_folder(folder)
    for broken in found.broken:
        yield from mistakes_of(broken)
    yield from _in_force(reading, found.files)
    yield from _holidays(reading, found.files)
    for file in found.files:
        yield from _sense(reading, file)


def mistakes_of(broken: TariffFileError) -> Iterator[Mistake]:
    """Give the mistakes of one file with their lines."""
    try:
        lines = key_lines(broken.path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        lines = {}
    for fault in broken.faults:
        yield Mistake(broken.path, line_of(lines, path_of(fault.key)), fault.key, fault.what, fault.remedy)


def _in_force(reading: Reading, files: Sequence[TariffFile]) -> Iterator[Mistake]:
    (signed, unread), usable = _signed(reading), []
    if unread:
        what = f"nobody can say who has signed the tariffs: {unread}"
        yield reading.mistake(KEY, what, "see docs/database.md", Severity.WARNING)
    for file in files:
        if why := why_not(file.tariff, signed, virtual=is_virtual(reading)):
            yield Mistake(
                file.path, None, "version", f"may not charge: {why}", "until then it is not used", Severity.WARNING
            )
        else:
            usable.append(file.tariff)
    versions, now = Versions(tuple(usable), _zone(reading)), SystemClock().now()
    for one, other in clashes(versions):
        what = f"versions {one.version!r} and {other.version!r} are in force from the same moment on"
        yield reading.mistake(("tariff", "folder"), what, "give one of them another effective_from")
    if not any(versions.begins(one) <= now for one in usable):
        what = "no tariff in this folder may charge now"
        yield reading.mistake(("tariff", "folder"), what, "write one (docs/tariffs.md), and let two people sign it")


def _signed(reading: Reading) -> tuple[Mapping[str, Sequence[Signature]], str]:
    """Read the signatures without making a database, and say why they cannot be read; a new site has none."""
    try:
        with looking(url_of(reading)) as conn:
            if conn is None:
                return {}, ""
            return signatures.of_site(conn, SiteId(reading.text("site", "id") or "site")), ""
    except (ConfigError, StoreError, SQLAlchemyError) as error:
        return {}, str(error)


def _holidays(reading: Reading, files: Sequence[TariffFile]) -> Iterator[Mistake]:
    if not any(file.tariff.days.need_table for file in files):
        return
    path = holidays.path_in(_data(reading))
    try:
        table = holidays.read(path)
    except HolidayError as error:
        yield Mistake(path, None, "", str(error), "mend the table")
        return
    table = over(table, _signed_days(reading))
    today = SystemClock().now().astimezone(_zone(reading)).date()
    for year in holidays.missing(table, today):
        severity = Severity.ERROR if year == today.year else Severity.WARNING
        what = f"the holidays of {year} are missing, and a tariff asks for them"
        yield Mistake(path, None, str(year), what, f"run: daozha holidays seed {year}", severity)


def _signed_days(reading: Reading) -> Mapping[int, Mapping[date, Special]]:
    """Give the years that were signed in the control room; none if the database cannot be read, which is told."""
    try:
        with looking(url_of(reading)) as conn:
            at = SystemClock().now()
            return {} if conn is None else signed_days(conn, SiteId(reading.text("site", "id") or "site"), at)
    except (ConfigError, StoreError, SQLAlchemyError):
        return {}


def _sense(reading: Reading, file: TariffFile) -> Iterator[Mistake]:
    """Tell what is allowed and can hardly be meant."""
    day_fen = _day_fen(file.tariff, _zone(reading))
    if day_fen == 0:
        yield Mistake(
            file.path, None, "rule_type", "a whole day costs nothing", "write prices in fen", Severity.WARNING
        )
    elif _day_fen(file.tariff, _zone(reading), Vehicle(VehicleType.LARGE)) == 0:
        what = "a whole day costs a large vehicle (yellow plate) nothing"
        remedy = "write rows for VEHICLE_TYPE_LARGE, if that is not meant"
        yield Mistake(file.path, None, "vehicle_type", what, remedy, Severity.WARNING)
    limit = reading.number("limits", "goodwill_fen")
    if day_fen and limit is not None and limit >= day_fen:
        what = f"one person alone may waive {limit:g} fen, and a whole day costs {day_fen} under {file.path.name}"
        remedy = "write in fen above which amount a second person signs in beside"
        yield reading.mistake(("limits", "goodwill_fen"), what, remedy, Severity.WARNING)
    units = [step.amount for rule in file.tariff.rules for step in rule.steps]
    for number, cap in enumerate(file.tariff.limits):
        if units and max(cap.amounts) < min(unit for unit in units if unit or not any(units)):
            what = f"the cap of {max(cap.amounts)} fen is less than one unit"
            key = f"fee_limit[{number}].{cap.name}"
            lines = key_lines(file.path.read_text(encoding="utf-8-sig"))
            yield Mistake(file.path, line_of(lines, path_of(key)), key, what, "write both in fen: 1 yuan is 100")


def _day_fen(tariff: Tariff, zone: ZoneInfo, vehicle: Vehicle = ANY_CAR) -> int | None:
    noon = SystemClock().now().replace(hour=4, minute=0, second=0, microsecond=0)
    try:
        return Pricer(tariff, zone, vehicle).total(noon, noon + _DAY)
    except TariffError:
        return None


def _zone(reading: Reading) -> ZoneInfo:
    written = reading.text("site", "zone")
    return ZoneInfo(written if written in available_timezones() else "Asia/Shanghai")


def _data(reading: Reading) -> Path:
    return data_folder(
        reading.file.resolve().parent, reading.text("site", "id") or "site", reading.text("site", "data")
    )
