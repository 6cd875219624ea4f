"""`daozha booking add/change/list/withdraw/import`: visitors, announced in the name of a host.

A running plant asks the database anew for every car and every quote.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from billing.bookings import book, seen, sheet
from billing.bookings.book import Made, rules_of
from billing.bookings.desk import times_of
from billing.bookings.sheet import Line
from billing.bookings.terms import BookLimit, NotBooked, Rules
from billing.books import Books
from billing.plates.sheet import Fault
from billing.vouchers import merchants
from billing.vouchers.shop import Times
from scada import say
from scada.clock import clock_from
from scada.commands.upkeep import sheet_text, who, with_database
from scada.config import Config
from scada.model.names import BookingId
from scada.model.plate import normal_form
from scada.store.db import Database

Work = Callable[[Connection, Books, Times, Rules], Made | NotBooked]

_SHOWN: Final = ("id", "host", "plate", "from", "to", "pays", "came", "state", "host's part, fen", "note")


class _NotTaken(Exception):
    """A file was not taken: what is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} mistakes")
        self.faults = faults


def add(asked: argparse.Namespace) -> int:
    """Announce a visitor. 1: the host may not; 2: it cannot be read."""

    def new(line: Line) -> Work:
        return lambda conn, books, times, rules: _add(conn, books, times, rules, line)

    return _one(asked, new)


def change(asked: argparse.Namespace) -> int:
    """Announce a visitor anew who has not come yet. 1: the host may not, or he has; 2: it cannot be read."""

    def anew(line: Line) -> Work:
        def work(conn: Connection, books: Books, times: Times, rules: Rules) -> Made | NotBooked:
            host = merchants.find(conn, books.site, line.host, lock=True)
            if host is None:
                return _no_host(line)
            return book.change(conn, books, times, rules, host, BookingId(asked.id), line.wanted, who())

        return work

    return _one(asked, anew)


def withdraw(asked: argparse.Namespace) -> int:
    """Take a booking back. 1: there is none, or it is over."""
    return _carry_out(
        asked,
        lambda conn, books, times, rules: book.withdraw(conn, books, times.now, rules, BookingId(asked.id), who()),
        "it lets nobody in any more",
    )


def show(asked: argparse.Namespace) -> int:
    """List bookings, the newest first."""

    async def work(config: Config, db: Database) -> int:
        at, rules = clock_from().now(), rules_of(config.visitors, config.limits)
        host, plate, to_come = asked.host or "", normal_form(asked.plate or ""), asked.to_come
        rows = await db.read(lambda conn: seen.listed(conn, config.site_id, at, rules, host, plate, to_come=to_come))
        if asked.json:
            sys.stdout.write(json.dumps(rows, ensure_ascii=False) + "\n")
            return 0
        lines = [_cells(config, row) for row in rows]
        say.show_table(f"{say.counted(len(rows), 'booking')} ({config.site.zone})", _SHOWN, lines)
        return 0

    return with_database(asked, work)


def import_file(asked: argparse.Namespace) -> int:
    """Announce all visitors of a CSV file, or none of them. 2 if there is a mistake in it."""
    file: Path = asked.file
    text = sheet_text(file)
    if text is None:
        return 2

    async def work(config: Config, db: Database) -> int:
        read = sheet.read_file(text, config.site.zone_info, asked.host or "")
        try:
            if read.faults:
                raise _NotTaken(read.faults)
            await db.write(lambda conn: _add_all(conn, config, read.lines))
        except _NotTaken as error:
            for fault in sorted(error.faults, key=lambda one: one.row):
                say.complain(f"{file}:{fault.row}: {fault.column}: {fault.what}; {fault.remedy}")
            say.note("nothing was taken from the file; mend it and import it again")
            return 2
        say.tell(f"{file}: {say.counted(len(read.lines), 'visitor')} announced")
        return 0

    return with_database(asked, work)


def _add_all(conn: Connection, config: Config, lines: Sequence[Line]) -> None:
    """Announce them one after the other. Raises _NotTaken, which undoes all of it, if one cannot be."""
    books, rules = Books.of(config), rules_of(config.visitors, config.limits)
    times = times_of(clock_from().now(), config.site.zone_info)
    done = [(line, _add(conn, books, times, rules, line)) for line in lines]
    faults = [
        Fault(line.row, _COLUMN.get(made.limit, "host"), made.why, "leave it out, or agree on more")
        for line, made in done
        if isinstance(made, NotBooked)
    ]
    if faults:
        raise _NotTaken(faults)


_COLUMN: Final = {
    BookLimit.AGAIN: "plate",
    BookLimit.PAST: "to",
    BookLimit.LONG: "to",
    BookLimit.FAR: "from",
    BookLimit.MONTH: "pays",
    BookLimit.UNPAID: "pays",
}


def _add(conn: Connection, books: Books, times: Times, rules: Rules, line: Line) -> Made | NotBooked:
    host = merchants.find(conn, books.site, line.host, lock=True)
    if host is None:
        return _no_host(line)
    return book.add(conn, books, times, rules, host, line.wanted, who())


def _no_host(line: Line) -> NotBooked:
    return NotBooked(f"there is no host {line.host}: daozha merchant list", BookLimit.MAY_NOT)


def _one(asked: argparse.Namespace, work: Callable[[Line], Work]) -> int:
    """Read the one visitor of a command, and do what is asked with him."""
    cells = {name: str(getattr(asked, "since" if name == "from" else name) or "") for name in sheet.COLUMNS}

    async def do(config: Config, db: Database) -> int:
        read = sheet.read_line(cells, config.site.zone_info)
        for fault in read.faults:
            say.complain(f"{fault.column}: {fault.what}; {fault.remedy}")
        if not read.lines:
            return 2
        [line] = read.lines
        return await _done(config, db, work(line), f"{line.wanted.plate} is announced by {line.host}")

    return with_database(asked, do)


def _carry_out(asked: argparse.Namespace, work: Work, text: str) -> int:
    async def do(config: Config, db: Database) -> int:
        return await _done(config, db, work, text)

    return with_database(asked, do)


async def _done(config: Config, db: Database, work: Work, text: str) -> int:
    books, rules = Books.of(config), rules_of(config.visitors, config.limits)
    times = times_of(clock_from().now(), config.site.zone_info)
    match await db.write(lambda conn: work(conn, books, times, rules)):
        case NotBooked(why):
            say.complain(why)
            return 1
        case Made(booking):
            say.tell(f"{booking}: {text}")
            return 0


def _cells(config: Config, row: dict[str, object]) -> list[str]:
    zone = config.site.zone_info
    since, until = (seen.local(str(row[name]), zone) for name in ("comes_at", "goes_at"))
    pays = f"{row['pays']}:{row['value']}" if row["value"] else str(row["pays"])
    came = f"{row['came']} of {row['entries'] or sheet.ANY_ENTRIES}"
    whole = (row["id"], row["host"], row["plate"], since, until, pays, came, row["state"], row["part_fen"], row["note"])
    return [str(cell) for cell in whole]
