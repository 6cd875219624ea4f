"""`daozha uncertain settle`: what a stocktake found of a passage in doubt."""

import argparse

from billing.versions.shelf import read_versions
from billing.visit import found as settling
from billing.visit.found import Settling
from billing.visit.visits import Visits
from lpr.reader.typed import typed_by
from scada import say
from scada.clock import clock_from
from scada.commands.upkeep import with_database
from scada.config import Config
from scada.model.plate import ReadBy
from scada.ports import BillingError
from scada.store.db import Database
from scada.store.doubts import DoubtError, Found


def settle(asked: argparse.Namespace) -> int:
    """Settle one entry. 0: done; 1: there is none, or it is settled already."""

    async def write(config: Config, db: Database) -> int:
        at, found = clock_from().now(), Found(asked.outcome)
        what, typed = Settling(asked.id, found, asked.by), typed_by(ReadBy.OPERATOR)
        try:
            visits = Visits.of(config, await read_versions(config, db, at))
            begun, _ = await db.write(lambda conn: settling.settle(conn, visits, at, what, typed))
        except (DoubtError, BillingError) as error:
            say.complain(str(error))
            return 1
        say.tell(f"entry {asked.id}: {found.value}, says {asked.by}" + (f"; its stay is {begun}" if begun else ""))
        return 0

    return with_database(asked, write)
