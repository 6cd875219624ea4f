"""Calls for help: from a lane's button or a driver's page, shown until a person answers, timed, and written down.

The case of a car that waits is the lane's own (`HelpCalled`). The call is the clock beside it: who calls, since when,
who answered and after how long. Nobody answering is told louder, and never opens anything. Two cars at one lane are
two calls: the second one rings, though the first was answered.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from scada.clock import Clock
from scada.engine.doors.asked import optional, text_of
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.lanes import LaneRunner
from scada.engine.mailbox import EveryItem, Mailbox
from scada.engine.tags import Batch, TagTable
from scada.model.lane import events as e
from scada.model.names import LaneName, PassageId, SiteId
from scada.model.tag import Quality, TagName, lane_of
from scada.ports import Journal, JournalEntry
from scada.store import helpcalls
from scada.store.db import Database, StoreError
from scada.store.helpcalls import BUTTON, HelpCall

TICK_S: Final = 1.0
LOUDER_S: Final = (10.0, 30.0, 60.0, 300.0)
"""When an unanswered call is written into the journal again: the target is 10 s (`operations.md` §2)."""
_BOX: Final = 64
_CALLING, _ANSWERED = "calling", "answered"

log = structlog.get_logger()


class HelpCalls:
    """The open calls of all lanes."""

    def __init__(
        self,
        site: SiteId,
        clock: Clock,
        db: Database,
        journal: Journal,
        tags: TagTable,
        runners: Mapping[LaneName, LaneRunner],
        new_id: Callable[[], str],
    ) -> None:
        self._site = site
        self._clock = clock
        self._db = db
        self._journal = journal
        self._tags = tags
        self._runners = runners
        self._new_id = new_id
        self._open: dict[str, HelpCall] = {}
        self._told: dict[str, int] = {}
        self._box: Mailbox[Batch] = Mailbox("help buttons", _BOX, EveryItem())
        self._buttons = frozenset(name for lane in runners if (name := TagName(f"{lane}.hand.help")) in tags)

    def verbs(self) -> dict[str, Handler]:
        """Give the control room's verbs by name."""
        return {"help_calls": self._list, "answer_help": self._answer, "end_help": self._end}

    async def run(self) -> None:
        """Hear the buttons and keep time until cancelled."""
        self._tags.subscribe(self._box, self._buttons)
        try:
            for call in await self._db.read(lambda conn: helpcalls.open_calls(conn, self._site)):
                self._keep(call)
            while True:
                batch = await self._box.get_within(TICK_S) or {}
                for name, value in batch.items():
                    if value.value is True and value.quality in (Quality.GOOD, Quality.FORCED):
                        await self._safely(self.call(LaneName(lane_of(name)), BUTTON))
                await self._safely(self._keep_time())
        finally:
            self._tags.unsubscribe(self._box)

    async def call(self, lane: LaneName, by: str, *, of_car: bool = True) -> HelpCall:
        """Take a call for help; a car that stands there and waits gets its case. Raises StoreError.

        Not `of_car`: somebody calls from elsewhere, and the car that stands there is another one.
        """
        runner = self._runners[lane]
        passage, at = runner.live if of_car else None, self._clock.now()
        new = HelpCall(self._new_id(), lane, passage, by, 1, at, None, "", None, "")
        call = await self._db.write(lambda conn: helpcalls.begin(conn, self._site, new))
        self._keep(call)
        if passage is not None:
            runner.post(e.HelpCalled(passage, at=at, at_s=self._clock.seconds()))
        return call

    def of_car(self, passage: PassageId) -> HelpCall | None:
        """Give the open call of a car that stands at a lane."""
        return next((call for call in self._open.values() if call.passage == passage), None)

    def open_calls(self) -> tuple[HelpCall, ...]:
        """Give the calls that have not ended."""
        return tuple(self._open.values())

    async def answered_with(self, ref: str, passage: PassageId | None, by: str) -> None:
        """Answer the call that is part of a case which somebody takes."""
        for call in self.open_calls():
            is_its = call.passage == passage if passage is not None else ref == call_ref(call)
            if is_its and call.answered_at is None:
                at = self._clock.now()
                answered = await self._db.write(partial(helpcalls.answer, site=self._site, call=call.id, by=by, at=at))
                if answered is not None:
                    self._keep(answered)

    async def settled(self, ref: str, by: str, outcome: str) -> None:
        """End the call of a case that was settled with a word."""
        for call in self.open_calls():
            if ref == call_ref(call):
                await self._finish(call, by, self._clock.now(), outcome)

    async def _safely(self, work: Awaitable[object]) -> None:
        """A database that does not answer costs a call its record, never a lane its work."""
        try:
            await work
        except (StoreError, SQLAlchemyError) as error:
            log.error("a call for help is not written down", error=str(error)[:200])

    async def _keep_time(self) -> None:
        now = self._clock.now()
        for call in list(self._open.values()):
            if self._is_gone(call.lane, call.passage):
                await self._finish(call, "plant", now, "the car has gone" if call.answered_at else "nobody answered")
            elif call.answered_at is None:
                await self._tell_louder(call, now)

    def _is_gone(self, lane: LaneName, passage: PassageId | None) -> bool:
        return passage is not None and self._runners[lane].live != passage

    async def _tell_louder(self, call: HelpCall, now: datetime) -> None:
        waits_s = (now - call.called_at).total_seconds()
        told = self._told.get(call.id, 0)
        due = sum(waits_s >= limit_s for limit_s in LOUDER_S)
        if due > told:
            self._told[call.id] = due
            body: dict[str, object] = {"waits_s": round(waits_s)}
            entry = JournalEntry("alarm", "plant", "nobody answers a call for help", call.lane, call.passage, body)
            await self._journal.append([entry])

    async def _finish(self, call: HelpCall, by: str, at: datetime, outcome: str) -> None:
        await self._db.write(lambda conn: helpcalls.end(conn, self._site, call.id, by, at, outcome))
        self._open.pop(call.id, None)
        self._told.pop(call.id, None)
        self._show(call.lane)

    def _keep(self, call: HelpCall) -> None:
        if call.lane not in self._runners:
            return
        self._open[call.id] = call
        self._show(call.lane)

    def _show(self, lane: LaneName) -> None:
        call = self._first(lane)
        state = "" if call is None else _ANSWERED if call.answered_at else _CALLING
        since = "" if call is None else call.called_at.isoformat()
        self._tags.set_all({TagName(f"{lane}.help.state"): state, TagName(f"{lane}.help.since"): since})

    def _first(self, lane: LaneName) -> HelpCall | None:
        """Give the call that the lane shows: one that nobody has answered, of the car there, the oldest."""
        mine = [call for call in self._open.values() if call.lane == lane]
        return min(
            mine, key=lambda one: (one.answered_at is not None, one.passage is None, one.called_at), default=None
        )

    async def _list(self, _: Ask) -> object:
        return {"calls": [_shown(call) for call in self._open.values()]}

    async def _answer(self, ask: Ask) -> object:
        first, at = self._first(LaneName(text_of(ask, "lane"))), self._clock.now()
        if first is not None and (
            call := await self._db.write(lambda conn: helpcalls.answer(conn, self._site, first.id, ask.user, at))
        ):
            self._keep(call)
            return _shown(call)
        raise BridgeRefusal("refused", "nobody calls there, or somebody has answered already")

    async def _end(self, ask: Ask) -> object:
        call = self._first(LaneName(text_of(ask, "lane")))
        if call is None or call.answered_at is None:
            raise BridgeRefusal("refused", "there is no call that was answered")
        await self._finish(call, ask.user, self._clock.now(), optional(ask, "note") or "helped")
        return {"ended": True}


def call_ref(call: HelpCall) -> str:
    """Name the case of a call that is no car's in a lane."""
    return f"call:{call.id}"


def _shown(call: HelpCall) -> dict[str, object]:
    times = {name: value.isoformat() for name, value in asdict(call).items() if isinstance(value, datetime)}
    return {**asdict(call), **times}
