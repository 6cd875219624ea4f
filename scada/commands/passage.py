"""`daozha passage`: all that hangs on one passage, in order of time."""

import argparse
import json
import sys

from scada import say
from scada.commands.upkeep import with_database
from scada.config import Config, load
from scada.model.names import PassageId
from scada.store.db import Database
from scada.store.passagefile import Page, pages


def show(asked: argparse.Namespace) -> int:
    """Show the file of a passage. 1 if nothing hangs on such a one."""
    passage = PassageId(asked.passage)
    found: list[Page] = []

    async def read(config: Config, db: Database) -> int:
        found.extend(await db.read(lambda conn: pages(conn, config.site_id, passage)))
        if not found:
            say.complain(f"{passage}: no lane has recorded such a passage")
        return int(not found)

    if code := with_database(asked, read):
        return code
    if asked.json:
        told = [{"at": page.at.isoformat(), "what": page.what, "told": page.told} for page in found]
        sys.stdout.write(json.dumps({"passage": passage, "pages": told}, ensure_ascii=False) + "\n")
        return 0
    zone = load(asked.config).site.zone_info
    rows = [(f"{page.at.astimezone(zone):%H:%M:%S.%f}"[:-3], page.what, page.told) for page in found]
    say.show_table(passage, ("time", "what", "told"), rows)
    return 0
