"""The plant in a process of its own that can be killed: real cashier, outbox, lane runners and database.

Cameras read what the world shows; the PLC is the world's, asked over the wire, and outlives this process.
"""

import asyncio
import base64
import json
import os
import signal
import socket
import traceback
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import PoolProxiedConnection

from billing import cashier as cashier_module
from billing import wechat as wechat_module
from billing.books import Books
from billing.cashier import Hearers, SqlCashier
from billing.counter.counter import Counter
from billing.counter.words import Receipt
from billing.ids import new_id
from billing.pay.keys import Keys
from billing.reconcile import job as job_module
from billing.refunds import refunder as refunder_module
from billing.request import RequestWriter
from billing.scanner.desk import LaneSide, Waiting
from scada.config import Config
from scada.engine import lanes as lanes_module
from scada.engine.command.intents import IntentError, SqlIntents
from scada.engine.lane.perform import LaneParts
from scada.engine.lanes import LaneRunner
from scada.engine.lanetags import lane_specs, site_specs, zone_specs
from scada.engine.tags import TagTable
from scada.model.handshake import CommandBlock, CommandCode, Done, NotDone, PassageOutcome, RiseCause, Unknowable
from scada.model.lane.events import PayingByCode
from scada.model.lane.image import LaneImage, Signal
from scada.model.lane.leave import due_of
from scada.model.lane.states import AwaitingPayment
from scada.model.lane.words import ByCode, Direction, Reason
from scada.model.money import Fen
from scada.model.names import LaneName, PassageId, PictureId, QuoteId, StayId
from scada.model.plate import PlateRead, PlateUnread
from scada.model.tag import Access, Quality, TagName, TagSpec, TagUpdate
from scada.ports import BillingError
from scada.store.db import Database
from scada.store.journal import SqlJournal
from tests.support.billing import IN1, OUT1, made_read
from tests.support.lane import READY
from tests.support.plantside import found
from tests.support.storm.times import SharedClock, SteppedLoop

LANES = (IN1, OUT1)
CLERK = "li"
LOOK_S = 4 * 3600.0
"""How often what changes by the day is looked at: tariffs, counts; bills four times as often."""
ANSWER_S = 0.6
"""How long WeChat may take to answer, in real seconds; a fault may take longer."""
BUSY_TICK_S, IDLE_TICK_S = 2.0, 3600.0
T = TypeVar("T")
_ENUMS: Mapping[str, Callable[..., object]] = {"outcome": PassageOutcome, "rise_cause": RiseCause}


def serve(config: Config, keys: Keys, clock: SharedClock, url: str, wire: socket.socket) -> None:
    """Be the plant until killed, or until the world hangs up."""
    changes = (
        (cashier_module, "TARIFFS_S", LOOK_S),
        (job_module, "LOOK_S", LOOK_S / 4),
        (refunder_module, "LOOK_S", LOOK_S / 4),
        (wechat_module, "read_keys", lambda _config: keys),
        (wechat_module, "TIMEOUT_S", (3.05, ANSWER_S)),
    )
    for module, name, value in changes:
        setattr(module, name, value)
    lanes_module.TICK_S = IDLE_TICK_S
    plant = _Plant(config, clock, wire)
    with asyncio.Runner(loop_factory=lambda: SteppedLoop(clock, plant.rests)) as runner:
        runner.run(plant.run(url))


@dataclass
class _Death:
    """Where this process shall be killed: at the n-th commit or call from now, before it or after it."""

    left: int = -1
    after: bool = False

    def around(self, work: Callable[[], T]) -> T:
        if self.left > 0:
            self.left -= 1
        if self.left == 0 and not self.after:
            os.kill(os.getpid(), signal.SIGKILL)
        done = work()
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return done


class _Boom:
    """One lane's gatekeeper: the book of commands is real, and the PLC is the world's."""

    def __init__(self, plant: "_Plant", lane: LaneName, db: Database) -> None:
        self._plant = plant
        self._lane = lane
        self._book = SqlIntents(db, plant.config.site_id, lane, plant.clock)
        self.shown = READY

    async def take_over(self) -> None:
        """Settle what a killed process left open: the PLC knows whether it was done."""
        for intent in await self._book.still_open():
            was_done = await self._plant.asks("was_opened", lane=self._lane, seq=intent.block.seq)
            await self._book.settle(intent, Done() if was_done else NotDone("never sent"))

    async def open(self, passage: PassageId, number: int, why: str) -> Done | NotDone | Unknowable:
        seq = 1 + await self._book.last_seq()
        block = CommandBlock(claim=1, code=CommandCode.OPEN, passage=number, ttl_ms=2000, tick=0, seq=seq)
        try:
            intent = await self._book.begin(passage, block, 1, why)
        except IntentError as error:
            return NotDone(str(error))
        done = await self._plant.asks("open", lane=self._lane, passage=passage, number=number, seq=seq, why=why)
        outcome = Done() if done else NotDone("wrong passage")
        await self._book.settle(intent, outcome)
        return outcome

    async def cancel(self, passage: PassageId, number: int, why: str) -> Done | NotDone | Unknowable:
        return Done()

    def image(self) -> LaneImage:
        return self.shown


class _Plant:
    """All parts, and the wire to the world."""

    def __init__(self, config: Config, clock: SharedClock, wire: socket.socket) -> None:
        self.config = config
        self.clock = clock
        self._wire = wire
        self._heard = 0
        self._seen = 0
        self._asked: dict[int, asyncio.Future[object]] = {}
        self._plates: dict[LaneName, str] = {}
        self._deaths = {"commit": _Death(), "call": _Death()}
        self._ready = False

    # --- the wire ---

    def _say(self, **fields: object) -> None:
        self._wire.sendall(json.dumps(fields).encode() + b"\n")

    def rests(self, due_s: float | None, worked: bool) -> None:
        if self._ready:
            self._say(rests=self._heard, due_s=due_s, worked=worked, lanes=self._lanes_shown())

    async def asks(self, what: str, **fields: object) -> object:
        """Ask the world, which answers at once."""
        number = len(self._asked) + 1
        self._asked[number] = asyncio.get_running_loop().create_future()
        self._say(asks=number, what=what, **fields)
        return await self._asked[number]

    def _lanes_shown(self) -> dict[str, dict[str, object]]:
        shown = {}
        for lane in LANES:
            display = json.loads(str(self._tags.get(TagName(f"{lane}.display")).value or "{}"))
            state = self._tags.get(TagName(f"{lane}.lane.state")).value
            shown[str(lane)] = {"state": state, "qr": display.get("qr") or "", "due_fen": display.get("due_fen")}
        return shown

    # --- life ---

    async def run(self, url: str) -> None:
        try:
            async with AsyncExitStack() as stack:
                await self._start(url, stack)
                await self._obey()
        except BaseException as error:  # noqa: BLE001 - whatever it dies of, the world must hear
            self._say(died="".join(traceback.format_exception(error)))

    async def _start(self, url: str, stack: AsyncExitStack) -> None:
        reader, writer = await asyncio.open_connection(sock=self._wire.dup())
        stack.callback(writer.close)
        self._reader = reader
        db = await stack.enter_async_context(Database(url, again_s=0.0))
        self._arm(db)
        plc = [TagSpec(TagName(f"{lane}.loop.approach"), "plc1", Access.READ) for lane in LANES]
        own = [spec for lane in LANES for spec in lane_specs(lane)]
        self._tags = TagTable([*plc, *own, *site_specs(), *zone_specs(self.config.park)], self.clock)
        self._requests = RequestWriter(self.config, db, self._write_tag, self.clock)
        hearers = Hearers(requested=self._requests.wake)
        cashier = SqlCashier(self.config, db, self.clock, hearers, recount_s=LOOK_S)
        self._cashier = await stack.enter_async_context(cashier)
        await stack.enter_async_context(self._requests)
        self._booms = {lane: _Boom(self, lane, db) for lane in LANES}
        self._group = await stack.enter_async_context(asyncio.TaskGroup())
        self._ready = True
        self._say(started=True)
        zone = await asyncio.to_thread(lambda: self.config.site.zone_info)
        counter = Counter(
            Books.of(self.config), zone, db, self.clock, self._cashier, lambda _stay: self._requests.wake()
        )
        self._counter = counter
        await self._counter.open_till(CLERK, Fen(0))
        self._runners = {lane: LaneRunner(self.config.lane(lane), self._parts(lane, db, zone)) for lane in LANES}
        for lane, runner in self._runners.items():
            self._group.create_task(self._lane(lane, runner))
        self._group.create_task(self._cashier.watch())
        self._group.create_task(self._requests.watch())

    async def _lane(self, lane: LaneName, runner: LaneRunner) -> None:
        await self._booms[lane].take_over()
        asyncio.get_running_loop().call_soon(self._look, lane)
        await runner.run()

    def _look(self, lane: LaneName) -> None:
        """Have a runner that listens now look at what was shown before it did: the next tick may be an hour away."""
        self._seen += 1
        self._tags.apply([TagUpdate(TagName(f"{lane}.loop.approach"), self._seen, Quality.GOOD)])

    def _parts(self, lane: LaneName, db: Database, zone: ZoneInfo) -> LaneParts:
        return LaneParts(
            site=self.config.site_id,
            no_stay_a_day=1000,
            zone=zone,
            clock=self.clock,
            db=db,
            journal=SqlJournal(db, self.config.site_id, self.clock),
            tags=self._tags,
            watched=frozenset({TagName(f"{lane}.gate.open_request"), TagName(f"{lane}.loop.approach")}),
            gatekeeper=self._booms[lane],
            cameras=self,
            cashier=self._cashier,
            requests=self._requests,
            match=found,
            claim_url=lambda passage: f"http://claim/{passage}",
            claim_code=lambda _passage: "",
            pays_by_page=False,
            new_id=lambda: new_id(self.clock.now()),
            elsewhere=lambda _lane, _stay: False,
            paid_s=_nobody_measures,
            hold_open=_nobody_holds,
        )

    def _arm(self, db: Database) -> None:
        dialect, pool = db._writer._engine.dialect, wechat_module._Pool
        commit, send = dialect.do_commit, pool.send
        commits, calls = self._deaths["commit"], self._deaths["call"]

        def committed(connection: PoolProxiedConnection) -> None:
            commits.around(lambda: commit(connection))

        loop = self._loop()

        def called(*words: object, **named: object) -> object:
            loop.worked = True
            return calls.around(lambda: send(*words, **named))  # type: ignore[arg-type]

        for of, name, put in ((dialect, "do_commit", committed), (pool, "send", called)):
            setattr(of, name, put)

    async def _write_tag(self, name: TagName, text: str) -> None:
        self._tags.set(name, text)

    # --- cameras ---

    async def capture(self, lane: LaneName, passage: PassageId, way: Direction) -> PlateRead | PlateUnread:
        plate = self._plates.get(lane)
        return made_read(plate) if plate else PlateUnread("nobody there", None)

    async def snapshot(self, lane: LaneName, passage: PassageId | None) -> PictureId | None:
        return None

    def ok(self, lane: LaneName) -> bool:
        return True

    # --- what the world says ---

    async def _obey(self) -> None:
        while line := await self._reader.readline():
            said = json.loads(line)
            self._loop().horizon, self._loop().worked = said["horizon"], False
            getattr(self, f"_{said['do']}")(said)
            self._heard = said["n"]
        raise ConnectionError("the world has hung up")

    def _loop(self) -> SteppedLoop:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SteppedLoop)
        return loop

    def _go(self, said: Mapping[str, Any]) -> None:
        """Nothing but time."""

    def _answer(self, said: Mapping[str, Any]) -> None:
        self._asked[said["to"]].set_result(said["answer"])

    def _see(self, said: Mapping[str, Any]) -> None:
        """Look at what a lane's PLC and cameras show now."""
        lane, boom = LaneName(said["lane"]), self._booms[LaneName(said["lane"])]
        image = {name: _value(name, value) for name, value in said["image"].items()}
        boom.shown = replace(READY, **image)  # type: ignore[arg-type]
        self._plates[lane] = said["plate"]
        lanes_module.TICK_S = BUSY_TICK_S if said["busy"] else IDLE_TICK_S
        self._look(lane)

    def _notice(self, said: Mapping[str, Any]) -> None:
        self._spawn(self._take_notice(said["number"], said["headers"], base64.b64decode(said["body"])))

    async def _take_notice(self, number: int, headers: Mapping[str, str], body: bytes) -> None:
        answer = await self._cashier.notice(headers, body)
        self._say(answered=number, status=answer.status, body=answer.body)

    def _let_out(self, said: Mapping[str, Any]) -> None:
        """Let the car out that stands there, in an operator's name."""
        lane, passage = LaneName(said["lane"]), self._tags.get(TagName(f"{said['lane']}.passage")).value
        if passage:
            asked = self._requests.ask_and_wait(lane, PassageId(str(passage)), Reason(said["reason"]), "li")
            self._spawn(asked)

    def _cash(self, said: Mapping[str, Any]) -> None:
        """Have an operator take cash for the car that stands at a lane."""
        self._spawn(self._take_cash(said["number"], LaneName(said["lane"])))

    async def _take_cash(self, number: int, lane: LaneName) -> None:
        taken, why, sure = None, "", True
        try:
            found = await self._taken(lane)
            taken, why = (found, "") if isinstance(found, Receipt) else (None, found)
        except BillingError as error:
            why, sure = str(error), False
        receipt, fen = ("", 0) if taken is None else (taken.text, taken.due_fen)
        self._say(cash=number, receipt=receipt, fen=fen, why=why, sure=sure)

    async def _taken(self, lane: LaneName) -> Receipt | str:
        """Tell the driver the price, and take just so much; or why not."""
        live = self._runners[lane].lane.live
        if live is None or live.stay is None:
            return "nobody knows whose stay this is"
        price = await self._counter.price(lane, live.id, live.stay)
        if price.why:
            return price.why
        taken = await self._counter.take(CLERK, lane, live.id, live.stay, price.due_fen, price.due_fen)
        return taken if isinstance(taken, Receipt) else taken.why

    def _till(self, _said: Mapping[str, Any]) -> None:
        """Have the operator look which receipts there are."""
        self._spawn(self._look_into_till())

    async def _look_into_till(self) -> None:
        *_, receipts = await self._counter.till(CLERK)
        self._say(till={one.text: one.due_fen for one in receipts})

    def _scan(self, said: Mapping[str, Any]) -> None:
        """Have the lane's scanner read a payer's code."""
        self._cashier.scanned(LaneName(said["lane"]), said["code"], LaneSide(self._waiting, self._by_code))

    def _waiting(self, lane: LaneName) -> Waiting | None:
        now = self._runners[lane].lane
        due = due_of(now) if isinstance(now.state, AwaitingPayment) else None
        return None if due is None or now.live is None else Waiting(now.live.id, due.quote)

    def _by_code(self, lane: LaneName, passage: PassageId, quote: QuoteId, how: ByCode) -> None:
        told = PayingByCode(passage, quote, how, at=self.clock.now(), at_s=self.clock.seconds())
        self._runners[lane].post(told)

    def _die(self, said: Mapping[str, Any]) -> None:
        self._deaths[said["point"]].left, self._deaths[said["point"]].after = said["left"], said["after"]

    def _spawn(self, work: Coroutine[Any, Any, object]) -> None:
        self._group.create_task(work)


def _value(name: str, value: object) -> object:
    if isinstance(value, bool) and name not in ("alive", "claimed", "inner_side"):
        return Signal(on=value)
    return _ENUMS[name](value) if name in _ENUMS else value


def _nobody_measures(_stay: StayId) -> float | None:
    return None


async def _nobody_holds(_why: str) -> None:
    """There is no PLC whose mode could be asked for."""
