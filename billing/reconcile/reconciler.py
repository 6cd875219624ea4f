"""One day of WeChat's against our books: its bills fetched, their rows and fees written, compared, healed, judged.

Each step is a state of the day's row in the database and may be done again: killed anywhere, the next run goes on from
the last step that was written. The plant's job and a person's command take the same way.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from billing.books import Books
from billing.orders.applying import Applied
from billing.pay.bill import FundRow, fund_rows
from billing.pay.billfile import BillError, BillFile
from billing.reconcile import verdict
from billing.reconcile.compare import ours, rows
from billing.reconcile.compare.funds import sort_funds
from billing.reconcile.compare.match import BORDER, Matched, Trade, decided, match
from billing.reconcile.heal import Healer
from billing.reconcile.intake import days
from billing.reconcile.intake.days import BillDay, Kind, State
from billing.reconcile.intake.fetch import Fetcher, numbered
from billing.reconcile.intake.line import Line
from billing.reconcile.intake.shelf import Shelf
from scada.clock import Clock
from scada.store.db import Database

AT_ONCE: Final = 200
"""Rows in one transaction: whoever else writes waits no longer than for these."""
ONE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a day's trades. `matched` is None if their bill could not be had, and `bill.why` says why."""

    bill: BillDay
    matched: Matched | None = None


class Reconciler:
    """The bills of one site. `line` is None where WeChat is not to be asked: then a bill's file must be given.

    `applied` hears of every payment that was found in a bill, after commit; `progress` of the rows that are written.
    """

    def __init__(
        self,
        db: Database,
        books: Books,
        line: Line | None,
        clock: Clock,
        zone: ZoneInfo,
        shelf: Shelf,
        owner: str = "",
        applied: Callable[[Applied], None] = lambda _applied: None,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> None:
        self._db = db
        self._books = books
        self._clock = clock
        self._zone = zone
        self._owner = owner
        self._progress = progress
        self._fetcher = Fetcher(db, books, line, clock, zone, shelf)
        self._healer = Healer(db, books, line, clock, applied)

    async def trades(self, day: date, file: BillFile | None = None, *, anew: bool = False) -> Outcome:
        """Reconcile a day's trades; `file` is its bill as somebody has brought it. Raises BillError if that is none.

        With `anew` a bill that is here already is fetched again: WeChat may have mended it.
        """
        bill = await self._fetcher.bring(day, Kind.TRADES, file, anew=anew)
        if not bill.is_here:
            return Outcome(bill)
        if bill.state is State.FETCHED:
            await self._write_rows(bill)
        matched = await self._judge(day)
        for neighbour in (day - ONE, day + ONE):
            if await self._waits(neighbour):
                await self._judge(neighbour)
        return Outcome(await self._fetcher.bring(day, Kind.TRADES), matched)

    async def funds(self, day: date, file: BillFile | None = None, *, anew: bool = False) -> BillDay:
        """Reconcile a day's movements of money with its trades, which come first. Raises BillError for a wrong file."""
        trades = await self._db.read(lambda conn: self._find(conn, day, Kind.TRADES))
        bill = await self._fetcher.bring(day, Kind.FUNDS, file, anew=anew)
        if not bill.is_here:
            return bill
        if trades is None or not trades.is_done:
            await self._fetcher.fail(bill, "the trades of the day are not reconciled yet")
            return await self._fetcher.bring(day, Kind.FUNDS)
        moved = sort_funds(await self._fund_rows(bill))

        def work(conn: Connection) -> None:
            now = self._fetcher.there(conn, day, Kind.FUNDS, lock=True)
            verdict.finish_funds(conn, self._books, self._clock.now(), now, moved, self._owner)

        await self._db.write(work)
        return await self._fetcher.bring(day, Kind.FUNDS)

    async def _fund_rows(self, bill: BillDay) -> list[FundRow]:
        if not bill.sha1:
            return []
        file = await self._file(bill)
        rows_ = await asyncio.to_thread(lambda: list(fund_rows(file.lines(), self._zone)))
        return [row for row in rows_ if isinstance(row, FundRow)]

    async def _write_rows(self, bill: BillDay) -> None:
        """Write the rows and post their fees, some in each transaction."""
        if not bill.sha1:
            return
        found, done = numbered(await self._file(bill), self._zone), 0
        while lines := await asyncio.to_thread(lambda: list(islice(found, AT_ONCE))):

            def work(conn: Connection, lines: list[rows.Line] = lines) -> None:
                if self._fetcher.there(conn, bill.day, bill.kind, lock=True).sha1 == bill.sha1:
                    rows.put(conn, self._books, bill.day, lines)

            await self._db.write(work)
            done += len(lines)
            self._progress(done, bill.rows)

    async def _file(self, bill: BillDay) -> BillFile:
        """Give the file of a bill; one that is lost is fetched again. Raises OSError or BillError if it cannot be."""
        try:
            return await self._fetcher.file(bill)
        except (OSError, BillError):
            return await self._fetcher.file(await self._fetcher.bring(bill.day, bill.kind, anew=True))

    async def _judge(self, day: date) -> Matched:
        """Compare, heal what is certain, and write down what is left."""
        matched = await self._db.read(lambda conn: self._compared(conn, day))
        if await self._healer.heal(matched.differences):
            matched = await self._db.read(lambda conn: self._compared(conn, day))

        def work(conn: Connection) -> None:
            bill = self._fetcher.there(conn, day, Kind.TRADES, lock=True)
            verdict.finish(conn, self._books, self._clock.now(), bill, matched, self._owner)

        await self._db.write(work)
        return matched

    def _compared(self, conn: Connection, day: date) -> Matched:
        site, (since, until) = self._books.site, days.span(day, self._zone)
        mine = ours.of_span(conn, site, since, until)
        there = {trade.key for trade in rows.theirs(conn, site, day)}
        mine |= ours.of_numbers(conn, site, there - mine.keys())
        left = [trade for key, trade in mine.items() if key not in there]
        for key in rows.elsewhere(conn, site, day, left):
            del mine[key]
        return decided(match(mine.values(), rows.theirs(conn, site, day), since, until), self._decides(conn, day))

    def _decides(self, conn: Connection, day: date) -> Callable[[Trade], bool]:
        """Say of which of our trades near midnight the neighbour's bill is read."""
        since, _ = days.span(day, self._zone)
        before, after = (self._find(conn, beside, Kind.TRADES) for beside in (day - ONE, day + ONE))
        read_before, read_after = before is None or before.is_done, after is not None and after.is_done
        return lambda trade: read_before if trade.at < since + BORDER else read_after

    async def _waits(self, day: date) -> bool:
        """Say whether a day has trades that waited for its neighbour's bill."""
        bill = await self._db.read(lambda conn: self._find(conn, day, Kind.TRADES))
        return bill is not None and bill.is_done and bill.waiting > 0

    def _find(self, conn: Connection, day: date, kind: Kind) -> BillDay | None:
        return days.find(conn, self._books.site, day, kind)
