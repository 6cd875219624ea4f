"""Write gate-open requests to their lanes' tags: once each, in time or never (`lanes.md` §4, THE RULE).

Billing's own requests and the operators' go the same way. A row is marked written before the tag
is, so that no crash can make a second one; what an earlier start left behind lapses unsent.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final, Self, assert_never

import structlog
from sqlalchemy import Connection

from billing import outbox
from billing.books import Books, Place
from billing.pay.worker import Rounds
from billing.settle import Merchant
from scada.clock import Clock
from scada.config import Config
from scada.model.lane.words import OpenRequest, Reason, Refused, RequestAnswer, Taken
from scada.model.names import LaneName, PassageId, RequestId
from scada.model.tag import TagName
from scada.ports import JournalEntry
from scada.store.db import Database
from scada.store.journal import write_entries

log = structlog.get_logger(__name__)

WriteTag = Callable[[TagName, str], Awaitable[object]]
LAPSED: Final = "nobody answered in time"
LAPSED_STATE: Final = "LAPSED"
ANSWER_MARGIN_S: Final = 5.0


class RequestWriter:
    """The worker of the outbox; an `async with`. `wake` it after a commit that may have added a row."""

    def __init__(self, config: Config, db: Database, write: WriteTag, clock: Clock) -> None:
        self._books = Books(config.site_id, Merchant(config.wechat.mchid, config.wechat.appid))
        self._lives_s = {lane.id: lane.waits.t_request_s for lane in config.lanes}
        self._db = db
        self._write = write
        self._clock = clock
        self._ends_s: dict[RequestId, float] = {}
        self._waiters: dict[RequestId, asyncio.Future[RequestAnswer]] = {}
        self._rounds = Rounds("open requests", self._go_round)
        self.watch = self._rounds.watch
        self.wake = self._rounds.wake

    async def __aenter__(self) -> Self:
        """Let what an earlier start left behind lapse, then begin."""
        left = await self._db.read(lambda conn: outbox.unanswered(conn, self._books.site))
        await self._finish(left, LAPSED_STATE, "the server was started anew")
        self._rounds.start()
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Stop; what was not answered lapses at the next start."""
        await self._rounds.stop()

    async def ask(self, lane: LaneName, passage: PassageId, reason: Reason, by: str, note: str = "") -> RequestId:
        """Ask for the car of one passage to be let through, in a person's name."""
        at = self._clock.now()
        place = Place(lane, passage)

        def work(conn: Connection) -> RequestId:
            request = outbox.add(conn, self._books.site, at, place, reason, by)
            body: dict[str, object] = {"request": request, "reason": reason.value, "note": note}
            entry = JournalEntry("person", by, "asks to open", lane, passage, body)
            write_entries(conn, self._books.site, at, [entry])
            return request

        request = await self._db.write(work)
        self.wake()
        return request

    async def ask_and_wait(
        self, lane: LaneName, passage: PassageId, reason: Reason, by: str, note: str = ""
    ) -> RequestAnswer:
        """Ask, and give the lane's answer; a request that lapses counts as refused."""
        request = await self.ask(lane, passage, reason, by, note)
        waiter = self._waiters.setdefault(request, asyncio.get_running_loop().create_future())
        try:
            async with asyncio.timeout(self._lives_s.get(lane, 0.0) + ANSWER_MARGIN_S):
                return await waiter
        except TimeoutError:
            return Refused(LAPSED)
        finally:
            self._waiters.pop(request, None)

    async def answered(self, request: RequestId, answer: RequestAnswer) -> None:
        """Record what the lane said; a second answer changes nothing."""
        match answer:
            case Taken():
                await self._finish([request], "TAKEN", "")
            case Refused(why=why):
                await self._finish([request], "REFUSED", why)
            case _:
                assert_never(answer)

    async def _go_round(self) -> float | None:
        """Send what waits and let what is old lapse; gives how long until the next one is old."""
        await self._send_waiting()
        await self._lapse_old()
        next_s = min(self._ends_s.values(), default=None)
        return None if next_s is None else next_s - self._clock.seconds()

    async def _send_waiting(self) -> None:
        waiting = await self._db.write(lambda conn: outbox.take_waiting(conn, self._books.site), gives_way=True)
        for lane, request in waiting:
            self._ends_s[request.id] = self._clock.seconds() + self._lives_s.get(lane, 0.0)
            await self._send(lane, request)

    async def _send(self, lane: LaneName, request: OpenRequest) -> None:
        log.info("gate-open request", lane=lane, reason=request.reason.value, by=request.by, request=request.id)
        await self._write(TagName(f"{lane}.gate.open_request"), request.to_text())

    async def _lapse_old(self) -> None:
        now_s = self._clock.seconds()
        await self._finish([name for name, end_s in self._ends_s.items() if end_s <= now_s], LAPSED_STATE, LAPSED)

    async def _finish(self, requests: Sequence[RequestId], state: str, why: str) -> None:
        """End requests in one transaction; one that has an end already keeps it."""
        if not requests:
            return
        at = self._clock.now()

        def work(conn: Connection) -> set[RequestId]:
            return {request for request in requests if self._end(conn, request, at, state, why)}

        ended = await self._db.write(work, gives_way=state == LAPSED_STATE)
        for request in requests:
            self._ends_s.pop(request, None)
            waiter = self._waiters.pop(request, None)
            if request in ended and waiter is not None and not waiter.done():
                waiter.set_result(Taken() if state == "TAKEN" else Refused(why))

    def _end(self, conn: Connection, request: RequestId, at: datetime, state: str, why: str) -> bool:
        place = outbox.finish(conn, request, at, state, why)
        if place is not None:
            what = f"open request {state.lower()}"
            self._books.tell(conn, at, "decision", what, place, request=request, why=why)
        return place is not None
