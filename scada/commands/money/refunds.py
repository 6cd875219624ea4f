"""`daozha refunds list/show`: what goes back to those who paid, and how far it has come."""

import argparse
import json
import sys
from dataclasses import asdict
from datetime import datetime
from typing import Final

from billing.refunds import book
from billing.refunds.words import Refunding
from scada import say
from scada.commands.upkeep import with_database
from scada.config import Config
from scada.model.money import yuan_text
from scada.store.db import Database

MOST: Final = 500


def show_list(asked: argparse.Namespace) -> int:
    """List the refunds that have not ended, or the last ones. 0, however many there are."""

    async def work(config: Config, db: Database) -> int:
        site = config.site_id
        found = await db.read(lambda conn: book.listed(conn, site, MOST, open_only=not asked.all))
        if asked.json:
            sys.stdout.write(json.dumps([_object(one) for one in found], ensure_ascii=False) + "\n")
            return 0
        zone = config.site.zone_info
        rows = [
            (
                one.number,
                f"{one.made_at.astimezone(zone):%Y-%m-%d %H:%M}",
                yuan_text(one.amount_fen),
                one.reason.value,
                one.by,
                one.state.value,
                one.said,
            )
            for one in found
        ]
        title = say.counted(len(found), "refund" if asked.all else "open refund")
        say.show_table(title, ("refund", "wanted", "yuan", "reason", "by", "state", "WeChat's word"), rows)
        return 0

    return with_database(asked, work)


def show(asked: argparse.Namespace) -> int:
    """Show one refund. 1: there is none."""

    async def work(config: Config, db: Database) -> int:
        found = await db.read(lambda conn: book.find(conn, config.site_id, asked.refund))
        if found is None:
            say.complain(f"no refund of ours has the number {asked.refund}")
            return 1
        if asked.json:
            sys.stdout.write(json.dumps(_object(found), ensure_ascii=False) + "\n")
            return 0
        rows = [(name, str(value)) for name, value in _object(found).items() if value not in (None, "")]
        say.show_table(found.number, ("", ""), rows)
        return 0

    return with_database(asked, work)


def _object(one: Refunding) -> dict[str, object]:
    shown = asdict(one) | {"reason": one.reason.value, "state": one.state.value}
    times = {name: value.isoformat() for name, value in shown.items() if isinstance(value, datetime)}
    return shown | times
