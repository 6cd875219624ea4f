"""`daozha uncertain settle`: what a stocktake found of a passage in doubt."""

import argparse

from scada import say
from scada.clock import clock_from
from scada.commands.upkeep import with_database
from scada.config import Config
from scada.store import doubts
from scada.store.db import Database
from scada.store.doubts import DoubtError, Found


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
