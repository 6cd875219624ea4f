"""A list of stays with known prices: each is priced, and what differs is told."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from billing.tariff import Credits, HolidayTable, Quote, Tariff, TariffError, quote
from billing.versions import given
from billing.versions.given import GivenError
from scada import say

ANY_ENTRY = datetime(2026, 3, 3, 10, 0)  # noqa: DTZ001 - a plain workday, in whatever zone
"""When a row says nothing of its entry, the hour does not matter."""
_CHECKED = ("fen", "total_fen", "payable_fen", "chargeable_minutes", "next_total_fen")
_MOST_MINUTES = 100 * 366 * 1440
Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that a row says and the engine does not."""

    row: int
    tariff: str
    key: str
    listed: object
    found: object


def read_rows(path: Path) -> list[Row]:
    """Read a list: a JSON array of objects. Raises GivenError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise GivenError(f"{path}: is not JSON: {error}") from error
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise GivenError(f"{path}: is no list of rows; write [{{…}}, {{…}}]")
    return content


def compare_all(
    rows: Sequence[Row],
    tariffs: Mapping[str, Tariff],
    only: Tariff | None,
    table: HolidayTable,
    zone: ZoneInfo,
    *,
    as_json: bool,
) -> int:
    """Price every row, tell what differs. 1 if anything does."""
    found = [one for number, row in enumerate(rows) for one in compare(number, row, tariffs, only, table, zone)]
    if as_json:
        told = [{"row": one.row, "tariff": one.tariff, one.key: one.listed, "found": one.found} for one in found]
        answer = {"rows": len(rows), "differ": told}
        sys.stdout.write(json.dumps(answer, ensure_ascii=False, default=str) + "\n")
    else:
        for one in found:
            say.tell(f"row {one.row} ({one.tariff}): {one.key} is listed as {one.listed}, found {one.found}")
        say.tell(f"{len(rows)} rows, {say.counted(len(found), 'difference')}")
    return 1 if found else 0


def compare(
    number: int, row: Row, tariffs: Mapping[str, Tariff], only: Tariff | None, table: HolidayTable, zone: ZoneInfo
) -> list[Difference]:
    """Price one row and say in what it differs. Raises GivenError if it cannot be priced at all."""
    name = str(row.get("tariff", ""))
    tariff = only or tariffs.get(name)
    if tariff is None:
        known = ", ".join(sorted(tariffs))
        raise GivenError(f"row {number}: there is no tariff {name!r}; known: {known}")
    try:
        made = _priced(row, tariff, table, zone)
        listed = row.get("next_change_at")
        change = given.moment(listed, zone) if isinstance(listed, str) else None
    except (TariffError, GivenError, TypeError, ValueError) as error:
        raise GivenError(f"row {number} ({name}): {error}") from error
    answer = {**made.to_json(zone), "fen": made.payable_fen}
    differences = [
        Difference(number, name, key, row[key], answer[key])
        for key in _CHECKED
        if row.get(key) is not None and row[key] != answer[key]
    ]
    if change is not None and change != made.next_change_at:
        differences.append(Difference(number, name, "next_change_at", listed, answer["next_change_at"]))
    return differences


def _priced(row: Row, tariff: Tariff, table: HolidayTable, zone: ZoneInfo) -> Quote:
    conditions = _given(row)
    written, left = row.get("entry"), row.get("exit")
    entry = ANY_ENTRY.replace(tzinfo=zone) if written is None else given.moment(str(written), zone)
    if left is None:
        minutes = row.get("minutes")
        if not isinstance(minutes, int) or isinstance(minutes, bool):
            raise GivenError("it has neither an exit nor minutes")
        if minutes > _MOST_MINUTES:
            raise GivenError(f"{minutes} minutes are more than a hundred years")
        leave = entry + timedelta(minutes=minutes)
    else:
        leave = given.moment(str(left), zone)
    if leave < entry:
        raise GivenError("it ends before it begins")
    words = {name: _list(conditions.get(name)) for name in ("vehicle", "plate_kind", "voucher")}
    day = conditions.get("day_type")
    return quote(
        tariff,
        entry,
        leave,
        zone,
        given.vehicle(tariff, [str(one) for one in words["vehicle"]], [str(one) for one in words["plate_kind"]]),
        Credits(vouchers=given.vouchers(tariff, words["voucher"])),
        table,
        None if day is None else given.day(tariff, str(day)),
    )


def _given(row: Row) -> dict[str, object]:
    """Give a row's conditions, whichever way their names are written; a text alone is the plate's kind."""
    written = row.get("given") or {}
    if isinstance(written, str):
        return {"plate_kind": written}
    if not isinstance(written, Mapping):
        raise GivenError(f"given: {written!r} is no table")
    known = {str(name).replace(" ", "_").replace("-", "_"): value for name, value in written.items()}
    for name in known:
        if name not in ("vehicle", "plate_kind", "voucher", "day_type"):
            raise GivenError(f"given: {name!r} is none of vehicle, plate_kind, voucher, day_type")
    return known


def _list(value: object) -> list[object]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
