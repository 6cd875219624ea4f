"""`daozha report uncertain` and `uncertain settle`: what a stocktake looks for, and what it found."""

import argparse
import json
import sys

from scada import say
from scada.clock import clock_from
from scada.commands.upkeep import with_database
from scada.config import Config, load
from scada.store import doubts
from scada.store.db import Database
from scada.store.doubts import Doubt, DoubtError, Found


def show_open(asked: argparse.Namespace) -> int:
    """List what nobody has settled yet. 0, however many they are; 2: they cannot be read."""
    found: list[Doubt] = []

    async def read(config: Config, db: Database) -> int:
        found.extend(await db.read(lambda conn: doubts.still_open(conn, config.site_id)))
        return 0

    if code := with_database(asked, read):
        return code
    config = load(asked.config)
    if asked.json:
        answer = {"site": config.site.id, "uncertain": [_object(one) for one in found]}
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
        return 0
    zone = config.site.zone_info
    rows = [
        (
            f"{one.id}",
            f"{one.at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            one.passage,
            one.plate or "",
            one.stay or "",
            one.why,
        )
        for one in found
    ]
    say.show_table(f"{len(found)} uncertain", ("id", "noticed", "passage", "plate", "stay", "why"), rows)
    return 0


def _object(one: Doubt) -> dict[str, object]:
    return {
        "id": one.id,
        "at": one.at.isoformat(),
        "lane": one.lane,
        "passage": one.passage,
        "number": one.number,
        "plate": one.plate,
        "stay": one.stay,
        "why": one.why,
    }


def settle(asked: argparse.Namespace) -> int:
    """Settle one entry. 0: done; 1: there is none, or it is settled already."""

    async def write(config: Config, db: Database) -> int:
        at, found = clock_from().now(), Found(asked.outcome)
        try:
            await db.write(lambda conn: doubts.settle(conn, config.site_id, asked.id, found, asked.by, at))
        except DoubtError as error:
            say.complain(str(error))
            return 1
        say.tell(f"entry {asked.id}: {found.value}, says {asked.by}")
        return 0

    return with_database(asked, write)
