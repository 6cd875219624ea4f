"""The shell around a lane on the bench: everything it works with, small and in memory, but a real database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Table, select

from billing.driver.tokens import Tokens
from billing.ids import new_id
from scada.clock import SystemClock
from scada.config import Config, load
from scada.engine.doors.cases.room import CaseRoom
from scada.engine.doors.claims import Claims
from scada.engine.doors.desk import Desk
from scada.engine.doors.help import HelpCalls
from scada.engine.doors.peer import Ask
from scada.engine.doors.pictures import PictureDesk, PictureRoom
from scada.engine.doors.tickets import Phones
from scada.engine.doors.tickets import Tickets as TicketBook
from scada.engine.lane.perform import Found, LaneParts
from scada.engine.lanes import LaneRunner
from scada.engine.lanetags import lane_specs, site_specs
from scada.engine.tags import TagTable
from scada.model.desk.seats import Ringing
from scada.model.handshake import Done, NotDone, Unknowable
from scada.model.lane.image import LaneImage
from scada.model.lane.words import (
    Direction,
    Ending,
    OpenRequest,
    Order,
    Passage,
    Quote,
    Reason,
    RequestAnswer,
)
from scada.model.money import Fen
from scada.model.names import LaneName, OrderId, PassageId, PictureId, QuoteId, RequestId, StayId
from scada.model.plate import Plate, PlateRead, PlateUnread, ReadBy
from scada.model.tag import Access, TagName, TagSpec
from scada.ports import Admission, BillingError, OpenStay, PictureError
from scada.store.db import Database
from scada.store.helpcalls import PHONE
from scada.store.journal import JournalRow, SqlJournal, recent
from scada.store.operators import Operators
from tests.support.lane import READY, read_of
from tests.support.store import made_database

CONFIG = Path(__file__).parents[2] / "config.toml"
PASSWORD = "the boom goes up"
PLC_POINTS = ("loop.approach", "hand.help", "time.open_ms", "time.close_ms")


@dataclass
class BenchKeeper:
    """A gatekeeper whose image is set by hand; it notes what the journal held when it was asked to open.

    `is_deaf`: it never says what became of a command.
    """

    see: Callable[[], Awaitable[None]]
    shown: LaneImage = READY
    verdict: Done | NotDone | Unknowable = field(default_factory=Done)
    is_deaf: bool = False
    opened: list[tuple[PassageId, int]] = field(default_factory=list)
    cancelled: list[tuple[PassageId, int]] = field(default_factory=list)

    async def open(self, passage: PassageId, number: int, why: str) -> Done | NotDone | Unknowable:
        await self.see()
        self.opened.append((passage, number))
        if self.is_deaf:
            await asyncio.Event().wait()
        return self.verdict

    async def cancel(self, passage: PassageId, number: int, why: str) -> Done | NotDone | Unknowable:
        await self.see()
        self.cancelled.append((passage, number))
        return self.verdict

    def image(self) -> LaneImage:
        return self.shown


@dataclass
class BenchCameras:
    """Cameras that read what is put on the bench."""

    reading: PlateRead | PlateUnread = field(default_factory=lambda: read_of("京A12345"))
    captured: list[PassageId] = field(default_factory=list)
    ways: list[Direction] = field(default_factory=list)

    async def capture(self, lane: LaneName, passage: PassageId, way: Direction) -> PlateRead | PlateUnread:
        self.captured.append(passage)
        self.ways.append(way)
        return self.reading

    async def snapshot(self, lane: LaneName, passage: PassageId | None) -> PictureId | None:
        return PictureId("20260303T020000000-0123456789ab.jpg")

    def ok(self, lane: LaneName) -> bool:
        return True


@dataclass
class BenchCashier:
    """Billing that answers what is put on the bench."""

    clock: SystemClock
    stays: list[OpenStay] = field(default_factory=list)
    due: int = 500
    failing: bool = False
    unwritable: bool = False
    """No stay can be begun."""
    begun: list[Passage] = field(default_factory=list)
    ended: list[tuple[StayId, Reason]] = field(default_factory=list)
    closed: list[OrderId] = field(default_factory=list)
    annulled: list[PassageId] = field(default_factory=list)
    doubtful: str = ""
    elsewhere: set[StayId] = field(default_factory=set)
    """Stays whose cars stand at other booms."""
    before_quote: Callable[[], object] = list

    async def admit(self, lane: LaneName, passage: PassageId, read: PlateRead) -> Admission:
        if self.failing:
            raise BillingError("the database is away")
        return Admission(Reason.ADMITTED)

    async def open_stays(self) -> Sequence[OpenStay]:
        return self.stays

    async def quote(self, lane: LaneName, passage: PassageId, stay: StayId) -> Quote:
        self.before_quote()
        due = Fen(self.due)
        return Quote(QuoteId("q1"), stay, due, due, 60, self.clock.ahead(90), None if due else Reason.FREE)

    async def order(self, lane: LaneName, passage: PassageId, quote: Quote) -> Order:
        return Order(OrderId("order1"), quote.id, quote.stay, quote.due_fen, "weixin://pay/1")

    async def accept(self, lane: LaneName, passage: PassageId, quote: Quote) -> str:
        return "the bench deducts nothing"

    async def close_order(self, order: OrderId, why: str) -> None:
        self.closed.append(order)

    async def doubt(self, lane: LaneName, passage: PassageId, stay: StayId, read: PlateRead | None) -> str:
        return self.doubtful

    async def begin_stay(self, lane: LaneName, passage: Passage, reason: Reason, by: str) -> StayId:
        if self.unwritable:
            raise BillingError("the database is away")
        self.begun.append(passage)
        return StayId("S1")

    async def end_stay(
        self, lane: LaneName, stay: StayId, passage: Passage, reason: Reason, by: str, ending: Ending
    ) -> None:
        self.ended.append((stay, reason))

    async def annul_stay(self, lane: LaneName, passage: PassageId) -> None:
        self.annulled.append(passage)


@dataclass
class BenchRequests:
    """The outbox in memory: it writes the lane's tag and waits for the answer."""

    tags: TagTable
    clock: SystemClock
    answers: dict[RequestId, RequestAnswer] = field(default_factory=dict)

    async def ask_and_wait(
        self, lane: LaneName, passage: PassageId, reason: Reason, by: str, note: str = ""
    ) -> RequestAnswer:
        request = OpenRequest(RequestId("r1"), None, None, passage, reason, by, self.clock.now())
        self.tags.set(TagName(f"{lane}.gate.open_request"), request.to_text())
        async with asyncio.timeout(30):
            while request.id not in self.answers:  # noqa: ASYNC110 - a test's own outbox
                await asyncio.sleep(0.005)
        return self.answers[request.id]

    async def answered(self, request: RequestId, answer: RequestAnswer) -> None:
        self.answers[request] = answer


class BenchPictures:
    """One picture."""

    def read(self, picture: PictureId) -> bytes:
        if not picture.startswith("2026"):
            raise PictureError(f"no picture {picture}")
        return b"jpeg"

    def covered(self, picture: PictureId) -> bytes:
        return b"covered" if self.read(picture) else b""

    def passage(self, picture: PictureId) -> PassageId | None:
        return PassageId("in1-20260303020000-1")


@dataclass
class Shell:
    """A lane's runner with all that it works with."""

    config: Config
    db: Database
    tags: TagTable
    runner: LaneRunner
    keeper: BenchKeeper
    cameras: BenchCameras
    cashier: BenchCashier
    requests: BenchRequests
    claims: Claims
    desk: Desk
    calls: HelpCalls
    cases: CaseRoom
    clock: SystemClock
    pauses: list[float]
    """How long guessers of claim codes were kept waiting."""

    def show(self, **changes: object) -> None:
        """The PLC's image changes; the lane looks at it by itself."""
        self.keeper.shown = replace(self.keeper.shown, **changes)  # type: ignore[arg-type]

    def says(self, point: str) -> object:
        return self.tags.get(TagName(f"{self.runner.name}.{point}")).value

    async def journal(self, kind: str | None = None, *, lane: bool = False) -> list[JournalRow]:
        """Give the journal's rows, newest first; of the lane only, where that is asked."""
        return await self.db.read(lambda conn: recent(conn, 200, self.runner.name if lane else None, kind))

    async def has_recorded(self, table: Table, rows: int = 1) -> None:
        """Wait until the books hold so many rows: they are written after the lane has said what it does."""
        async with asyncio.timeout(30):
            while len(await self.db.read(lambda conn: conn.execute(select(table)).all())) < rows:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def asks(self, verb: str, user: str = "li", **args: object) -> object:
        """Ask the control desk as a person would."""
        return await self.desk.verbs()[verb](Ask("control", verb, args, user, "operator", "s", ""))

    async def claims_by(self, verb: str, **args: object) -> object:
        """Ask the public side as a driver's phone would."""
        return await self.claims.verbs()[verb](Ask("public", verb, args, "", "", "", ""))


async def _nothing() -> None:
    """Look at nothing."""


def found(read: PlateRead, stays: Sequence[OpenStay]) -> Found:
    """Match by the exact text; whoever shares the first five signs is near."""
    plate = read.text
    exact = next((stay.id for stay in stays if stay.plate == plate), None)
    near = tuple(stay.id for stay in stays if stay.plate[:5] == plate[:5] and stay.id != exact)
    return Found(exact, near)


def typed(plate: Plate) -> PlateRead:
    return replace(read_of(plate, 1.0, 1), by=ReadBy.DRIVER)


@asynccontextmanager
async def shell(
    folder: Path, lane: str, *, is_first_start: bool = True, both_ways: bool = False
) -> AsyncIterator[Shell]:
    """Run one lane of the shipped configuration, or one of its name that leads both ways."""
    url = await asyncio.to_thread(made_database, folder)
    config, clock = await asyncio.to_thread(load, CONFIG), SystemClock()
    if both_ways:
        lanes = tuple(one.model_copy(update={"direction": "both"}) for one in config.lanes)
        config = config.model_copy(update={"lanes": lanes})
    async with Database(url) as db:
        bench = await _built(config, clock, db, LaneName(lane))
        if is_first_start:
            await _hire(config, clock, db)
        task = asyncio.create_task(bench.runner.run())
        try:
            yield bench
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _hire(config: Config, clock: SystemClock, db: Database) -> None:
    operators = Operators(db, config.site_id, clock)
    await operators.add("li", "operator", PASSWORD, must_change=False)
    await operators.add("wang", "manager", PASSWORD, must_change=False)


async def _note(pauses: list[float], wait_s: float) -> None:
    """Wait no time at all, and keep how long it would have been."""
    pauses.append(wait_s)


async def _nobody_holds(_why: str) -> None:
    """There is no PLC whose mode could be asked for."""


def fee_of(stay: StayId) -> str:
    """Name the page of a stay's fee."""
    return f"fee-of-{stay}"


def phones_of(clock: SystemClock) -> Phones:
    """Know phones by tokens under a key of the bench; a sealed phone is its openid turned round."""
    tokens = Tokens(b"k" * 32, "ticket")
    return Phones(
        sign=lambda ticket: tokens.make(ticket, clock.now()),
        named=lambda signed: tokens.subject(signed, clock.now()),
        opened=lambda sealed: sealed[::-1] or None,
    )


async def _built(config: Config, clock: SystemClock, db: Database, lane: LaneName) -> Shell:
    plc = [TagSpec(TagName(f"{lane}.{point}"), "plc1", Access.READ) for point in PLC_POINTS]
    tags = TagTable([*plc, *lane_specs(lane), *site_specs()], clock)
    journal = SqlJournal(db, config.site_id, clock)
    keeper, cameras, cashier = BenchKeeper(_nothing), BenchCameras(), BenchCashier(clock)
    requests = BenchRequests(tags, clock)
    room = PictureRoom(config.site_id, clock, db, BenchPictures())
    pauses: list[float] = []
    tickets = TicketBook(
        site=config.site_id,
        db=db,
        clock=clock,
        journal=journal,
        phones=lambda: phones_of(clock),
        alarm=lambda at, code, text: tags.set(TagName(f"{at}.alarm"), f"{code}: {text}"),
        new_id=lambda: new_id(clock.now()),
        pause=lambda wait_s: _note(pauses, wait_s),
    )

    async def called(asked: LaneName) -> str:
        return (await calls.call(asked, PHONE)).id

    claims = Claims(
        config,
        clock,
        cashier,
        room,
        journal,
        found,
        typed,
        called,
        lambda passage: calls.of_car(passage),
        fee_of,
        tickets,
    )
    operators = Operators(db, config.site_id, clock)
    parts = LaneParts(
        site=config.site_id,
        no_stay_a_day=1,
        zone=await asyncio.to_thread(lambda: config.site.zone_info),
        clock=clock,
        db=db,
        journal=journal,
        tags=tags,
        watched=frozenset({TagName(f"{lane}.gate.open_request")}),
        gatekeeper=keeper,
        cameras=cameras,
        cashier=cashier,
        requests=requests,
        match=found,
        claim_url=lambda passage: claims.url(lane, passage),
        claim_code=claims.code_of,
        pays_by_page=False,
        new_id=lambda: f"id{id(object())}"[:26],
        elsewhere=lambda _lane, stay: stay in cashier.elsewhere,
        paid_s=lambda _stay: None,
        hold_open=_nobody_holds,
    )
    runner = LaneRunner(config.lane(lane), parts)
    claims.serve({lane: runner})
    calls = HelpCalls(config.site_id, clock, db, journal, tags, {lane: runner}, lambda: new_id(clock.now()))
    cases = CaseRoom(
        config.site_id,
        clock,
        db,
        journal,
        tags,
        {lane: runner},
        calls,
        Ringing(10.0, ("zhang",)),
        lambda: new_id(clock.now()),
    )
    limit = Fen(config.limits.goodwill_fen)
    desk = Desk(
        clock,
        db,
        journal,
        operators,
        cashier,
        requests,
        {lane: runner},
        typed,
        limit,
        {**PictureDesk(room, operators).verbs(), **calls.verbs(), **cases.verbs()},
    )
    return Shell(
        config, db, tags, runner, keeper, cameras, cashier, requests, claims, desk, calls, cases, clock, pauses
    )
