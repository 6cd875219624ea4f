"""A lane on the bench: say what the PLC shows and what billing answers, look at what the lane commands."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from scada.model.handshake import Mode, PassageOutcome, RiseCause
from scada.model.lane import commands as c
from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.image import OFF, LaneImage, Signal
from scada.model.lane.states import Lane
from scada.model.lane.step import step
from scada.model.lane.timing import Timing
from scada.model.lane.words import Direction, OpenRequest, Order, Quote, Reason
from scada.model.money import Fen
from scada.model.names import LaneName, OrderId, PassageId, QuoteId, RequestId, StayId
from scada.model.plate import Plate, PlateColour, PlateKind, PlateRead, PlateUnread

START = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
ON = Signal(on=True)
TIMING = Timing(t_help_s=20.0)
READY = LaneImage(
    approach=OFF,
    safety=OFF,
    up=OFF,
    down=ON,
    close_permit=ON,
    mode=Mode.AUTO,
    passage_now=0,
    passage_next=0,
    passage_last=0,
    outcome=PassageOutcome.NONE,
    rise_count=0,
    rise_cause=RiseCause.NONE,
    rise_passage=0,
    alive=True,
    claimed=True,
)
"""A lane with its boom down and nobody there."""
MINE = Plate("京A12345")

C = TypeVar("C", bound=c.Command)


def read_of(plate: str, confidence: float = 0.95, agreeing: int = 3) -> PlateRead:
    return PlateRead(Plate(plate), PlateKind.ORDINARY, PlateColour.BLUE, confidence, agreeing, agreeing, picture=None)


def quote_of(stay: str, due: int, number: int = 1, free: Reason | None = None) -> Quote:
    return Quote(
        QuoteId(f"q{number}"), StayId(stay), Fen(due), Fen(due), 60, START + timedelta(hours=1), free, plate=MINE
    )


def order_of(quote: Quote, number: int = 1) -> Order:
    return Order(OrderId(f"order{number}"), quote.id, quote.stay, quote.due_fen, f"weixin://pay/{number}")


class Bench:
    """One lane with everything it has commanded so far."""

    def __init__(self, direction: Direction, timing: Timing = TIMING) -> None:
        self.timing = timing
        self.lane = Lane(LaneName("out1" if direction is Direction.EXIT else "in1"), direction)
        self.image = READY
        self.at_s = 0.0
        self.commands: list[c.Command] = []
        self.shows()

    @property
    def now(self) -> e.Now:
        return {"at": START + timedelta(seconds=self.at_s), "at_s": self.at_s}

    @property
    def state(self) -> s.State:
        return self.lane.state

    @property
    def passage(self) -> PassageId:
        assert self.lane.live is not None
        return self.lane.live.id

    def hear(self, event: e.Event) -> list[c.Command]:
        done = step(self.lane, event, self.timing)
        self.lane = done.lane
        self.commands += done.commands
        return list(done.commands)

    def shows(self, **changes: object) -> list[c.Command]:
        """The PLC's image changes: `approach=ON`, `passage_now=1` and so on."""
        self.image = replace(self.image, **changes)  # type: ignore[arg-type]
        return self.hear(e.ImageSeen(self.image, **self.now))

    def waits(self, seconds: float) -> list[c.Command]:
        """Time passes in tenths of a second."""
        commands: list[c.Command] = []
        for _ in range(round(seconds * 10)):
            self.at_s += 0.1
            commands += self.hear(e.TimePassed(**self.now))
        return commands

    def all(self, kind: type[C]) -> list[C]:
        return [command for command in self.commands if isinstance(command, kind)]

    # What a car does, as the PLC numbers it

    def arrives(self, number: int) -> None:
        self.shows(approach=ON, passage_now=number)

    def boom_rises(self, cause: RiseCause = RiseCause.AUTHORISED) -> None:
        number = self.image.passage_now
        self.shows(down=OFF, rise_count=self.image.rise_count + 1, rise_cause=cause, rise_passage=number)
        self.shows(up=ON)

    def passes(self, follower: int = 0, outcome: PassageOutcome = PassageOutcome.FORWARD) -> None:
        number = self.image.passage_now
        self.shows(safety=ON, close_permit=OFF)
        self.shows(approach=OFF)
        if follower:
            self.shows(approach=ON, passage_next=follower)
        self.shows(safety=OFF, passage_now=follower, passage_next=0, passage_last=number, outcome=outcome)

    def boom_lowers(self) -> None:
        self.shows(close_permit=ON)
        self.shows(up=OFF)
        self.shows(down=ON)

    def leaves(self, outcome: PassageOutcome = PassageOutcome.BACKED_OUT) -> None:
        """The car is gone from the approach loop, and the PLC has waited until it was sure."""
        number = self.image.passage_now
        self.shows(approach=OFF)
        self.shows(passage_now=0, passage_last=number, outcome=outcome)

    # What the others answer

    def camera_reads(self, plate: str, confidence: float = 0.95, agreeing: int = 3) -> list[c.Command]:
        return self.hear(e.PlateSeen(self.passage, read_of(plate, confidence, agreeing), **self.now))

    def camera_fails(self) -> list[c.Command]:
        return self.hear(e.PlateSeen(self.passage, PlateUnread("no plate in the picture", None), **self.now))

    def camera_reads_of(self, passage: PassageId, plate: str) -> list[c.Command]:
        """The camera's answer about a car that need not be the live one."""
        return self.hear(e.PlateSeen(passage, read_of(plate), **self.now))

    def camera_sees_nobody(self) -> list[c.Command]:
        return self.hear(e.PlateSeen(self.passage, PlateUnread("nobody in the picture", None, frames=8), **self.now))

    def is_admitted(self) -> list[c.Command]:
        return self.hear(e.Admitted(self.passage, **self.now))

    def has_stay(self, stay: str, by: str = "camera") -> list[c.Command]:
        return self.hear(e.StayFound(self.passage, StayId(stay), by, **self.now))

    def owes(self, stay: str, due: int, number: int = 1, free: Reason | None = None) -> list[c.Command]:
        quote = quote_of(stay, due, number, free)
        commands = self.hear(e.Quoted(self.passage, quote, **self.now))
        if due:
            until_s = self.at_s + self.timing.t_quote_s
            commands += self.hear(e.OrderMade(self.passage, quote, order_of(quote, number), until_s, **self.now))
        return commands

    def pays(self, stay: str, number: int = 1) -> list[c.Command]:
        """Billing has settled the order and writes the gate-open request tag."""
        request = OpenRequest(
            RequestId(f"r{number}"), StayId(stay), OrderId(f"order{number}"), None, Reason.PAID, "billing", START
        )
        return self.hear(e.OpenRequested(request, **self.now))

    def operator_opens(self, passage: PassageId, reason: Reason = Reason.EQUIPMENT) -> list[c.Command]:
        request = OpenRequest(RequestId("op"), None, None, passage, reason, "li", START)
        return self.hear(e.OpenRequested(request, **self.now))

    def plc_accepts(self) -> list[c.Command]:
        return self.hear(e.CommandDone(self.passage, **self.now))


def entry() -> Bench:
    return Bench(Direction.ENTRY)


def exit_lane(timing: Timing = TIMING) -> Bench:
    return Bench(Direction.EXIT, timing)


def at_the_boom(stay: str = "S1", due: int = 500) -> Bench:
    """An exit with a car whose order is on the display."""
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.has_stay(stay)
    bench.owes(stay, due)
    return bench


def let_in(bench: Bench, plate: str = "京A12345", number: int = 1) -> Bench:
    """A car is admitted, and the boom is up for it."""
    bench.arrives(number)
    bench.camera_reads(plate)
    bench.is_admitted()
    bench.plc_accepts()
    bench.boom_rises()
    return bench


def let_out(bench: Bench, plate: str = "京A12345", stay: str = "S1") -> Bench:
    """A car has paid, and the boom is up for it."""
    bench.arrives(1)
    bench.camera_reads(plate)
    bench.has_stay(stay)
    bench.owes(stay, 500)
    bench.pays(stay)
    bench.boom_rises()
    return bench


def notes(bench: Bench) -> list[str]:
    return [record.note for record in bench.all(c.RecordPassage)]
