"""Three lanes of a car park coupled in memory: street, ladder, wire and lane machine, with nothing between but values.

Time is virtual. People, cameras, billing and the weather are the story's; whoever watches sees every scan and step.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Protocol

from plc.sim.ladder import power_up, scan
from plc.sim.memory import INNER, Inputs, Memory, Retained, Settings
from scada.model.handshake import (
    CommandCode,
    Done,
    Mode,
    NotDone,
    PassageOutcome,
    RiseCause,
    Undecided,
    Unknowable,
    Verdict,
    judge,
)
from scada.model.lane import commands as c
from scada.model.lane import events as e
from scada.model.lane.image import DARK, LaneImage, Signal
from scada.model.lane.states import Lane, Step
from scada.model.lane.step import step
from scada.model.lane.timing import Timing
from scada.model.lane.words import Direction, Fate, OpenRequest, Reason
from scada.model.names import LaneName, PassageId, RequestId
from scada.model.plate import PlateRead, PlateUnread
from scada.model.tag import Quality
from tests.support.keeper import Delivery, Keeper, Sent, Wire, plc_image
from tests.support.lane import START, read_of
from tests.support.street import Street
from tests.support.till import Sheet, Till

IN, OUT, BOTH = LaneName("in1"), LaneName("out1"), LaneName("both1")
TICK_MS = 500
STEP_MS, STRIDE_MS = 50, 200
SETTLED_MS = 3000
"""After so long the end of a command is known, or nobody will ever know."""
_FATES = {
    type(None): Fate.NONE,
    Undecided: Fate.OPEN,
    Done: Fate.DONE,
    NotDone: Fate.NOT_DONE,
    Unknowable: Fate.UNKNOWN,
}


class Watch(Protocol):
    """Sees everything and says when a law is broken."""

    def scanned(self, post: "Post", before: Memory, after: Memory) -> None: ...

    def stepped(self, post: "Post", before: Lane, event: e.Event, done: Step) -> None: ...


@dataclass
class Weather:
    """How cameras, billing, WeChat and wires are just now."""

    camera: str = "sees"
    camera_ms: int = 600
    billing: bool = True
    billing_ms: int = 50
    wechat: bool = True
    notice_ms: int = 300
    full: bool = False
    doubts: bool = False
    fate: Delivery = field(default_factory=Delivery)


class Post:
    """One lane: its street and PLC, and the server's half, which may be thrown away."""

    def __init__(self, site: "Site", name: LaneName, leads: Direction, settings: Settings) -> None:
        self.site, self.name, self.leads = site, name, leads
        self.street = Street()
        self.memory = power_up(Retained(), settings)
        self.inputs = Inputs()
        self.linked = True
        self.wire = Wire()
        self.rises, self.last = 0, 0
        self.lane: Lane | None = None
        self.keeper = Keeper(self.wire, 0)
        self.life = 0
        """Which server process this is; answers to a former one are lost."""
        self._timed_ms = 0
        self._left: tuple[Lane, float] | None = None
        self.start_server()

    def start_server(self) -> None:
        """A new server process takes the lane over from the journal's last row; without one it knows only the books."""
        self.life += 1
        two_way = self.memory.settings.two_way
        self.keeper = Keeper(self.wire, self.site.now_ms)
        if self._left is None:
            self.lane = Lane(self.name, self.leads, rises=self.rises, last=self.last, two_way=two_way)
            return
        former, left_s = self._left
        self.lane = replace(former, image=DARK)
        mine = [sent for sent in self.wire.book if former.live is not None and sent.passage == former.live.id]
        verdict = judge(mine[-1].block, mine[-1].boot, plc_image(self.memory)) if mine else None
        self.hear(e.Recovered(left_s, _FATES[type(verdict)], **self.site.now))
        if isinstance(verdict, Undecided):
            life = self.life
            self.site.at(SETTLED_MS, lambda: self._settle(mine[-1]) if self.life == life else None)

    def _settle(self, sent: Sent) -> None:
        """Tell the lane what became of a former server's command, once its life is over."""
        verdict = judge(sent.block, sent.boot, plc_image(self.memory))
        self._answered(sent, Unknowable("nobody can tell") if isinstance(verdict, Undecided) else verdict)

    def kill_server(self, *, forgets: bool = False) -> None:
        """Kill the server; `forgets`: its journal is lost with it."""
        self.life += 1
        self._left = None if forgets or self.lane is None else (self.lane, self.site.now_ms / 1000)
        self.lane = None

    def cut_power(self) -> None:
        """The PLC forgets all but what it retains; the words in its registers stay."""
        self.memory = power_up(self.memory.retained, self.memory.settings)

    def wire_in(self, **changes: bool | int) -> None:
        """Change contacts, or a word that the server writes; the next scan sees them."""
        self.inputs = replace(self.inputs, **changes)  # type: ignore[arg-type]

    def scan(self, dt_ms: int) -> None:
        """Scan once with what street and wire have brought, then let the server look."""
        before, now_ms = self.memory, self.site.now_ms
        changes: dict[str, object] = dict(self.street.felt())
        if self.inputs.safety_fault:
            changes["safety"] = False
        words = self.wire.arrived(now_ms, linked=self.linked)
        if words is not None:
            changes["command"] = words
        if self.lane is not None and self.linked:
            changes |= self.keeper.hold(before, self.inputs, now_ms)
        self.inputs = replace(self.inputs, **changes)  # type: ignore[arg-type]
        self.memory = scan(before, self.inputs, dt_ms)
        self.site.watch.scanned(self, before, self.memory)
        if self.lane is not None:
            self._look(self.lane)

    def _look(self, lane: Lane) -> None:
        image = self.image()
        done = self.keeper.work(plc_image(self.memory) if self.linked else None, self.site.now_ms)
        if image != lane.image:
            self.hear(e.ImageSeen(image, **self.site.now))
        elif self.site.now_ms - self._timed_ms >= TICK_MS:
            self._timed_ms = self.site.now_ms
            self.hear(e.TimePassed(**self.site.now))
        if done is not None:
            self._answered(*done)

    def _answered(self, sent: Sent, verdict: Verdict) -> None:
        if sent.block.code is not CommandCode.OPEN:
            return
        passage = PassageId(sent.passage)
        match verdict:
            case Done():
                self.hear(e.CommandDone(passage, **self.site.now))
            case NotDone(why, lost):
                self.hear(e.CommandRefused(passage, why, lost=lost, **self.site.now))
            case _:
                self.hear(e.CommandUnknown(passage, "nobody can tell", **self.site.now))

    @property
    def moves(self) -> bool:
        """The boom moves, somebody is under it, or a command is on its way."""
        memory, keeper = self.memory, self.keeper
        boom = memory.raising or memory.lowering or not (memory.up or memory.down)
        return boom or memory.entered or keeper.pending is not None or bool(keeper.waiting or self.wire.under_way)

    def image(self) -> LaneImage:
        """Give what the server reads."""
        return image_of(self.memory, self.keeper.owns) if self.linked else DARK

    def hear(self, event: e.Event) -> None:
        """Step the lane machine, and have its commands carried out."""
        if self.lane is None:
            return
        before, timing = self.lane, self.site.timing
        done = step(before, event, timing)
        self.lane = done.lane
        self.site.watch.stepped(self, before, event, done)
        for command in done.commands:
            self._perform(command)

    def _perform(self, command: c.Command) -> None:
        site, weather = self.site, self.site.weather
        match command:
            case c.Capture(passage):
                reading = self._seen()
                if weather.camera != "silent":
                    site.later(weather.camera_ms, self, lambda: e.PlateSeen(passage, reading, **site.now))
            case c.AskAdmission(passage):
                site.later(weather.billing_ms, self, lambda: self._admission(passage))
            case c.FindStay(passage, read):
                site.later(weather.billing_ms, self, lambda: self._found(passage, read))
            case c.AskQuote() | c.AskOrder() | c.AskAcceptance():
                site.later(weather.billing_ms, self, lambda: self._priced(command))
            case c.OpenGate(leave, number):
                self.keeper.fate = weather.fate
                self.keeper.want(CommandCode.OPEN, leave.passage, number)
            case c.RevokeGate(passage, number):
                self.keeper.want(CommandCode.CANCEL, passage, number)
            case c.BeginStay(passage=of) if of.read is not None:
                site.till.begin(of.read.text)
            case c.EndStay(stay=stay, ending=ending):
                site.till.stay(stay).ended = ending
            case c.RecordRise(count=count):
                self.rises = count
            case c.RecordPassage(passage=of):
                self.last = max(self.last, of.number)
            case _:
                pass

    def _seen(self) -> PlateRead | PlateUnread:
        """Take the burst: who stands before the camera now."""
        camera = self.site.weather.camera
        inner = self.memory.side == INNER and self.memory.settings.two_way
        car = self.street.in_view(inner=inner)
        if camera == "dark":
            return PlateUnread("the camera is off", None)
        if car is None or camera == "misses":
            return PlateUnread("no plate in the picture", None, frames=8)
        return read_of(car.plate, *((0.5, 1) if camera == "weak" else (0.95, 3)))

    def _admission(self, passage: PassageId) -> e.Event:
        weather, now = self.site.weather, self.site.now
        if not weather.billing:
            return e.BillingFailed(passage, "admission", "away", **now)
        return e.NotAdmitted(passage, "full", again=True, **now) if weather.full else e.Admitted(passage, **now)

    def _found(self, passage: PassageId, read: PlateRead) -> e.Event:
        if not self.site.weather.billing:
            return e.BillingFailed(passage, "stay", "away", **self.site.now)
        stay = self.site.till.find(read.text)
        if stay is None:
            return e.StayNotFound(passage, (), read.text, **self.site.now)
        doubt = "it looks different" if self.site.weather.doubts else ""
        return e.StayFound(passage, stay.id, "camera", doubt, plate=read.text, **self.site.now)

    def _priced(self, asked: c.AskQuote | c.AskOrder | c.AskAcceptance) -> e.Event:
        site, passage = self.site, asked.passage
        if not site.weather.billing or (isinstance(asked, c.AskOrder) and not site.weather.wechat):
            return e.BillingFailed(passage, type(asked).__name__, "away", **site.now)
        match asked:
            case c.AskQuote(stay=stay):
                return e.Quoted(passage, site.till.quote(stay, site.now_ms), **site.now)
            case c.AskOrder(quote=quote):
                order = site.till.order(quote, self.name, passage)
                until_s = (quote.valid_until - START).total_seconds()
                return e.OrderMade(passage, quote, order, until_s, **site.now)
            case c.AskAcceptance():
                return e.AcceptanceRefused(passage, "no contract", **site.now)


class Site:
    """The lanes, billing, and time."""

    def __init__(self, watch: Watch, *, closing_fitted: bool = False) -> None:
        self.watch, self.now_ms = watch, 0
        self.timing = Timing(t_help_s=20.0)
        self.till, self.weather = Till(), Weather()
        self._later: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0
        plain = Settings(closing_fitted=closing_fitted)
        self.posts = {
            IN: Post(self, IN, Direction.ENTRY, plain),
            OUT: Post(self, OUT, Direction.EXIT, replace(plain, raise_when_lost=closing_fitted)),
            BOTH: Post(self, BOTH, Direction.ENTRY, Settings(two_way=True)),
        }

    @property
    def now(self) -> e.Now:
        return {"at": START + timedelta(milliseconds=self.now_ms), "at_s": self.now_ms / 1000}

    def later(self, ms: int, post: Post, answer: Callable[[], e.Event]) -> None:
        """Let an answer come later, unless the server that asked is gone by then."""
        life = post.life
        self.at(ms, lambda: post.hear(answer()) if post.life == life else None)

    def at(self, ms: int, what: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._later, (self.now_ms + ms, self._count, what))

    def run(self, ms: int) -> None:
        """Let time pass: the first scan as short as a PLC's own, then short ones while something moves."""
        until_ms, dt_ms = self.now_ms + ms, 10
        while self.now_ms < until_ms:
            self.now_ms += dt_ms
            for post in self.posts.values():
                post.scan(dt_ms)
            while self._later and self._later[0][0] <= self.now_ms:
                heapq.heappop(self._later)[2]()
            moves = any(post.moves for post in self.posts.values())
            dt_ms = min(STEP_MS if moves else STRIDE_MS, max(until_ms - self.now_ms, 10))

    def pay(self, sheet: Sheet) -> None:
        """A driver pays an order, whatever became of it; billing asks the lane to open when the notice comes."""
        self.at(self.weather.notice_ms, lambda: self._settle(sheet))

    def _settle(self, sheet: Sheet) -> None:
        request = self.till.settle(sheet, self.now_ms)
        if request is not None:
            self.posts[sheet.lane].hear(e.OpenRequested(request, **self.now))

    def operator_opens(self, post: Post, passage: PassageId, reason: Reason = Reason.EQUIPMENT) -> None:
        """An operator asks that the car of a passage may go."""
        request = OpenRequest(RequestId("op"), None, None, passage, reason, "li", self.now["at"])
        post.hear(e.OpenRequested(request, **self.now))


def image_of(memory: Memory, owns: Callable[[int], bool]) -> LaneImage:
    """Give the lane's image as a server reads it from the PLC."""
    seen, kept = memory.inputs, memory.retained
    return LaneImage(
        approach=Signal(seen.approach, Quality.FAULT if seen.approach_fault else Quality.GOOD),
        safety=Signal(seen.safety, Quality.FAULT if seen.safety_fault else Quality.GOOD),
        up=Signal(memory.up),
        down=Signal(memory.down),
        close_permit=Signal(memory.permit),
        mode=Mode(memory.mode),
        passage_now=memory.now,
        passage_next=memory.follower,
        passage_last=memory.last,
        outcome=PassageOutcome(memory.outcome),
        rise_count=kept.rises,
        rise_cause=RiseCause(memory.rise_cause),
        rise_passage=memory.rise_passage,
        alive=True,
        claimed=owns(memory.claim),
        beam=Signal(seen.beam),
        attached=Signal(not seen.detached),
        closing=Signal(seen.closing),
        drive_fault=Signal(memory.barrier_fault),
        inner_side=memory.now != 0 and memory.side == INNER,
    )
