"""`daozha tariff compare`: what the stays of some days would have cost under a draft."""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from billing.drafts.past import Span, compare
from billing.tariff import Tariff, TariffError
from billing.versions import holidays
from billing.versions.files import TariffFileError, read_file
from billing.versions.given import GivenError
from scada import say
from scada.clock import clock_from
from scada.commands.tariffs.office import complain
from scada.commands.upkeep import with_database
from scada.config import Config
from scada.model.money import Fen, yuan_text
from scada.store.db import Database

_MOST: Final = 10_000_000


def compare_draft(asked: argparse.Namespace) -> int:
    """Reprice the stays of some days under a draft and tell the difference."""
    try:
        draft = read_file(asked.draft)
    except TariffFileError as error:
        complain(error)
        return 2

    async def work(config: Config, db: Database) -> int:
        zone = config.site.zone_info
        try:
            since, until = _days(asked, clock_from().now().astimezone(zone))
            table = await asyncio.to_thread(holidays.read, holidays.path_in(config.data))
            span = Span(since, until, _MOST)
            found = await db.read(lambda conn: compare(conn, config.site_id, span, draft, zone, table))
        except (TariffError, GivenError, holidays.HolidayError) as error:
            say.complain(str(error))
            return 2
        _tell(asked, found, draft, since, until)
        return 0

    return with_database(asked, work)


def _days(asked: argparse.Namespace, now: datetime) -> tuple[datetime, datetime]:
    """Give the days asked for, both included; by default the month before this one."""
    first = now.date().replace(day=1)
    last_month = (first - timedelta(days=1)).replace(day=1)
    since = asked.since or last_month
    last = asked.to or (first - timedelta(days=1))
    if last < since or last == date.max:
        raise GivenError(f"there are no days from {since} to {last}")
    midnight = time(tzinfo=now.tzinfo)
    return datetime.combine(since, midnight), datetime.combine(last + timedelta(days=1), midnight)


def _tell(asked: argparse.Namespace, found: Mapping[str, Any], draft: Tariff, since: datetime, until: datetime) -> None:
    first, last = f"{since:%Y-%m-%d}", f"{until - timedelta(days=1):%Y-%m-%d}"
    if asked.json:
        sys.stdout.write(json.dumps({**found, "from": first, "to": last}, ensure_ascii=False) + "\n")
        return
    say.tell(f"{say.counted(found['stays'], 'stay')} from {first} to {last}")
    say.tell(f"under their own versions  {_yuan(found['now_fen'])} yuan")
    say.tell(f"under {draft.version}  {_yuan(found['draft_fen'])} yuan")
    difference = _yuan(found["difference_fen"])
    say.tell(f"difference {difference} yuan: {found['dearer']} dearer, {found['cheaper']} cheaper")
    _show_lengths(found["by_length"])
    _show_stays("who pays most more", found["losers"])
    _show_stays("who pays most less", found["winners"])
    for one in found["not_priced"]:
        say.note(f"{say.counted(one['stays'], 'stay')} not priced: {one['why']}")


def _show_lengths(lengths: list[dict[str, Any]]) -> None:
    rows = [
        (
            "longer" if one["up_to_minutes"] is None else f"up to {one['up_to_minutes']} min",
            str(one["stays"]),
            _yuan(one["now_fen"]),
            _yuan(one["draft_fen"]),
            str(one["dearer"]),
            str(one["cheaper"]),
        )
        for one in lengths
    ]
    if rows:
        say.show_table("by length", ("length", "stays", "now, yuan", "draft, yuan", "dearer", "cheaper"), rows)


def _show_stays(title: str, moved: list[dict[str, Any]]) -> None:
    rows = [
        (one["stay"], one["entered_at"], one["exited_at"], _yuan(one["now_fen"]), _yuan(one["draft_fen"]))
        for one in moved
    ]
    if rows:
        say.show_table(title, ("stay", "from", "until", "now, yuan", "draft, yuan"), rows)


def _yuan(fen: int) -> str:
    return yuan_text(Fen(fen))
