"""The durable job: every morning yesterday's bills, and those of every day before that is not done.

All it knows stands in the database: a server that was off for a week does the week when it is back, and one that was
killed goes on where it was.
"""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, Select, func, select
from sqlalchemy.exc import SQLAlchemyError

from billing.books import NOWHERE, Books
from billing.reconcile.intake import days
from billing.reconcile.intake.days import BillDay, Kind
from billing.reconcile.intake.shelf import Shelf
from billing.reconcile.reconciler import Reconciler
from scada.clock import Clock
from scada.model.names import SiteId
from scada.store.db import Database, StoreError
from scada.store.schema import ledger_entry as entries
from scada.store.schema import pay_order as orders

log = structlog.get_logger(__name__)

_TROUBLES: Final = (ValueError, LookupError, OSError, SQLAlchemyError, StoreError)
"""What may be wrong with one bill; the plant and the other days go on."""
LOOK_S: Final = 60.0
"""How often it is looked whether something is due; the first look comes as long after the start."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far back days are still reconciled, and how long WeChat's files are kept, in days."""

    back: int
    kept: int


class BillJob:
    """Does what is due, for ever. What a service provider holds is not its merchants': of those is no fund bill."""

    def __init__(
        self,
        db: Database,
        books: Books,
        reconciler: Reconciler,
        clock: Clock,
        zone: ZoneInfo,
        shelf: Shelf,
        reach: Reach,
    ) -> None:
        self._db = db
        self._books = books
        self._reconciler = reconciler
        self._clock = clock
        self._zone = zone
        self._shelf = shelf
        self._reach = reach
        self._kinds = (Kind.TRADES,) if books.merchant.sub_mchid else tuple(Kind)
        self._asked: set[date] = set()
        self._woken = asyncio.Event()

    def ask(self, day: date) -> None:
        """Have a day's bills fetched and compared anew, now."""
        self._asked.add(day)
        self._woken.set()

    async def run(self) -> None:
        """Look again and again; what fails is tried again, and told when it is late."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), LOOK_S)
            self._woken.clear()
            try:
                await self.look()
            except (StoreError, SQLAlchemyError, OSError) as error:
                log.error("the bills are not looked at", error=str(error))

    async def look(self) -> None:
        """Do all that is due now, the oldest day first, and tell what is late."""
        at = self._clock.now()
        done = 0
        asked, self._asked = self._asked, set()
        for bill in await self._db.write(lambda conn: self._due(conn, at, asked)):
            done += await self._do(bill, anew=bill.day in asked)
        if done:
            await self._look_back(at)
        await self._db.write(lambda conn: self._tell_late(conn, at))

    async def _do(self, bill: BillDay, *, anew: bool) -> bool:
        """Take one bill as far as it comes; says whether it is done."""
        try:
            match bill.kind:
                case Kind.TRADES:
                    return (await self._reconciler.trades(bill.day, anew=anew)).bill.is_done
                case Kind.FUNDS:
                    ready = await self._has_trades(bill.day)
                    return ready and (await self._reconciler.funds(bill.day, anew=anew)).is_done
        except _TROUBLES as error:
            at, why = self._clock.now(), f"{type(error).__name__}: {error}"
            await self._db.write(lambda conn: days.failed(conn, self._books.site, bill, at, why))
            return False

    async def _has_trades(self, day: date) -> bool:
        """Say whether a day's trades are reconciled, on which its movements of money are judged."""
        bill = await self._db.read(lambda conn: days.find(conn, self._books.site, day, Kind.TRADES))
        return bill is not None and bill.is_done

    async def _look_back(self, at: datetime) -> None:
        """Compare days that did not agree once more: what was missing may have come; and throw old files away."""
        today = at.astimezone(self._zone).date()
        first = today - timedelta(days=self._reach.back)
        for bill in await self._db.read(lambda conn: days.recent(conn, self._books.site, first)):
            if bill.kind is Kind.TRADES and bill.is_done and (bill.differences or bill.waiting):
                await self._reconciler.trades(bill.day)
        await asyncio.to_thread(self._shelf.sweep, today - timedelta(days=self._reach.kept))

    def _due(self, conn: Connection, at: datetime, asked: Collection[date]) -> Sequence[BillDay]:
        """Give the bills that are due or asked for; a day's trades come before its movements of money."""
        site = self._books.site
        days.want(conn, site, asked, self._kinds, self._zone)
        days.want(conn, site, wanted_days(conn, site, at, self._zone, self._reach.back), self._kinds, self._zone)
        due = [bill for bill in days.open_ones(conn, site) if bill.next_at <= at and bill.day not in asked]
        due += [bill for day in asked for kind in self._kinds if (bill := days.find(conn, site, day, kind)) is not None]
        return sorted(due, key=lambda bill: (bill.day, bill.kind is Kind.FUNDS))

    def _tell_late(self, conn: Connection, at: datetime) -> None:
        """Have a person look at a day that is not done by evening, once."""
        site = self._books.site
        for bill in days.open_ones(conn, site):
            if bill.told_at is None and at >= days.late_at(bill.day, self._zone):
                days.change(conn, site, bill.day, bill.kind, told_at=at)
                told = {"day": bill.day.isoformat(), "bill": bill.kind.value, "why": bill.why, "tries": bill.tries}
                self._books.tell(conn, at, "alarm", "WeChat's bill is not reconciled", NOWHERE, **told)


def wanted_days(conn: Connection, site: SiteId, at: datetime, zone: ZoneInfo, back: int) -> list[date]:
    """Give the days whose bills are there by now, from the first day on which money was asked for."""
    local = at.astimezone(zone)
    last = local.date() - timedelta(days=1 if local >= days.ready_at(local.date() - timedelta(days=1), zone) else 2)
    firsts = (select(func.min(entries.c.at)).where(entries.c.site == site), _first_order(site))
    began = min(filter(None, (conn.execute(query).scalar() for query in firsts)), default=None)
    if began is None:
        return []
    first = max(began.astimezone(zone).date(), local.date() - timedelta(days=back))
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _first_order(site: SiteId) -> Select[tuple[datetime]]:
    """Ask for the first order: if its payment was never heard of, the ledger does not know of that day."""
    return select(func.min(orders.c.made_at)).where(orders.c.site == site)
