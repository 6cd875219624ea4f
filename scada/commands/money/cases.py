"""`daozha cases list/show/take/comment/close`: what a person must decide about money."""

import argparse
import json
import sys
from collections.abc import Callable

from sqlalchemy import Connection

from billing import cases
from billing.books import Books
from billing.cases import CaseError, MoneyCase
from scada import say
from scada.clock import clock_from
from scada.commands.upkeep import with_database
from scada.config import Config
from scada.store.db import Database


def show_list(asked: argparse.Namespace) -> int:
    """List the cases. 0, however many there are."""

    async def work(config: Config, db: Database) -> int:
        found = await db.read(lambda conn: cases.list_cases(conn, config.site_id, is_open=not asked.closed))
        if asked.json:
            sys.stdout.write(json.dumps([cases.as_json(one) for one in found], ensure_ascii=False) + "\n")
            return 0
        zone = config.site.zone_info
        rows = [(one.id, f"{one.opened_at.astimezone(zone):%Y-%m-%d %H:%M}", one.owner, one.what) for one in found]
        title = say.counted(len(found), "closed case" if asked.closed else "open case")
        say.show_table(title, ("case", "opened", "owner", "what"), rows)
        return 0

    return with_database(asked, work)


def show(asked: argparse.Namespace) -> int:
    """Show a case. 1: there is none."""

    async def work(config: Config, db: Database) -> int:
        def read(conn: Connection) -> tuple[MoneyCase, list[cases.CaseNote]]:
            found = cases.find_case(conn, config.site_id, asked.case)
            return found, cases.notes_of(conn, config.site_id, found.ref)

        try:
            case, notes = await db.read(read)
        except CaseError as error:
            say.complain(str(error))
            return 1
        if asked.json:
            said = [{"at": one.at.isoformat(), "by": one.by, "note": one.note} for one in notes]
            sys.stdout.write(json.dumps(cases.as_json(case) | {"notes": said}, ensure_ascii=False) + "\n")
            return 0
        zone = config.site.zone_info
        rows = [(name, str(value)) for name, value in cases.as_json(case).items() if name != "body" and value]
        rows += [(name, str(value)) for name, value in case.body.items() if value not in (None, "")]
        rows += [(f"{one.at.astimezone(zone):%m-%d %H:%M} {one.by}", one.note) for one in notes]
        say.show_table(case.what, ("", ""), rows)
        return 0

    return with_database(asked, work)


def take(asked: argparse.Namespace) -> int:
    """Own a case. 1: it is not open."""
    return _change(asked, lambda conn, books, ref: cases.take_case(conn, books, clock_from().now(), ref, asked.by))


def comment(asked: argparse.Namespace) -> int:
    """Say something about a case. 1: there is none."""
    return _change(
        asked, lambda conn, books, ref: cases.comment_case(conn, books, clock_from().now(), ref, asked.by, asked.note)
    )


def close(asked: argparse.Namespace) -> int:
    """Close a case with what was decided. 1: it is not open."""

    def work(conn: Connection, books: Books, ref: str) -> None:
        if not cases.close_case(conn, books, clock_from().now(), ref, asked.by, asked.outcome):
            raise CaseError(f"case {ref} is closed already")

    return _change(asked, work)


def _change(asked: argparse.Namespace, change: Callable[[Connection, Books, str], None]) -> int:
    async def work(config: Config, db: Database) -> int:
        books = Books.of(config)

        def write(conn: Connection) -> str:
            ref = cases.find_case(conn, books.site, asked.case).ref
            change(conn, books, ref)
            return ref

        try:
            say.tell(f"{await db.write(write)}: done")
        except CaseError as error:
            say.complain(str(error))
            return 1
        return 0

    return with_database(asked, work)
