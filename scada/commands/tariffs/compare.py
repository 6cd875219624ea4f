"""`daozha tariff compare`: what the stays of some days would have cost under a draft."""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Text, cast, select

from billing.stays import kept_tariff
from billing.tariff import HolidayTable, Pricer, Tariff, TariffError, Vehicle
from billing.tariff.price import seconds
from billing.versions import holidays
from billing.versions.car import vehicle_of
from billing.versions.files import TariffFileError, read_file
from scada import say
from scada.clock import clock_from
from scada.commands.tariffs.given import GivenError
from scada.commands.tariffs.office import complain
from scada.commands.upkeep import with_database
from scada.config import Config
from scada.model.lane.words import Reason
from scada.model.money import Fen, yuan_text
from scada.model.names import SiteId
from scada.model.plate import Plate, PlateColour, PlateKind
from scada.ports import BillingError
from scada.store.db import Database
from scada.store.schema import stay as stays

_LET_OFF = frozenset({Reason.MONTH.value, Reason.WHITE_LIST.value, Reason.SPECIAL.value})


@dataclass(frozen=True, slots=True)
class Past:
    """A stay that has ended, as far as its price goes."""

    vehicle: Vehicle
    entered_at: datetime
    exited_at: datetime
    terms: str
    """The terms kept with the stay: the name of a version may stand for other terms later."""


@dataclass(slots=True)
class Outcome:
    """What stays cost under their own versions, and would have cost under the draft."""

    stays: int = 0
    dearer: int = 0
    cheaper: int = 0
    now_fen: int = 0
    draft_fen: int = 0

    def as_json(self) -> dict[str, int]:
        """Give the figures."""
        return {
            "stays": self.stays,
            "dearer": self.dearer,
            "cheaper": self.cheaper,
            "now_fen": self.now_fen,
            "draft_fen": self.draft_fen,
            "difference_fen": self.draft_fen - self.now_fen,
        }


class Pricers:
    """A pricer for each version and vehicle, made once."""

    def __init__(self, zone: ZoneInfo, table: HolidayTable) -> None:
        self._zone = zone
        self._table = table
        self._known: dict[tuple[str, Vehicle], Pricer] = {}

    def of(self, tariff: Tariff, vehicle: Vehicle) -> Pricer:
        """Give the pricer for a version and a vehicle."""
        key = (tariff.digest, vehicle)
        if key not in self._known:
            self._known[key] = Pricer(tariff, self._zone, vehicle, self._table)
        return self._known[key]


def compare(past: Iterator[Past], draft: Tariff, pricers: Pricers) -> Outcome:
    """Price every stay twice. Raises TariffError where a holiday table is missing."""
    outcome, own = Outcome(), dict[str, Tariff]()
    for stay in past:
        if stay.terms not in own:
            own[stay.terms] = kept_tariff(json.loads(stay.terms))
        pricer = pricers.of(own[stay.terms], stay.vehicle)
        start, gone = pricer.start(stay.entered_at), seconds(stay.entered_at, stay.exited_at)
        now = pricer.total_of(start, gone)
        then = pricers.of(draft, stay.vehicle).total_of(start, gone)
        outcome.stays += 1
        outcome.now_fen += now
        outcome.draft_fen += then
        outcome.dearer += then > now
        outcome.cheaper += then < now
    return outcome


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
            pricers = Pricers(zone, table)
            found = await db.read(lambda conn: _compare(conn, config.site_id, since, until, draft, pricers))
        except (TariffError, GivenError, BillingError, holidays.HolidayError) as error:
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


def _compare(
    conn: Connection, site: SiteId, since: datetime, until: datetime, draft: Tariff, pricers: Pricers
) -> Outcome:
    mine = (stays.c.site == site) & (stays.c.exited_at >= since) & (stays.c.exited_at < until)
    paying = stays.c.card.is_(None) & stays.c.ending.is_not(None)
    columns = (stays.c.plate, stays.c.plate_kind, stays.c.plate_colour, stays.c.entered_at, stays.c.exited_at)
    terms = cast(stays.c.tariff_terms, Text).label("terms")
    query = select(*columns, stays.c.exit_reason, terms).where(mine, paying)
    past = (
        Past(
            vehicle_of(Plate(row.plate), PlateKind(row.plate_kind), PlateColour(row.plate_colour)),
            row.entered_at,
            row.exited_at,
            row.terms,
        )
        for row in conn.execution_options(yield_per=5000).execute(query)
        if row.exit_reason not in _LET_OFF
    )
    return compare(past, draft, pricers)


def _tell(asked: argparse.Namespace, found: Outcome, draft: Tariff, since: datetime, until: datetime) -> None:
    if asked.json:
        days = {"from": since.date().isoformat(), "to": (until - timedelta(days=1)).date().isoformat()}
        answer = {"draft": draft.version, **days, **found.as_json()}
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
        return
    say.tell(f"{say.counted(found.stays, 'stay')} from {since:%Y-%m-%d} to {until - timedelta(days=1):%Y-%m-%d}")
    say.tell(f"under their own versions  {yuan_text(Fen(found.now_fen))} yuan")
    say.tell(f"under {draft.version}  {yuan_text(Fen(found.draft_fen))} yuan")
    difference = Fen(found.draft_fen - found.now_fen)
    say.tell(f"difference {yuan_text(difference)} yuan: {found.dearer} dearer, {found.cheaper} cheaper")
