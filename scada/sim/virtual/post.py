"""One lane with everything that belongs to it, and the hands of its lane machine: who answers its questions."""

from dataclasses import dataclass, replace
from random import Random
from typing import Protocol

from scada.model.handshake import Done, NotDone, Undecided, Unknowable, Verdict
from scada.model.lane import commands as c
from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.image import DARK
from scada.model.lane.states import Lane
from scada.model.lane.timing import Timing
from scada.model.lane.words import Direction, Fate, OpenRequest, Reason, Refused, Taken
from scada.model.names import LaneName, OrderId, PassageId, RequestId, StayId
from scada.model.plate import PlateRead
from scada.sim.virtual.agenda import Agenda
from scada.sim.virtual.books import Books, Leave, PassageRow, RiseRow
from scada.sim.virtual.cabinet import Cabinet
from scada.sim.virtual.camera import reading
from scada.sim.virtual.forecourt import Forecourt, Hearers
from scada.sim.virtual.keeper import CommandBook, Keeper
from scada.sim.virtual.runner import Runner
from scada.sim.virtual.till import Till

BILLING_MS = 30
ORDER_MS = 350
SPACES = 1000
TECHNICIAN_MS = 8 * 60_000
KEY_MS = 4000


@dataclass(slots=True)
class Weather:
    """What works at the moment outside the lanes."""

    serving: bool = True
    wechat: bool = True


class Around(Protocol):
    """The people at a lane."""

    def shown(self, post: "Post", show: c.Show) -> None:
        """The lane's display says something."""

    def case_opened(self, post: "Post", passage: PassageId, why: str) -> None:
        """A person must decide."""

    def admits(self, read: PlateRead) -> Reason | str:
        """Say with what reason a plate may come in, or why not."""


class Post:
    """One lane: road, PLC, server side, camera."""

    def __init__(
        self,
        name: LaneName,
        direction: Direction,
        agenda: Agenda,
        random: Random,
        till: Till,
        books: Books,
        weather: Weather,
        hearers: Hearers,
        around: Around,
    ) -> None:
        self.name = name
        self.direction = direction
        self.agenda = agenda
        self.cabinet = Cabinet(agenda)
        self.road = Forecourt(name, direction, self.cabinet, agenda, hearers)
        self.camera_works = True
        self.linked = True
        self.stays: dict[int, StayId] = {}
        """The stay that each passage number began here."""
        self.cases: dict[PassageId, str] = {}
        self._random = random
        self._till = till
        self._books = books
        self._weather = weather
        self._around = around
        self._timing = Timing(t_help_s=20.0 if direction is Direction.ENTRY else 60.0)
        self._rises: int | None = None
        self._last: int | None = None
        self._former: tuple[Lane | None, float] = (None, 0.0)
        self._commands = CommandBook()
        self.cabinet.changed = self._changed
        self.start_server()

    @property
    def is_stopped(self) -> bool:
        """Its sign says that it is out of order."""
        return isinstance(self.runner.lane.state, s.Faulted)

    def start_server(self, *, forgets: bool = False) -> None:
        """A server process begins, and goes on where the journal's last row left the lane.

        `forgets`: that row cannot be read, so that only the books are left.
        """
        former, left_s = self._former
        lane = replace(Lane(self.name, self.direction), rises=self._rises, last=self._last)
        if former is not None and not forgets:
            lane = replace(former, image=DARK)
        else:
            self.cases.clear()
        self.keeper = Keeper(self.cabinet, self.agenda, self._random, self._commands, lambda: self.linked)
        self.runner = Runner(lane, self._timing, self.cabinet, self.agenda, self.keeper.owns, self._perform)
        self.runner.linked = self.linked
        self.cabinet.serve(on=self.linked)
        if former is not None and not forgets:
            self._recover(left_s)

    def _recover(self, left_s: float) -> None:
        """Tell the lane what became of the last command of the server before."""
        live = self.runner.lane.live
        fate = Fate.NONE if live is None else self._commands.fate_of(live.number)
        self.hear(e.Recovered(left_s=left_s, command=fate, **self.runner.now()))
        if live is not None and isinstance(self.runner.lane.state, s.Recovering):
            runner, passage = self.runner, live.id
            self.keeper.hear_end(lambda verdict: runner.hear(_outcome(passage, verdict, runner.now())))

    def stop_server(self) -> None:
        """The server process is killed."""
        self.cabinet.serve(on=False)
        self._former = self.runner.lane, self.agenda.now_s
        self.runner.stop()
        self.keeper.stop()

    def link(self, *, linked: bool) -> None:
        """The line between server and PLC is cut, or mended."""
        self.linked = linked
        self.runner.linked = linked
        self.cabinet.serve(on=linked and self.runner.alive)
        self.runner.look_soon()

    def hear(self, event: e.Event) -> None:
        """Tell the lane machine something."""
        self.runner.hear(event)

    def request(self, reason: Reason, by: str, passage: PassageId | None, stay: StayId | None, order: str) -> None:
        """Write the lane's gate-open request tag."""
        name = RequestId(f"{self.name}-{self.agenda.now_ms}")
        asked = OpenRequest(name, stay, OrderId(order) if order else None, passage, reason, by, self.agenda.now)
        self.hear(e.OpenRequested(asked, **self.runner.now()))

    def _changed(self) -> None:
        self.keeper.notice()
        self.runner.look_soon()
        self.road.look()

    def _perform(self, command: c.Command, lane: Lane) -> None:
        """Carry a command out, or let an answer come later."""
        match command:
            case c.Capture():
                self.runner.hear_later(self._random.randrange(500, 1600), lambda: self._seen(command.passage))
            case c.AskAdmission():
                self.runner.hear_later(BILLING_MS, lambda: self._admission(command))
            case c.FindStay():
                self.runner.hear_later(BILLING_MS, lambda: self._find(command))
            case c.AskQuote():
                self.runner.hear_later(BILLING_MS, lambda: self._quote(command))
            case c.AskOrder():
                self.runner.hear_later(ORDER_MS, lambda: self._order(command))
            case c.CloseOrder(order=order):
                self._till.close_order(order)
            case c.OpenGate():
                self._open(command)
            case c.RevokeGate(number=number):
                self.keeper.cancel(number, _whatever)
            case c.Show():
                self._around.shown(self, command)
            case c.OpenCase(passage=passage, why=why):
                self.cases[passage] = why
                self._books.cases[why.partition(":")[0]] += 1
                self._around.case_opened(self, passage, why)
            case c.CloseCase(passage=passage):
                self.cases.pop(passage, None)
            case _:
                self._write_down(command, lane)

    def _write_down(self, command: c.Command, lane: Lane) -> None:
        now_ms, books = self.agenda.now_ms, self._books
        match command:
            case c.BeginStay(passage=passage):
                self.stays[passage.number] = self._till.begin(self.name, passage, self.agenda.now)
            case c.EndStay(stay=stay, passage=passage, ending=ending):
                said = self._till.end(stay, passage, command.reason, ending, self.agenda.now)
                books.done[f"stay {said}"] += 1
            case c.AnnulStay(passage=entry):
                self._till.annul(entry, self.agenda.now)
            case c.RecordPassage(passage=passage, outcome=outcome, note=note):
                plate = passage.read.text if passage.read is not None else None
                self._last = max(self._last or 0, passage.number)
                books.passages.append(PassageRow(self.name, passage.id, passage.number, now_ms, outcome, note, plate))
            case c.RecordRise(count=count, cause=cause, passage=rise_of, number=number):
                self._rises = count
                books.rises.append(RiseRow(self.name, now_ms, count, cause, rise_of, number))
            case c.RaiseAlarm(code=code):
                books.alarms[code] += 1
                if code in ("barrier", "boom", "unexplained_rise"):
                    self.agenda.after(TECHNICIAN_MS, self._visit)
            case c.AnswerRequest(answer=Taken()):
                books.answers["taken"] += 1
            case c.AnswerRequest(answer=Refused(why=why)):
                books.answers[why] += 1
            case _:
                return

    def _visit(self) -> None:
        """A technician frees the motor of a barrier that stands still under the key, and says that it is whole."""
        if not isinstance(self.runner.lane.state, s.Faulted):
            return
        inputs = self.cabinet.inputs
        if inputs.jammed or inputs.detached or inputs.drive_fault or inputs.safety_fault or inputs.lifted:
            self.agenda.after(TECHNICIAN_MS, self._visit)
            return
        self._books.done["freed by the technician"] += 1
        self.cabinet.wire(key=True)
        self.agenda.after(KEY_MS, self._leave)

    def _leave(self) -> None:
        self.cabinet.wire(key=False)
        self.hear(e.FaultConfirmed("zhang", **self.runner.now()))
        self.agenda.after(TECHNICIAN_MS, self._visit)

    def _seen(self, passage: PassageId) -> e.Event:
        turn = self.road.seen()
        plate = turn.reading if turn is not None else None
        read = reading(self._random, plate, works=self.camera_works)
        return e.PlateSeen(passage, read, **self.runner.now())

    def _admission(self, asked: c.AskAdmission) -> e.Event:
        answer = self._around.admits(asked.read)
        if isinstance(answer, Reason):
            return e.Admitted(asked.passage, answer, **self.runner.now())
        return e.NotAdmitted(asked.passage, answer, **self.runner.now())

    def _find(self, asked: c.FindStay) -> e.Event:
        found = self._till.match(asked.read)
        if found.exact is not None:
            by, plate = asked.read.by.value, asked.read.text
            return e.StayFound(asked.passage, found.exact.id, by, plate=plate, **self.runner.now())
        near = tuple(one.stay.id for one in found.near)
        return e.StayNotFound(asked.passage, near, **self.runner.now())

    def _quote(self, asked: c.AskQuote) -> e.Event:
        quote = self._till.quote(asked.stay, self.agenda.now)
        if quote is None:
            return e.BillingFailed(asked.passage, "quote", "the stay has ended", **self.runner.now())
        return e.Quoted(asked.passage, quote, **self.runner.now())

    def _order(self, asked: c.AskOrder) -> e.Event:
        if not self._weather.wechat:
            return e.BillingFailed(asked.passage, "order", "WeChat cannot be reached", **self.runner.now())
        order = self._till.order(asked.quote, self.name)
        until_s = self.agenda.now_s + self._timing.t_quote_s
        return e.OrderMade(asked.passage, asked.quote, order, until_s, **self.runner.now())

    def _open(self, command: c.OpenGate) -> None:
        leave = command.authorisation
        self._books.leaves.append(
            Leave(self.name, self.agenda.now_ms, command.number, leave.passage, leave.stay, leave.reason.value)
        )
        runner = self.runner
        self.keeper.open(command.number, lambda verdict: runner.hear(_outcome(leave.passage, verdict, runner.now())))


def _whatever(_verdict: Verdict) -> None:
    """Nobody waits for the answer."""


def _outcome(passage: PassageId, verdict: Verdict, now: e.Now) -> e.Event:
    match verdict:
        case Done():
            return e.CommandDone(passage, **now)
        case NotDone(why=why, lost=lost):
            return e.CommandRefused(passage, why, lost=lost, **now)
        case Unknowable(why=why):
            return e.CommandUnknown(passage, why, **now)
        case Undecided():
            return e.CommandUnknown(passage, "no verdict", **now)
