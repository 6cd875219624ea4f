"""`daozha quote`: price one stay and explain it, or a whole list of stays whose prices are known."""

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from billing.tariff import Bill, Credits, HolidayTable, Quote, Tariff, TariffError, in_words, quote
from billing.versions import given, holidays
from billing.versions.choice import Versions
from billing.versions.files import TariffFileError, read_file, read_folder
from billing.versions.given import GivenError
from billing.versions.holidays import HolidayError
from scada import say
from scada.commands.tariffs.office import complain
from scada.commands.tariffs.vectors import compare_all, read_rows
from scada.config import Config, ConfigError, load
from scada.model.money import Fen, yuan_text
from scada.model.names import ZoneName
from scada.ports import BillingError

SHANGHAI = ZoneInfo("Asia/Shanghai")


def price_stays(asked: argparse.Namespace) -> int:
    """Price a stay or a list. 1 if a listed price differs, 2 if something cannot be priced."""
    try:
        if asked.vectors is not None:
            return _price_list(asked)
        if asked.entry is None or asked.exit is None:
            say.complain("name --entry and --exit, or a list with --vectors FILE")
            return 2
        return _price_one(asked)
    except TariffFileError as error:
        complain(error)
    except TariffError as error:
        for fault in error.faults:
            say.complain(str(fault))
    except (ConfigError, BillingError, HolidayError, GivenError, OSError) as error:
        say.complain(str(error))
    return 2


def _price_list(asked: argparse.Namespace) -> int:
    rows = read_rows(asked.vectors)
    folder: Path | None = asked.tariffs
    if folder is None and asked.tariff is None:
        raise GivenError("name the tariffs of the list: --tariffs DIR, or --tariff FILE for all rows")
    tariffs = _named(folder) if folder is not None else {}
    only = read_file(asked.tariff) if asked.tariff is not None else None
    return compare_all(rows, tariffs, only, _table(asked), SHANGHAI, as_json=asked.json)


def _named(folder: Path) -> dict[str, Tariff]:
    """Give the newest version of each tariff in a folder."""
    if not folder.is_dir():
        raise GivenError(f"{folder}: there is no such folder")
    found = read_folder(folder)
    for broken in found.broken:
        raise broken
    return {file.tariff.name: file.tariff for file in sorted(found.files, key=lambda one: one.tariff.effective_from)}


def _price_one(asked: argparse.Namespace) -> int:
    config = None if asked.tariff is not None else load(asked.config)
    zone = SHANGHAI if config is None else config.site.zone_info
    entry, leave = given.moment(asked.entry, zone), given.moment(asked.exit, zone)
    if leave < entry:
        raise GivenError(f"the exit {asked.exit} is before the entry {asked.entry}")
    if asked.paid < 0:
        raise GivenError(f"--paid {asked.paid}: nobody pays less than nothing; write fen, 0 or more")
    tariff = read_file(asked.tariff) if config is None else _of_site(config, entry, asked.zone)
    made = quote(
        tariff,
        entry,
        leave,
        zone,
        given.vehicle(tariff, asked.vehicle, asked.plate_kind),
        Credits(Fen(asked.paid), None, given.vouchers(tariff, asked.voucher)),
        _table(asked) if config is None else holidays.read(holidays.path_in(config.data)),
        given.day(tariff, asked.day_type),
        given.away(tariff, asked.away, entry, leave, zone),
    )
    if asked.json:
        said = {"zh": in_words(Bill.of(made), zone), "en": in_words(Bill.of(made), zone, english=True)}
        answer = {"tariff": tariff.name, "version": tariff.version, **made.to_json(zone), "said": said}
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    else:
        _show(tariff, made, zone)
    return 0


def _of_site(config: Config, entry: datetime, zone: str | None) -> Tariff:
    """Give the site's version for an entry, signed or not: this only reckons."""
    found = read_folder(config.beside(config.tariff.folder))
    for broken in found.broken:
        raise broken
    named = ZoneName(zone) if zone is not None else config.zone_of(config.lanes[0].id)
    return Versions(tuple(file.tariff for file in found.files), config.site.zone_info).at(entry, named)


def _table(asked: argparse.Namespace) -> HolidayTable:
    """Give the table of a file, or all that the package knows."""
    if asked.holidays is not None:
        if not asked.holidays.exists():
            raise GivenError(f"{asked.holidays}: there is no such file")
        return holidays.read(asked.holidays)
    return HolidayTable.of(holidays.known())


def _show(tariff: Tariff, made: Quote, zone: ZoneInfo) -> None:
    rows = [
        (
            f"{line.start:%Y-%m-%d %H:%M:%S}",
            f"{line.end:%Y-%m-%d %H:%M:%S}",
            line.text,
            line.text_en,
            yuan_text(line.amount_fen),
        )
        for line in made.lines
    ]
    for credit in made.credit_lines:
        said = credit.to_json()
        rows.append(("", "", str(said["text"]), str(said["text_en"]), yuan_text(Fen(-credit.amount_fen))))
    title = f"{tariff.title} · {tariff.title_en} · {tariff.version} · {made.minutes} min"
    say.show_table(title, ("from 从", "until 到", "说明", "what", "yuan 元"), rows)
    say.tell(f"total 合计 {yuan_text(made.total_fen)} yuan")
    if made.credit_lines:
        say.tell(f"to pay 应付 {yuan_text(made.payable_fen)} yuan")
    if made.next_change_at is None or made.next_total_fen is None:
        say.tell("it stays so 不再变化")
    else:
        at = made.next_change_at.astimezone(zone)
        say.tell(f"from 自 {at:%Y-%m-%d %H:%M:%S}: {yuan_text(made.next_total_fen)} yuan")
