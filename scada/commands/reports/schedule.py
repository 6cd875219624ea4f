"""`daozha report schedule`: what is sent by itself and how that went; and sending it now."""

import argparse
import asyncio
import json
import sys
from datetime import date

from sqlalchemy import Connection

from scada import say
from scada.clock import clock_from
from scada.commands.upkeep import with_database
from scada.config import Config
from scada.engine.reporting.calendar import Period, before, newest
from scada.engine.reporting.runs import Runs
from scada.engine.reporting.schedule import Postman, how_it_goes, targets
from scada.settings.reports import ReportSchedule
from scada.store import reportbook
from scada.store.db import Database
from scada.store.reportbook import Run


def show(asked: argparse.Namespace) -> int:
    """Show the schedules, when each is due next, and how its last run went."""

    async def work(config: Config, db: Database) -> int:
        runs = await db.read(lambda conn: reportbook.all_runs(conn, config.site_id))
        rows = await asyncio.to_thread(how_it_goes, config, runs, clock_from().now())
        if asked.json:
            sys.stdout.write(json.dumps(rows, ensure_ascii=False) + "\n")
            return 0
        heads = ("name", "every", "reports", "to", "next", "last period", "state", "why")
        say.show_table(f"{len(rows)} schedules", heads, [[str(row[head]) for head in heads] for row in rows])
        return 0

    return with_database(asked, work)


def run(asked: argparse.Namespace) -> int:
    """Make and send the reports of a schedule's last period, or of the one before a day. 1: they did not reach all."""

    async def work(config: Config, db: Database) -> int:
        schedule = next((one for one in config.report_schedule if one.name == asked.name), None)
        if schedule is None:
            known = ", ".join(one.name for one in config.report_schedule) or "none"
            say.complain(f"there is no schedule {asked.name!r} in config.toml; there is: {known}")
            return 2
        return await _send(config, db, schedule, asked.day)

    return with_database(asked, work)


async def _send(config: Config, db: Database, schedule: ReportSchedule, day: date | None) -> int:
    clock, site = clock_from(), config.site_id
    now, zone = clock.now(), await asyncio.to_thread(lambda: config.site.zone_info)
    period: Period = newest(schedule, now, zone) if day is None else before(day, schedule.every)

    def plan(conn: Connection) -> Run:
        if not reportbook.plan(conn, site, schedule.name, period.first, period.last, now):
            reportbook.again(conn, site, schedule.name, period.first, now)
        runs = reportbook.all_runs(conn, site)
        return next(one for one in runs if (one.schedule, one.first) == (schedule.name, period.first))

    planned = await db.write(plan)
    why = await Postman(config, db, clock, Runs(config).make).try_run(schedule, planned)
    if why:
        say.complain(f"{schedule.name}, {period.first} to {period.last}: {why}")
        return 1
    say.tell(f"{schedule.name}, {period.first} to {period.last}: sent to {', '.join(targets(schedule))}")
    return 0
