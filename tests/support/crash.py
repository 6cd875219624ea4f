"""A server of one lane that dies at any moment: the rules, the journal and the books are real, the ladder is a PLC.

Everything else is small: cameras and billing answer after a while, and what they had to say dies with the server.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from sqlite3 import Connection as SqliteConnection

from sqlalchemy import Connection, Engine, create_engine, insert, select, update

from plc.sim.ladder import power_up, scan
from plc.sim.memory import Inputs, Memory, Retained
from scada.engine.lane.record import Begins, step_entries
from scada.engine.lane.restart import taken_over
from scada.model.handshake import (
    AckResult,
    CommandBlock,
    CommandCode,
    Done,
    Mode,
    PassageOutcome,
    PlcImage,
    RiseCause,
    judge,
)
from scada.model.lane import commands as c
from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.image import LaneImage, Signal
from scada.model.lane.states import Lane
from scada.model.lane.step import step
from scada.model.lane.timing import Timing
from scada.model.lane.words import Direction, OpenRequest, Order, Quote, Reason
from scada.model.money import Fen
from scada.model.names import CaseId, LaneName, OrderId, PassageId, QuoteId, RequestId, SiteId, StayId
from scada.store import books
from scada.store.journal import write_entries
from scada.store.schema import intent, metadata
from tests.support.lane import read_of

SITE = SiteId("demo")
START = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
SCAN_MS = LOOK_MS = 50
ANSWER_MS = 100
BEAT_MS = 300
PRICE = 500


class Crash(Exception):
    """The server is killed here."""


@dataclass
class Street:
    """The lane in the field: a PLC that goes on whatever the server does, and a car that drives when it may."""

    memory: Memory = field(default_factory=lambda: power_up(replace(Retained(), boot=0)))
    inputs: Inputs = field(default_factory=Inputs)
    now_ms: int = 0
    beats: int = 0
    served: bool = False
    moved_ms: int | None = None
    """When the car began to move under the boom."""
    cars: int = 0

    def arrive(self) -> None:
        self.cars += 1
        self.moved_ms = None
        self._wire(approach=True)

    @property
    def at_s(self) -> float:
        return self.now_ms / 1000

    @property
    def at(self) -> datetime:
        return START + timedelta(milliseconds=self.now_ms)

    def goes_on(self, ms: int) -> None:
        """Let time pass: the PLC scans, the server beats while there is one, the car drives once the boom is up."""
        for _ in range(ms // SCAN_MS):
            self.now_ms += SCAN_MS
            if self.served and self.now_ms % BEAT_MS == 0:
                self.beats += 1
                self._wire(heartbeat=self.beats % 65536)
            self._drive()
            self.memory = scan(self.memory, self.inputs, SCAN_MS)

    def send(self, block: CommandBlock) -> None:
        high, low = divmod(block.passage, 65536), divmod(block.seq, 65536)
        words = (block.claim, int(block.code), *high, block.ttl_ms, block.tick, block.check, *low)
        self._wire(command=words)
        self.goes_on(SCAN_MS)

    def claim(self, number: int) -> None:
        self._wire(claim_wanted=number)

    def _wire(self, **changes: object) -> None:
        self.inputs = replace(self.inputs, **changes)  # type: ignore[arg-type]

    def _drive(self) -> None:
        if self.moved_ms is None:
            if self.memory.up and self.inputs.approach:
                self.moved_ms = self.now_ms
            return
        way_ms = self.now_ms - self.moved_ms
        for at_ms, changes in ((500, {"safety": True}), (900, {"approach": False}), (1500, {"safety": False})):
            if way_ms == at_ms:
                self._wire(**changes)

    def image(self, claim: int) -> LaneImage:
        memory = self.memory
        return LaneImage(
            approach=Signal(memory.inputs.approach),
            safety=Signal(memory.inputs.safety),
            up=Signal(memory.up),
            down=Signal(memory.down),
            close_permit=Signal(memory.permit),
            mode=memory.mode,
            passage_now=memory.now,
            passage_next=memory.follower,
            passage_last=memory.last,
            outcome=PassageOutcome(memory.outcome),
            rise_count=memory.retained.rises,
            rise_cause=RiseCause(memory.rise_cause),
            rise_passage=memory.rise_passage,
            alive=True,
            claimed=claim != 0 and memory.claim == claim,
        )

    def handshake(self) -> PlcImage:
        memory = self.memory
        return PlcImage(memory.retained.seq, memory.result, memory.tick, memory.retained.boot, memory.claim, memory.now)


@dataclass
class Accounts:
    """Billing: what it wrote is on disk."""

    begun: list[PassageId] = field(default_factory=list)
    ended: list[PassageId] = field(default_factory=list)
    paid: bool = False
    calls: list[str] = field(default_factory=list)

    def quote(self, at: datetime) -> Quote:
        due = Fen(0 if self.paid else PRICE)
        reason = Reason.PREPAID if self.paid else None
        return Quote(QuoteId("q1"), StayId("S1"), Fen(PRICE), due, 60, at + timedelta(seconds=90), reason)


def new_books() -> Engine:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    return engine


def copied(books_: Engine) -> Engine:
    """Give books of one's own with the same content."""
    engine = create_engine("sqlite://")
    with books_.connect() as there, engine.connect() as here:
        source, target = there.connection.driver_connection, here.connection.driver_connection
        assert isinstance(source, SqliteConnection)
        assert isinstance(target, SqliteConnection)
        source.backup(target)
    return engine


class Server:
    """One life of the lane's server. `kill_at`: it dies at its so many-th moment."""

    def __init__(
        self, street: Street, engine: Engine, accounts: Accounts, leads: Direction, kill_at: int | None = None
    ) -> None:
        self.street = street
        self.engine = engine
        self.accounts = accounts
        self.lane = Lane(LaneName("lane"), leads)
        self.timing = Timing()
        self.moments = 0
        self._kill_at = kill_at
        self._begins: Begins | None = Begins.SERVER
        self._answers: list[tuple[int, Callable[[], e.Event]]] = []
        self._claim = 0
        self._claims = 1 + street.now_ms % 65535
        self._began_ms = street.now_ms
        self._pay_ms: int | None = None

    def live(self, until: Callable[[], bool], within_ms: int = 60_000) -> None:
        """Run until something is so. Raises Crash where it dies, AssertionError where it never comes to be."""
        try:
            self._take_over()
            end_ms = self.street.now_ms + within_ms
            while not until():
                assert self.street.now_ms < end_ms, f"{self.lane.state} at {self.street.now_ms} ms"
                self._look()
        finally:
            self.street.served = False

    def _moment(self) -> None:
        self.moments += 1
        if self.moments == self._kill_at:
            raise Crash

    def _now(self) -> e.Now:
        return {"at": self.street.at, "at_s": self.street.at_s}

    def _take_over(self) -> None:
        with self.engine.begin() as conn:
            taken = taken_over(conn, SITE, self.lane)
        if taken is None:
            return
        self.lane = taken.lane
        for command in taken.missing:
            self._perform(command)
        if taken.left is not None:
            self._handle(e.Recovered(taken.left.at_s, taken.left.command, **self._now()))

    def _look(self) -> None:
        self.street.goes_on(LOOK_MS)
        self._hold_claim()
        image = self.street.image(self._claim)
        self._handle(e.TimePassed(**self._now()) if image == self.lane.image else e.ImageSeen(image, **self._now()))
        due = [one for one in self._answers if one[0] <= self.street.now_ms]
        self._answers = [one for one in self._answers if one[0] > self.street.now_ms]
        for _, answer in due:
            self._handle(answer())
        if self._pay_ms is not None and self.street.now_ms >= self._pay_ms:
            self._pay_ms = None
            self._settle_payment()

    def _hold_claim(self) -> None:
        """Be silent while a former server's claim or command lives; settle what it left, then beat, then claim."""
        memory = self.street.memory
        if memory.claim != 0 or (not self.street.served and self.street.now_ms - self._began_ms < 2100):
            return
        if not self.street.served:
            self._settle_left()
            self.street.served = True
        elif memory.alive:
            self._claim = self._claims
            self.street.claim(self._claim)

    def _settle_left(self) -> None:
        with self.engine.begin() as conn:
            for row in conn.execute(select(intent).where(intent.c.state == "OPEN")).all():
                block = CommandBlock(row.claim, CommandCode(row.code), row.number, row.ttl_ms, row.tick, row.seq)
                state = "DONE" if isinstance(judge(block, row.boot, self.street.handshake()), Done) else "NOT_DONE"
                conn.execute(update(intent).where(intent.c.id == row.id).values(state=state))
                self._answer(self._ended(PassageId(row.passage), state))

    def _ended(self, passage: PassageId, state: str) -> Callable[[], e.Event]:
        if state == "DONE":
            return lambda: e.CommandDone(passage, **self._now())
        return lambda: e.CommandRefused(passage, "expired", **self._now())

    def _handle(self, event: e.Event) -> None:
        done = step(self.lane, event, self.timing)
        if entries := step_entries(self.lane, event, done, self.timing, self._begins):
            self._moment()
            with self.engine.begin() as conn:
                write_entries(conn, SITE, self.street.at, entries)
            self._begins = None
            self._moment()
        self.lane = done.lane
        for command in done.commands:
            self._perform(command)

    def _answer(self, answer: Callable[[], e.Event]) -> None:
        self._answers.append((self.street.now_ms + ANSWER_MS, answer))

    def _perform(self, command: c.Command) -> None:
        if not isinstance(command, c.Show | c.RaiseAlarm | c.KeepPicture):
            self._moment()
        match command:
            case c.OpenGate():
                self._open(command)
            case c.BeginStay(passage):
                self.accounts.begun += [] if passage.id in self.accounts.begun else [passage.id]
            case c.EndStay(_, passage):
                self.accounts.ended += [] if passage.id in self.accounts.ended else [passage.id]
            case c.RecordPassage() | c.RecordRise() | c.OpenCase() | c.CloseCase():
                with self.engine.begin() as conn:
                    self._book(conn, command)
            case c.Show(message=c.Message.SCAN_PAY) if not self.accounts.paid:
                self._pay_ms = self.street.now_ms + 1000
            case _:
                self._ask(command)
        self._moment()

    def _ask(self, command: c.Command) -> None:
        match command:
            case c.Capture(passage):
                self._answer(lambda: e.PlateSeen(passage, read_of("京A12345"), **self._now()))
            case c.AskAdmission(passage):
                self._answer(lambda: e.Admitted(passage, **self._now()))
            case c.FindStay(passage):
                self._answer(lambda: e.StayFound(passage, StayId("S1"), "camera", **self._now()))
            case c.AskQuote(passage):
                self._answer(lambda: e.Quoted(passage, self.accounts.quote(self.street.at), **self._now()))
            case c.AskOrder(passage, quote):
                order = Order(OrderId("order1"), quote.id, quote.stay, quote.due_fen, "weixin://pay/1")
                self._answer(lambda: e.OrderMade(passage, quote, order, self.street.at_s + 90, **self._now()))
            case _:
                self.accounts.calls.append(type(command).__name__)

    def _settle_payment(self) -> None:
        """WeChat says that it is paid: it is written first, then the lane is asked; a crash between loses that."""
        self._moment()
        self.accounts.paid = True
        self._moment()
        request = OpenRequest(
            RequestId("r1"), StayId("S1"), OrderId("order1"), None, Reason.PAID, "billing", self.street.at
        )
        self._handle(e.OpenRequested(request, **self._now()))

    def _open(self, command: c.OpenGate) -> None:
        """Command the PLC as the gatekeeper does: the book first, then the wire, then the book."""
        image = self.street.handshake()
        seq = 1 + max(image.ack_seq, self._last_seq())
        block = CommandBlock(self._claim, CommandCode.OPEN, command.number, 2000, image.tick, seq)
        passage = command.authorisation.passage
        with self.engine.begin() as conn:
            conn.execute(insert(intent).values(**_intent(block, passage, image.boot, self.street.at)))
        self._moment()
        self.street.send(block)
        self._moment()
        done = self.street.handshake()
        state = "DONE" if done.ack_seq == seq and done.ack_result == AckResult.DONE else "NOT_DONE"
        with self.engine.begin() as conn:
            conn.execute(update(intent).where(intent.c.seq == seq).values(state=state))
        self._answer(self._ended(passage, state))

    def _last_seq(self) -> int:
        with self.engine.begin() as conn:
            found: list[int] = [0, *conn.execute(select(intent.c.seq)).scalars()]
        return max(found)

    def _book(self, conn: Connection, command: c.Command) -> None:
        at = self.street.at
        match command:
            case c.RecordPassage(passage, outcome, note):
                books.record_passage(conn, SITE, self.lane.name, passage, outcome, note, at)
            case c.RecordRise(count, cause, of, number):
                books.record_rise(conn, SITE, self.lane.name, count, cause, of, number, at)
            case c.OpenCase(of, why):
                books.open_case(conn, SITE, self.lane.name, of, why, at, CaseId(f"case-{self.street.now_ms}"))
            case c.CloseCase(of, outcome):
                books.close_case(conn, SITE, of, outcome, at)
            case _:
                raise AssertionError(command)


def _intent(block: CommandBlock, passage: PassageId, boot: int, at: datetime) -> dict[str, object]:
    return {
        "site": SITE,
        "lane": "lane",
        "passage": passage,
        "code": int(block.code),
        "seq": block.seq,
        "claim": block.claim,
        "number": block.passage,
        "tick": block.tick,
        "ttl_ms": block.ttl_ms,
        "boot": boot,
        "block": b"",
        "made_at": at,
        "state": "OPEN",
    }


def is_over(server: Server) -> bool:
    """Say whether the car is through and the lane at rest."""
    street = server.street
    memory = street.memory
    quiet = server.lane.image.claimed and isinstance(server.lane.state, s.Idle)
    return quiet and memory.down and not memory.now and memory.mode is Mode.AUTO and memory.last == street.cars
