"""`daozha retention show|run`: what is kept of people, for how long, and taking out now what is due."""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from scada import say
from scada.clock import clock_from
from scada.commands.upkeep import with_database
from scada.config import Config
from scada.secretfile import own_key
from scada.store.db import Database
from scada.store.retention import night, steps
from scada.store.retention.night import Night


def show(asked: argparse.Namespace) -> int:
    """Show the classes, what of each is due, and when the job has last come through."""

    async def look(config: Config, db: Database) -> int:
        now = clock_from().now()
        due = await db.read(lambda conn: night.due(conn, config.site_id, config.retention, now))
        last = await db.read(lambda conn: steps.last(conn, config.site_id))
        if asked.json:
            told = {"kept": _kept(config), "due": due, "last": None if last.day is None else last.day.isoformat()}
            sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
            return 0
        say.show_table(f"{config.site.name_en}: what is kept", ("what", "how long"), list(_kept(config).items()))
        _show_counts("due now", due)
        when = "never" if last.done_at is None else f"{last.done_at.astimezone(config.site.zone_info):%Y-%m-%d %H:%M}"
        say.tell(f"the nightly job has last come through: {when}")
        return 0

    return with_database(asked, look)


def run(asked: argparse.Namespace) -> int:
    """Take out what is due, step by step beside a running plant; with --dry-run only tell what it would be."""

    async def work(config: Config, db: Database) -> int:
        clock = clock_from()
        now = clock.now()
        if asked.dry_run:
            due = await db.read(lambda conn: night.due(conn, config.site_id, config.retention, now))
            _show_counts("would go now", due)
            return 0
        last = await db.read(lambda conn: steps.last(conn, config.site_id))
        if steps.has_leapt(last, now) and not asked.date_is_right:
            local = now.astimezone(config.site.zone_info)
            say.complain(
                f"the last night was more than {steps.LEAP.days} days before now, {local:%Y-%m-%d}; "
                "what goes never comes back: if that is today's date, give --date-is-right"
            )
            return 2
        key = await asyncio.to_thread(own_key, config.plate_key)
        went = await Night(config.site_id, config.retention, key, clock).run(db, _day(config, now))
        _show_counts("went", went)
        return 0

    return with_database(asked, work)


def _day(config: Config, now: datetime) -> date:
    local = now.astimezone(config.site.zone_info)
    return local.date() - timedelta(days=local.hour < config.retention.hour)


def _kept(config: Config) -> dict[str, str]:
    days, pictures = config.retention, config.evidence
    hashed = "then plates become keyed hashes"
    return {
        "pictures, paid and undisputed": f"{pictures.passage_days} d",
        "pictures of rejected reads": f"{pictures.rejected_days} d",
        "pictures, arrears or dispute": f"until settled, then {pictures.case_days} d",
        "events: journal, stays, passages, vouchers, bookings": f"{days.events_days} d, {hashed}",
        "reads of cameras": f"{pictures.reads_days} d",
        "who looked at which picture": f"{days.queries_days} d",
        "who asked for which plate, who signed in": f"{days.events_days} d, {hashed}, addresses go",
        "bindings of phones that have ended, what was pushed": f"{days.phones_days} d",
        "money: ledger, orders, receipts": "as accounting law says; without plates and payers as above",
    }


def _show_counts(title: str, counts: Mapping[str, int]) -> None:
    rows = [(name, str(count)) for name, count in counts.items() if count]
    if rows:
        say.show_table(title, ("of", "rows"), rows)
    else:
        say.tell(f"{title}: nothing")
