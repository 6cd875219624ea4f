"""`daozha rights add/list/remove/import`: month cards, lists, locked cars and special vehicles.

A running plant asks the database anew for every car, so a change counts from the next one on.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection

from billing.plates import register, sheet
from billing.plates.sheet import Fault, Line, Sheet, Terms
from billing.rights import RightKind
from scada import say
from scada.clock import clock_from
from scada.commands.upkeep import sheet_text, who, with_database
from scada.config import Config
from scada.model.names import ZoneName
from scada.model.plate import normal_form
from scada.store.db import Database


def add(asked: argparse.Namespace) -> int:
    """Add one right. 2 if it cannot be."""

    async def work(config: Config, db: Database) -> int:
        cells = {name: str(getattr(asked, "since" if name == "from" else name) or "") for name in sheet.COLUMNS}
        terms = _terms(config)
        return await _take(config, db, terms, sheet.read_line(cells, terms), "")

    return with_database(asked, work)


def import_file(asked: argparse.Namespace) -> int:
    """Add all rights of a CSV file, or none of them. 2 if there is a mistake in it."""
    file: Path = asked.file
    text = sheet_text(file)
    if text is None:
        return 2

    async def work(config: Config, db: Database) -> int:
        terms = _terms(config)
        return await _take(config, db, terms, sheet.read_file(text, terms), str(file))

    return with_database(asked, work)


def remove(asked: argparse.Namespace) -> int:
    """End a right now. 1 if the plate has none of that kind."""

    async def work(config: Config, db: Database) -> int:
        at, plate, kind = clock_from().now(), normal_form(asked.plate), RightKind(asked.kind.upper())
        zone = ZoneName(asked.zone) if asked.zone else None
        ended = await db.write(lambda conn: register.remove(conn, config.site_id, at, plate, kind, zone, who()))
        if not ended:
            say.complain(f"{plate} is not {asked.kind} {_where(zone)}; daozha rights list shows what it is")
            return 1
        say.tell(f"{plate} is no longer {asked.kind} {_where(zone)}")
        return 0

    return with_database(asked, work)


def show(asked: argparse.Namespace) -> int:
    """List what holds now or will."""

    async def work(config: Config, db: Database) -> int:
        at = clock_from().now()
        found = await db.read(lambda conn: register.entries(conn, config.site_id, at))
        if asked.plate:
            found = tuple(entry for entry in found if entry.plate == normal_form(asked.plate))
        rows = [sheet.cells_of(entry, config.site.zone_info) for entry in found]
        if asked.json:
            sys.stdout.write(json.dumps(rows, ensure_ascii=False) + "\n")
        else:
            say.show_table(f"{len(rows)} rights", sheet.COLUMNS, [list(row.values()) for row in rows])
        return 0

    return with_database(asked, work)


async def _take(config: Config, db: Database, terms: Terms, read: Sheet, file: str) -> int:
    """Write what was read, if there is nothing wrong with any of it."""
    lines, by = read.lines, who()

    def work(conn: Connection) -> list[Fault]:
        clashes = sheet.clashes(lines, register.entries(conn, config.site_id, terms.now))
        if not clashes and lines:
            register.add(conn, config.site_id, terms.now, [line.entry for line in lines], by)
        return clashes

    faults = read.faults or await db.write(work)
    if faults:
        _complain(faults, file)
        return 2
    _confirm(lines, file)
    return 0


def _complain(faults: Sequence[Fault], file: str) -> None:
    for fault in sorted(faults, key=lambda one: one.row):
        place = f"{file}:{fault.row}: {fault.column}" if file else fault.column
        say.complain(f"{place}: {fault.what}; {fault.remedy}")
    if file:
        say.note("nothing was taken from the file; mend it and import it again")


def _confirm(lines: Sequence[Line], file: str) -> None:
    if file:
        say.tell(f"{file}: {len(lines)} rights added")
        return
    for line in lines:
        say.tell(f"{line.entry.plate} is {line.entry.kind.value.lower()} {_where(line.entry.zone)}")


def _terms(config: Config) -> Terms:
    return Terms(config.park, config.site.zone_info, clock_from().now())


def _where(zone: ZoneName | None) -> str:
    return "everywhere" if zone is None else f"in {zone}"
