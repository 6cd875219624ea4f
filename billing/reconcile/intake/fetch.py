"""A day's bill brought here: asked for, checked as a whole, kept as a file, and noted on the day's row."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, assert_never
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from billing.books import Books
from billing.pay.bill import BillRow, FundRow, FundTotals, Totals, fund_rows, trade_rows
from billing.pay.billfile import BillError, BillFile
from billing.pay.calls.bills import NO_TRADE, NOT_YET
from billing.pay.gateway import Refused, Unknown
from billing.reconcile.compare import rows
from billing.reconcile.intake import days
from billing.reconcile.intake.days import NOTHING, BillDay, Kind
from billing.reconcile.intake.line import Line
from billing.reconcile.intake.shelf import Shelf
from scada.clock import Clock
from scada.store.db import Database

log = structlog.get_logger(__name__)

_EMPTY: Final[Mapping[Kind, Totals | FundTotals]] = {
    Kind.TRADES: Totals(0, *(NOTHING,) * 4, fee_millifen=0),
    Kind.FUNDS: FundTotals(0, NOTHING, NOTHING),
}


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Brings bills. `line` is None where WeChat is not to be asked."""

    db: Database
    books: Books
    line: Line | None
    clock: Clock
    zone: ZoneInfo
    shelf: Shelf

    async def bring(self, day: date, kind: Kind, file: BillFile | None = None, *, anew: bool = False) -> BillDay:
        """Have a day's bill here if it can be had; `file` is one that somebody has brought. Raises BillError for that.

        With `anew` a bill that is here already is fetched again: WeChat may have mended it.
        """
        bill = await self._wanted(day, kind)
        if file is not None:
            await self._take(bill, file)
        elif anew or not bill.is_here:
            await self._fetch(bill)
        return await self.db.read(lambda conn: self.there(conn, day, kind))

    def there(self, conn: Connection, day: date, kind: Kind, *, lock: bool = False) -> BillDay:
        """Give a day's row, which must be there; `lock` it where the database locks rows."""
        bill = days.find(conn, self.books.site, day, kind, lock=lock)
        if bill is None:
            raise LookupError(f"the {kind.value} of {day} are not wanted")
        return bill

    async def file(self, bill: BillDay) -> BillFile:
        """Give the file of a bill that is here. Raises OSError or BillError if it is lost."""
        return await asyncio.to_thread(self.shelf.take, bill.day, bill.kind, bill.sha1)

    async def fail(self, bill: BillDay, why: str) -> None:
        """Note that a try failed."""
        log.warning("a bill is not here", day=bill.day.isoformat(), kind=bill.kind.value, why=why)
        await self.db.write(lambda conn: days.failed(conn, self.books.site, bill, self.clock.now(), why))

    async def _wanted(self, day: date, kind: Kind) -> BillDay:
        def work(conn: Connection) -> BillDay:
            days.want(conn, self.books.site, [day], (kind,), self.zone)
            return self.there(conn, day, kind)

        return await self.db.write(work)

    async def _fetch(self, bill: BillDay) -> None:
        if self.line is None:
            return
        calls = self.line.bills
        answer = await asyncio.to_thread(calls.trade_file if bill.kind is Kind.TRADES else calls.fund_file, bill.day)
        match answer:
            case BillFile():
                try:
                    await self._take(bill, answer)
                except BillError as error:
                    await self.fail(bill, f"the bill is damaged: {error}")
            case Refused(code=code) if code == NO_TRADE:
                await self._note(bill, "")
            case Refused(code=code) if code == NOT_YET:
                await self.db.write(lambda conn: days.not_yet(conn, self.books.site, bill, self.clock.now()))
            case Refused(code=code, message=message):
                await self.fail(bill, f"WeChat refuses the bill: {code} {message}")
            case Unknown(why=why):
                await self.fail(bill, why)
            case _:
                assert_never(answer)

    async def _take(self, bill: BillDay, file: BillFile) -> None:
        """Check a bill as a whole, keep its file, and only then its sums. Raises BillError, with nothing changed."""
        totals = await asyncio.to_thread(checked_sums, file, bill.kind, bill.day, self.zone)
        await asyncio.to_thread(self.shelf.keep, bill.day, bill.kind, file)
        await self._note(bill, file.sha1, totals)

    async def _note(self, bill: BillDay, sha1: str, totals: Totals | FundTotals | None = None) -> None:
        """Note a bill that is here, or that there was nothing that day; rows of an earlier one go."""

        def work(conn: Connection) -> None:
            now = self.there(conn, bill.day, bill.kind, lock=True)
            if now.is_here and now.sha1 == sha1:
                return
            if bill.kind is Kind.TRADES:
                rows.clear(conn, self.books.site, bill.day)
            days.fetched(conn, self.books.site, now, self.clock.now(), sha1, totals or _EMPTY[bill.kind])

        await self.db.write(work)


def numbered(file: BillFile, zone: ZoneInfo) -> Iterator[rows.Line]:
    """Give a trade bill's rows with their numbers. Raises BillError."""
    found = (row for row in trade_rows(file.lines(), zone) if isinstance(row, BillRow))
    return (rows.Line(number, row) for number, row in enumerate(found, start=1))


def checked_sums(file: BillFile, kind: Kind, day: date, zone: ZoneInfo) -> Totals | FundTotals:
    """Read a bill from end to end and give its sums. Raises BillError if it is broken, or of another day."""
    read = trade_rows if kind is Kind.TRADES else fund_rows
    for row in read(file.lines(), zone):
        match row:
            case BillRow(at=at) | FundRow(at=at):
                if at.date() != day:
                    raise BillError(f"the bill is of {at.date()}, not of {day}")
            case Totals() | FundTotals():
                return row
            case _:
                assert_never(row)
    raise BillError("there is no row of sums")
