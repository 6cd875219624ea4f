"""`daozha binding`: which phones are told of a plate, and ending that when its owner complains.

Who a phone belongs to is shown to nobody; who asks for a plate says what for, and it is written down.
"""

import argparse
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy import Connection

from billing.driver.bindings import Binding, Phones, Proof
from scada import say
from scada.clock import clock_from
from scada.commands.upkeep import with_database
from scada.config import Config
from scada.model.names import SiteId
from scada.model.plate import Plate, is_plausible, normal_form
from scada.model.rights import BINDINGS, REVOKE_BINDING
from scada.ports import JournalEntry
from scada.store.db import Database
from scada.store.journal import write_entries
from scada.store.operators import Operators

_PROOF: Final = {Proof.BOOM: "at the gate", Proof.PAID: "paid three stays"}
_COLUMNS: Final = ("binding", "since", "proof", "ended", "why")


def show(asked: argparse.Namespace) -> int:
    """List the bindings of a plate. 0, however many there are; 2: who asks may not."""

    async def work(config: Config, db: Database, plate: Plate) -> int:
        query = JournalEntry("person", asked.by, "plate query", body={"plate": plate, "purpose": asked.purpose})

        def read(conn: Connection) -> list[Binding]:
            write_entries(conn, config.site_id, clock_from().now(), [query])
            phones = Phones(config.site_id, conn)
            return list(phones.ever_of_plate(plate) if asked.all else phones.of_plate(plate))

        found = await db.write(read)
        if asked.json:
            sys.stdout.write(json.dumps([_object(one) for one in found], ensure_ascii=False) + "\n")
            return 0
        say.show_table(f"{plate}: {say.counted(len(found), 'phone')}", _COLUMNS, [_row(config, one) for one in found])
        return 0

    return _allowed(asked, BINDINGS, work)


def revoke(asked: argparse.Namespace) -> int:
    """End the bindings of a plate, or one of them. 1: there is none; 2: who asks may not."""

    async def work(config: Config, db: Database, plate: Plate) -> int:
        ended = await db.write(lambda conn: _revoked(conn, config.site_id, plate, asked))
        if not ended:
            say.complain(f"{plate}: no such binding holds: daozha binding list --plate {plate}")
            return 1
        say.tell(f"{plate}: {say.counted(ended, 'phone')} told no more; whoever stands at the gate with it may bind it")
        return 0

    return _allowed(asked, REVOKE_BINDING, work)


def _revoked(conn: Connection, site: SiteId, plate: Plate, asked: argparse.Namespace) -> int:
    at = clock_from().now()
    ended = Phones(site, conn).revoke(at, plate, asked.id or "")
    if ended:
        body = {"plate": plate, "bindings": ended, "reason": asked.reason, "note": asked.note or ""}
        write_entries(conn, site, at, [JournalEntry("person", asked.by, "revokes bindings", body=body)])
    return ended


def _allowed(asked: argparse.Namespace, verb: str, work: Callable[[Config, Database, Plate], Awaitable[int]]) -> int:
    """Do it in the name of somebody who may, for what can be a plate."""
    plate = Plate(normal_form(asked.plate))

    async def check(config: Config, db: Database) -> int:
        if not await Operators(db, config.site_id, clock_from()).may_now(asked.by, verb):
            say.complain(
                f"{asked.by}: an operator, manager or administrator does this, whose first password is changed"
            )
            return 2
        return await work(config, db, plate)

    if not is_plausible(plate):
        say.complain(f"{asked.plate}: not a plate")
        return 2
    return with_database(asked, check)


def _object(one: Binding) -> dict[str, object]:
    ended = None if one.ended_at is None else one.ended_at.isoformat()
    since = one.made_at.isoformat()
    return {"binding": one.id, "since": since, "proof": one.proof.value, "ended": ended, "why": one.ended_why}


def _row(config: Config, one: Binding) -> tuple[str, ...]:
    zone = config.site.zone_info
    ended = "" if one.ended_at is None else f"{one.ended_at.astimezone(zone):%Y-%m-%d %H:%M}"
    return one.id, f"{one.made_at.astimezone(zone):%Y-%m-%d %H:%M}", _PROOF[one.proof], ended, one.ended_why
