"""`daozha ledger`: the double-entry books: looked through, summed up, told account by account and stay by stay."""

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from billing.accounts.audit import mistakes
from billing.accounts.balances import trial
from billing.accounts.chart import Account
from billing.accounts.statement import Line, Statement, between, statement
from billing.accounts.story import stays_of, story
from scada import say
from scada.clock import clock_from
from scada.commands.upkeep import with_database
from scada.config import Config
from scada.model.money import Fen, yuan_text
from scada.model.names import StayId
from scada.model.plate import Plate, is_plausible, normal_form
from scada.ports import JournalEntry
from scada.reports.reading import midnight
from scada.store.db import Database
from scada.store.journal import SqlJournal

_COLUMNS: Final = ("at", "entry", "kind", "ref", "account", "subject", "debit", "credit", "stay", "order", "by", "note")


def check(asked: argparse.Namespace) -> int:
    """Look the books through. 1 if something in them is not as it must be."""

    async def look(config: Config, db: Database) -> int:
        found = await db.read(lambda conn: mistakes(conn, config.site_id))
        if asked.json:
            sys.stdout.write(json.dumps({"site": config.site.id, "mistakes": found}, ensure_ascii=False) + "\n")
        else:
            for one in found:
                say.complain(one)
            say.tell("the books agree" if not found else f"{say.counted(len(found), 'mistake')} in the books")
        return int(bool(found))

    return with_database(asked, look)


def balances(asked: argparse.Namespace) -> int:
    """Show what each account holds, now or at the end of a day."""

    async def sum_up(config: Config, db: Database) -> int:
        until = None if asked.at is None else _end_of(asked.at, config)
        found = await db.read(lambda conn: trial(conn, config.site_id, until))
        rows = [(account, found[account]) for account in Account if account in found]
        if asked.json:
            held = {account.value: amount for account, amount in rows}
            sys.stdout.write(json.dumps({"site": config.site.id, "balances_fen": held}, ensure_ascii=False) + "\n")
            return 0
        title = f"{config.site.name_en}: trial balance{f', end of {asked.at}' if asked.at else ''}"
        lines: list[Sequence[str]] = [(account.value, *_sides(amount)) for account, amount in rows]
        totals = [sum(max(0, sign * amount) for _, amount in rows) for sign in (1, -1)]
        lines.append(("sum", *(yuan_text(Fen(total)) for total in totals)))
        say.show_table(title, ("account", "debit, yuan", "credit, yuan"), lines)
        return 0

    return with_database(asked, sum_up)


def account(asked: argparse.Namespace) -> int:
    """Show the last postings of an account. 2 if there is no account of that name."""
    chosen = next((one for one in Account if asked.name in (one.value, one.name)), None)
    if chosen is None:
        say.complain(f"no account {asked.name}; there are {', '.join(one.value for one in Account)}")
        return 2

    async def tell(config: Config, db: Database) -> int:
        found = await db.read(lambda conn: statement(conn, config.site_id, chosen, asked.subject))
        if asked.json:
            told = {"account": chosen.value, "subject": asked.subject, "before_fen": found.before_fen}
            _write_json({**told, "lines": [_plain(asdict(line)) for line in found.lines]})
        else:
            _show_statement(config, found)
        return 0

    return with_database(asked, tell)


def stay(asked: argparse.Namespace) -> int:
    """Tell all that happened to the money of a stay, or of the stays of a plate. 1 if there is none; 2 without purpose.

    Who asks by plate says what for, and it is written down.
    """
    plate = normal_form(asked.stay)
    by_plate = is_plausible(plate)
    if by_plate and not (asked.purpose and asked.by):
        say.complain("a plate is asked for with --purpose and --by: it is written down")
        return 2

    async def tell(config: Config, db: Database) -> int:
        names = [StayId(asked.stay)]
        if by_plate:
            entry = JournalEntry("person", asked.by, "plate query", body={"plate": plate, "purpose": asked.purpose})
            await SqlJournal(db, config.site_id, clock_from()).append([entry])
            names = list(await db.read(lambda conn: stays_of(conn, config.site_id, Plate(plate))))

        def read(conn: Connection) -> list[dict[str, object]]:
            return [told for name in names if (told := story(conn, config.site_id, name)) is not None]

        found = await db.read(read)
        if not found:
            say.complain(f"{asked.stay}: no such stay")
            return 1
        if asked.json:
            _write_json({"stays": _plain(found)})
            return 0
        for one in found:
            _show_story(config, one)
        return 0

    return with_database(asked, tell)


def export(asked: argparse.Namespace) -> int:
    """Write a month's entries as an accountant takes them."""

    async def write(config: Config, db: Database) -> int:
        first = asked.month
        last = (first + timedelta(days=31)).replace(day=1)
        zone = config.site.zone_info

        def work(conn: Connection) -> None:
            lines = between(conn, config.site_id, midnight(first, zone), midnight(last, zone))
            rows = (_row(line, config) for line in lines)
            if asked.output is not None and asked.output.suffix == ".xlsx":
                _write_xlsx(asked.output, f"{first:%Y-%m}", rows)
            else:
                _write_csv(asked.output, rows)

        await db.read(work)
        return 0

    return with_database(asked, write)


def _end_of(day: date, config: Config) -> datetime:
    return midnight(day + timedelta(days=1), config.site.zone_info)


def _sides(amount: Fen) -> tuple[str, str]:
    text = yuan_text(Fen(abs(amount)))
    return (text, "") if amount >= 0 else ("", text)


def _show_statement(config: Config, found: Statement) -> None:
    zone = config.site.zone_info
    rows = [
        (
            f"{line.at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            line.ref,
            line.subject,
            *_sides(line.amount_fen),
            yuan_text(line.balance_fen or Fen(0)),
            line.by,
        )
        for line in found.lines
    ]
    columns = ("time", "entry", "subject", "debit, yuan", "credit, yuan", "balance, yuan", "by")
    subject = f", {found.subject}" if found.subject is not None else ""
    say.show_table(f"{found.account.value}{subject}: before, {yuan_text(found.before_fen)} yuan", columns, rows)


def _show_story(config: Config, told: dict[str, object]) -> None:
    zone = config.site.zone_info

    def text(value: object) -> str:
        if isinstance(value, datetime):
            return f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S}"
        return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)

    for part, rows in told.items():
        for row in (rows,) if isinstance(rows, dict) else rows if isinstance(rows, Sequence) else ():
            said = [f"{name} {text(value)}" for name, value in row.items() if value not in (None, "", 0, [])]
            say.tell(f"{part}: {'; '.join(said)}")


def _row(line: Line, config: Config) -> tuple[str, ...]:
    debit, credit = (yuan_text(amount) if amount else "" for amount in (line.debit_fen, line.credit_fen))
    at = line.at.astimezone(config.site.zone_info).isoformat(sep=" ", timespec="seconds")
    names = (line.entry, line.kind, line.ref, line.account, line.subject)
    return (at, *names, debit, credit, line.stay or "", line.order or "", line.by, line.note)


def _write_csv(path: Path | None, rows: Iterable[Sequence[str]]) -> None:
    place = nullcontext(sys.stdout) if path is None else path.open("w", encoding="utf-8-sig", newline="")
    with place as file:
        out = csv.writer(file)
        out.writerow(_COLUMNS)
        out.writerows(rows)


def _write_xlsx(path: Path, title: str, rows: Iterable[Sequence[str]]) -> None:
    from openpyxl import Workbook  # it takes 0.2 s to load, and only this needs it

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.append(_COLUMNS)
    for row in rows:
        amounts = [float(cell) if cell and place in (6, 7) else cell for place, cell in enumerate(row)]
        sheet.append(amounts)
    book.save(path)


def _plain(value: object) -> object:
    """Write times and amounts as JSON has them."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _write_json(content: object) -> None:
    sys.stdout.write(json.dumps(_plain(content), ensure_ascii=False) + "\n")
