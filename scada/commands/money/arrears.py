"""`daozha arrears list/write-off/report`: what plates owe, what is given up, and what came in after all."""

import argparse
import json
import sys
from datetime import timedelta

from billing.arrears import debts
from billing.arrears.debts import Owing, Recovery
from billing.books import Books
from billing.doors.arrears import owing_json
from scada import say
from scada.clock import clock_from
from scada.commands.upkeep import who, with_database
from scada.config import Config
from scada.model.money import Fen, yuan_text
from scada.model.names import StayId
from scada.model.plate import normal_form
from scada.ports import BillingError
from scada.reports.reading import midnight
from scada.store.db import Database

_MOST_ROWS = 1000


def show(asked: argparse.Namespace) -> int:
    """List who owes, the oldest debt first, or what one plate owes."""

    async def work(config: Config, db: Database) -> int:
        site = config.site_id
        if asked.plate:
            plate = normal_form(asked.plate)
            mine = await db.read(lambda conn: debts.of_plate(conn, site, plate))
            found: tuple[Owing, ...] = (Owing(plate, mine),) if mine else ()
        else:
            found = await db.read(lambda conn: debts.all_of(conn, site, _MOST_ROWS))
        if asked.json:
            sys.stdout.write(json.dumps([owing_json(one) for one in found], ensure_ascii=False) + "\n")
            return 0
        zone = config.site.zone_info
        rows = [
            (one.plate, debt.stay, f"{debt.left_at.astimezone(zone):%Y-%m-%d %H:%M}", yuan_text(debt.amount_fen))
            for one in found
            for debt in one.debts
        ]
        say.show_table(say.counted(len(rows), "debt"), ("plate", "stay", "left at", "owes, yuan"), rows)
        return 0

    return with_database(asked, work)


def write_off(asked: argparse.Namespace) -> int:
    """Give up what a stay owes. 1: it owes nothing, or so much that two people must say so in the control room."""

    async def work(config: Config, db: Database) -> int:
        stay, books, at = StayId(asked.stay), Books.of(config), clock_from().now()
        owing = await db.read(lambda conn: debts.amount_of(conn, config.site_id, stay))
        if owing > config.arrears.write_off_fen:
            limit = yuan_text(Fen(config.arrears.write_off_fen))
            say.complain(f"it owes {yuan_text(owing)} yuan; above {limit} two people give it up in the control room")
            return 1
        try:
            amount = await db.write(lambda conn: debts.write_off(conn, books, at, stay, who(), asked.why))
        except BillingError as error:
            say.complain(str(error))
            return 1
        say.tell(f"{yuan_text(amount)} yuan are given up")
        return 0

    return with_database(asked, work)


def report(asked: argparse.Namespace) -> int:
    """Tell how much was left owing in a time, and what came of it. 2: no time is named."""
    if asked.since is None or asked.to is None:
        say.complain("name the time: --from 2026-05-01 --to 2026-05-31")
        return 2

    async def work(config: Config, db: Database) -> int:
        zone = config.site.zone_info
        since, until = midnight(asked.since, zone), midnight(asked.to + timedelta(days=1), zone)
        found = await db.read(lambda conn: debts.recovery(conn, config.site_id, since, until))
        if asked.json:
            sys.stdout.write(json.dumps(_shown(found)) + "\n")
            return 0
        rows = [(name, str(value)) for name, value in _shown(found).items()]
        say.show_table("arrears", ("", ""), rows)
        return 0

    return with_database(asked, work)


def _shown(found: Recovery) -> dict[str, int]:
    return {
        "left_fen": found.left_fen,
        "recovered_fen": found.recovered_fen,
        "written_off_fen": found.written_off_fen,
        "open_fen": found.open_fen,
        "recovered_percent": found.percent,
    }
