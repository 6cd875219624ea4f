"""WeChat's notices: verified, kept as they came, settled in a transaction, and only then answered.

They give way to lanes, and those that come together share a transaction (docs/decisions/0048 and 0053).
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from billing.books import NOWHERE, Books
from billing.orders import book
from billing.orders.applying import Applied, apply
from billing.parking.notices import hear_parking
from billing.pay.gateway import Deduction, Entrance, Gateway, Notice, NotVerified, Refund
from billing.pay.marks import gather_marks
from billing.refunds import book as refunds
from billing.settle import Duplicate, Transaction
from scada.clock import Clock
from scada.model.names import OrderId
from scada.store.db import Database, StoreError

log = structlog.get_logger(__name__)

PAID: Final = "TRANSACTION.SUCCESS"
MAX_WAITING: Final = 64
"""Notices looked at at once; more are told to come again."""
THREADS: Final = 2
FORGERIES_JOURNALLED: Final = 30
"""Unverified messages written to the journal in a minute: a flood must not fill the disk; the next row counts it."""
MINUTE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class NoticeAnswer:
    """What WeChat is answered; anything but 2xx makes it come again."""

    status: int
    body: str = ""


_Settled = tuple[str, Applied | None]
"""One word for what a notice did, and what is to be told after the commit."""


def _again(notice: Notice) -> Applied | None:
    """Tell a payment that is settled already: who was to hear of it may not have heard, if the answer got lost."""
    return Applied(Duplicate(), notice.about.out_trade_no) if isinstance(notice.about, Transaction) else None


def _fail(status: int, message: str) -> NoticeAnswer:
    return NoticeAnswer(status, json.dumps({"code": "FAIL", "message": message}))


class NoticeDesk:
    """Takes notices; an `async with`. After the commit `applied` hears of settlements, `follow` of deductions."""

    def __init__(
        self,
        db: Database,
        books: Books,
        gateway: Gateway,
        clock: Clock,
        applied: Callable[[Applied], None],
        follow: Callable[[OrderId], None] = lambda _order: None,
    ) -> None:
        self._books = books
        self._gateway = gateway
        self._clock = clock
        self._applied = applied
        self._follow = follow
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="notices")
        self._db = db
        self._waiting = 0
        self._forgeries_s: deque[float] = deque(maxlen=FORGERIES_JOURNALLED)
        self._unwritten = 0

    async def __aenter__(self) -> Self:
        """Open the desk."""
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Close it; WeChat comes again. Who verifies may be waiting for WeChat's certificates: that is not awaited."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def take(self, headers: Mapping[str, str], body: bytes) -> NoticeAnswer:
        """Take one notice and say what WeChat shall be answered. A wrong one changes nothing but the journal."""
        if self._waiting >= MAX_WAITING:
            return _fail(503, "busy")
        self._waiting += 1
        try:
            return await self._take(headers, body)
        except (StoreError, SQLAlchemyError) as error:
            log.error("notice not stored", error=str(error))
            return _fail(500, "not stored")
        finally:
            self._waiting -= 1

    async def _take(self, headers: Mapping[str, str], body: bytes) -> NoticeAnswer:
        loop = asyncio.get_running_loop()
        notice = await loop.run_in_executor(self._threads, self._gateway.verified, headers, body)
        if isinstance(notice, NotVerified):
            await self._refuse(notice, len(body))
            return _fail(401, "not verified")
        verdict, applied = await self._settle(notice, gather_marks(headers), body)
        log.info("notice taken", verdict=verdict, told=notice.event_type, order=notice.order)
        if applied is not None:
            self._applied(applied)
        if isinstance(notice.about, Deduction):
            self._follow(notice.about.out_trade_no)
        return NoticeAnswer(204)

    async def _settle(self, notice: Notice, marks: dict[str, str], body: bytes) -> _Settled:
        """Keep and apply a verified notice at once; one that was seen before changes nothing."""
        at = self._clock.now()

        def work(conn: Connection) -> _Settled:
            if book.is_known(conn, notice.id):
                return "seen before", _again(notice)
            verdict, applied = self._apply(conn, at, notice)
            book.add_notice(conn, self._books, at, notice, verdict, marks, body)
            return verdict, applied

        return await self._db.write(work, gives_way=True)

    def _apply(self, conn: Connection, at: datetime, notice: Notice) -> _Settled:
        """Do what a notice is about; gives one word for it."""
        match notice.about:
            case Transaction() as paid if notice.event_type == PAID:
                applied = apply(conn, self._books, at, paid, "notice")
                return applied.verdict, applied
            case Entrance() | Deduction() as parking:
                return hear_parking(conn, self._books, at, parking)
            case Refund(out_refund_no=number) as refund:
                said = refunds.note(conn, self._books, at, self._clock.ahead, number, refund, "notice")
                return said, None
            case _:
                self._books.tell(conn, at, "event", f"notice {notice.event_type}", NOWHERE, notice=notice.id)
                return "other_event", None

    async def _refuse(self, notice: NotVerified, size: int) -> None:
        log.warning("notice not verified", why=notice.why, size=size)
        now_s = self._clock.seconds()
        if len(self._forgeries_s) == FORGERIES_JOURNALLED and now_s - self._forgeries_s[0] < MINUTE_S:
            self._unwritten += 1
            return
        self._forgeries_s.append(now_s)
        at, unwritten = self._clock.now(), self._unwritten
        self._unwritten = 0
        body: dict[str, object] = {"why": notice.why[:200], "size": size, "unwritten": unwritten}

        def work(conn: Connection) -> _Settled:
            self._books.tell(conn, at, "alarm", "notice not verified", NOWHERE, **body)
            return "not verified", None

        await self._db.write(work, gives_way=True)
