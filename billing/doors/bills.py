"""The verbs of WeChat's bills, and of the cases that a person must decide about money."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Connection

from billing import cases
from billing.books import Books
from billing.cases import CaseError
from billing.reconcile.intake import days
from billing.reconcile.intake.days import BillDay
from billing.reconcile.job import BillJob
from scada.clock import Clock
from scada.engine.doors.asked import limit_of, text_of
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.store.db import Database

SHOWN_DAYS: Final = 35
MOST_OF_A_NOTE: Final = 200


class BillDesk:
    """Bills and money cases, for the control room; the rights are checked before these are called."""

    def __init__(self, books: Books, db: Database, clock: Clock, job: BillJob) -> None:
        self._books = books
        self._db = db
        self._clock = clock
        self._job = job

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        return {
            "reconciliation": self._days,
            "run_reconciliation": self._run,
            "cases": self._cases,
            "case": self._case,
            "take_case": self._take,
            "comment_case": self._comment,
            "close_case": self._close,
        }

    async def _days(self, _ask: Ask) -> object:
        """Give the bills of the last five weeks, the newest day first."""
        since = self._clock.now().date() - timedelta(days=SHOWN_DAYS)
        found = await self._db.read(lambda conn: days.recent(conn, self._books.site, since))
        return [day_json(bill) for bill in reversed(found)]

    async def _run(self, ask: Ask) -> object:
        """Have a day's bills fetched and compared anew; what comes of it stands in `reconciliation`."""
        try:
            day = date.fromisoformat(text_of(ask, "day"))
        except ValueError as error:
            raise BridgeRefusal("bad_args", "day is no day like 2026-05-01") from error
        at = self._clock.now()

        def work(conn: Connection) -> None:
            self._books.tell_of(conn, at, ask.user, "reconciliation asked for", day=day.isoformat())

        await self._db.write(work)
        self._job.ask(day)
        return {"asked": day.isoformat()}

    async def _cases(self, ask: Ask) -> object:
        """Give the open cases, or with `closed` those that are closed."""
        is_open, limit = not ask.args.get("closed"), limit_of(ask)
        found = await self._db.read(lambda conn: cases.list_cases(conn, self._books.site, is_open=is_open, limit=limit))
        return [cases.as_json(one) for one in found]

    async def _case(self, ask: Ask) -> object:
        """Give one case with all that was done and said about it."""
        wanted = text_of(ask, "case")

        def work(conn: Connection) -> object:
            found = cases.find_case(conn, self._books.site, wanted)
            notes = cases.notes_of(conn, self._books.site, found.ref)
            said = [{"at": one.at.isoformat(), "by": one.by, "note": one.note} for one in notes]
            return cases.as_json(found) | {"notes": said}

        try:
            return await self._db.read(work)
        except CaseError as error:
            raise BridgeRefusal("bad_args", str(error)) from error

    async def _take(self, ask: Ask) -> object:
        at = self._clock.now()
        return await self._change(ask, lambda conn, ref: cases.take_case(conn, self._books, at, ref, ask.user))

    async def _comment(self, ask: Ask) -> object:
        at, note = self._clock.now(), text_of(ask, "note")
        return await self._change(ask, lambda conn, ref: cases.comment_case(conn, self._books, at, ref, ask.user, note))

    async def _close(self, ask: Ask) -> object:
        at, outcome = self._clock.now(), text_of(ask, "outcome")[:MOST_OF_A_NOTE]

        def work(conn: Connection, ref: str) -> None:
            if not cases.close_case(conn, self._books, at, ref, ask.user, outcome):
                raise CaseError("this case is closed already")

        return await self._change(ask, work)

    async def _change(self, ask: Ask, change: Callable[[Connection, str], None]) -> object:
        wanted = text_of(ask, "case")

        def work(conn: Connection) -> None:
            change(conn, cases.find_case(conn, self._books.site, wanted).ref)

        try:
            await self._db.write(work)
        except CaseError as error:
            raise BridgeRefusal("refused", str(error)) from error
        return {"done": True}


def day_json(bill: BillDay) -> dict[str, object]:
    """Write a day's bill as the page shows it."""
    return {
        "day": bill.day.isoformat(),
        "bill": bill.kind.value,
        "state": bill.state.value,
        "why": bill.why,
        "rows": bill.rows,
        "agreed": bill.agreed,
        "agreed_fen": bill.agreed_fen,
        "only_ours": bill.only_ours,
        "only_theirs": bill.only_theirs,
        "differ": bill.differ,
        "waiting": bill.waiting,
        "others": bill.others,
        "others_fen": bill.others_fen,
        "came_fen": bill.came_fen,
        "went_fen": bill.went_fen,
        "fee_fen": bill.fee_fen,
        "balance_fen": bill.balance_fen,
        "next_at": None if bill.is_done else bill.next_at.isoformat(),
    }
