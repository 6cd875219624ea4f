"""The server's side of one lane: shows the lane machine its PLC, lets time pass for it, and hands its commands on."""

from collections.abc import Callable

from plc.sim.memory import Memory
from scada.model.handshake import PassageOutcome, RiseCause
from scada.model.lane import commands as c
from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.image import DARK, OFF, LaneImage, Signal
from scada.model.lane.states import Lane
from scada.model.lane.step import step
from scada.model.lane.timing import Timing
from scada.model.tag import Quality
from scada.sim.virtual.agenda import Agenda
from scada.sim.virtual.cabinet import Cabinet

LOOK_MS = 50
"""What a server sees of a PLC is so old."""
_ON, _OFF = Signal(on=True), OFF
_OUTCOMES, _CAUSES = tuple(PassageOutcome), tuple(RiseCause)
_FAULT = {True: Signal(on=True, quality=Quality.FAULT), False: Signal(on=False, quality=Quality.FAULT)}
_WAITS_MS: dict[type[s.State], tuple[int, ...]] = {
    s.Idle: (7510, 15_010),
    s.Identifying: (3010, 7510),
    s.Deciding: (5010, 7510),
    s.Matching: (5010, 7510),
    s.Quoting: (5010,),
    s.AwaitingPayment: (60_010, 90_010),
    s.Authorised: (30_010,),
    s.Opening: (6010, 7510),
    s.Open: (45_010, 90_010),
    s.Passing: (7510, 30_010),
    s.Clearing: (1010, 6010, 7510),
    s.Closing: (6010, 7510),
    s.Faulted: (7510, 1_000_000),
    s.Watching: (7510, 1_000_000),
}
"""When a timer of the lane can fire, counted from the beginning of a state; its defaults are in `Timing`."""
_HALF_WAY = (s.Open, s.Closing)
_SETTLES_MS = 510
"""A boom that is not where the state says is asked again so soon."""
_ANY_WAITS_MS = (1010, 3010, 6010, 9010, 20_010, 30_010, 60_010, 90_010)
_STEADY_MS = 10_000
"""A state that outlasts all its timers is asked this often."""

Perform = Callable[[c.Command, Lane], None]


class Runner:
    """One lane in one server process."""

    def __init__(
        self,
        lane: Lane,
        timing: Timing,
        cabinet: Cabinet,
        agenda: Agenda,
        owns: Callable[[int], bool],
        perform: Perform,
    ) -> None:
        self.lane = lane
        self.linked = True
        self.alive = True
        self._timing = timing
        self._cabinet = cabinet
        self._agenda = agenda
        self._owns = owns
        self._perform = perform
        self._looks = False
        self._state: s.State | None = None
        self._since_ms = 0
        self._tick_ms = 0
        self.look_soon()

    def stop(self) -> None:
        """The server process dies: nothing more is decided, everything on its way is lost."""
        self.alive = False

    def now(self) -> e.Now:
        """Give the two times of an event."""
        return {"at": self._agenda.now, "at_s": self._agenda.now_s}

    def look_soon(self) -> None:
        """Something may have changed at the PLC: the server sees it with the next read."""
        if self.alive and not self._looks:
            self._looks = True
            self._agenda.after(LOOK_MS, self._look)

    def hear(self, event: e.Event) -> None:
        """Let the lane decide, and have its commands carried out."""
        if not self.alive:
            return
        done = step(self.lane, event, self._timing)
        self.lane = done.lane
        for command in done.commands:
            self._perform(command, self.lane)
        self._tick_on()

    def hear_later(self, wait_ms: float, event: Callable[[], e.Event | None]) -> None:
        """Let the lane hear an answer that takes a while; it is made when it comes."""
        self._agenda.after(wait_ms, self._hear_made, event)

    def _hear_made(self, event: Callable[[], e.Event | None]) -> None:
        made = event() if self.alive else None
        if made is not None:
            self.hear(made)

    def _look(self) -> None:
        self._looks = False
        if not self.alive:
            return
        image = self._image()
        if image != self.lane.image:
            self.hear(e.ImageSeen(image, **self.now()))

    def _image(self) -> LaneImage:
        if not (self.linked and self._cabinet.powered):
            return DARK
        return lane_image(self._cabinet.memory, self._owns)

    def _tick_on(self) -> None:
        """Let time pass for the lane when one of its timers can fire next."""
        state = self.lane.state
        if state is not self._state:
            self._state, self._since_ms = state, self._agenda.now_ms
        lane = self.lane
        if isinstance(state, s.Idle) and lane.live is None and lane.unsettled is None and not lane.late:
            return
        lasted_ms = self._agenda.now_ms - self._since_ms
        waits = _WAITS_MS.get(type(state), _ANY_WAITS_MS)
        wait_ms = next((wait - lasted_ms for wait in waits if wait > lasted_ms), _STEADY_MS)
        if (
            isinstance(state, _HALF_WAY)
            and lasted_ms < _SETTLES_MS
            and lane.image.up.on is isinstance(state, s.Closing)
        ):
            wait_ms = _SETTLES_MS - lasted_ms
        due_ms = self._agenda.now_ms + wait_ms
        if self._tick_ms <= self._agenda.now_ms or due_ms < self._tick_ms:
            self._tick_ms = due_ms
            self._agenda.after(wait_ms, self._tick, due_ms)

    def _tick(self, due_ms: int) -> None:
        if self.alive and due_ms == self._tick_ms:
            self.hear(e.TimePassed(**self.now()))


def lane_image(memory: Memory, owns: Callable[[int], bool]) -> LaneImage:
    """Show a lane's memory as the tags of `lanes.md` §12 would."""
    inputs = memory.inputs
    return LaneImage(
        approach=_FAULT[inputs.approach] if inputs.approach_fault else _ON if inputs.approach else _OFF,
        safety=_FAULT[inputs.safety] if inputs.safety_fault else _ON if inputs.safety else _OFF,
        up=_ON if memory.up else _OFF,
        down=_ON if memory.down else _OFF,
        close_permit=_ON if memory.permit else _OFF,
        mode=memory.mode,
        passage_now=memory.now,
        passage_next=memory.follower,
        passage_last=memory.last,
        outcome=_OUTCOMES[memory.outcome],
        rise_count=memory.retained.rises,
        rise_cause=_CAUSES[memory.rise_cause],
        rise_passage=memory.rise_passage,
        alive=True,
        claimed=memory.claim != 0 and owns(memory.claim),
        beam=_ON if inputs.beam else _OFF,
        attached=_OFF if inputs.detached else _ON,
        closing=_ON if inputs.closing else _OFF,
        drive_fault=_ON if inputs.drive_fault else _OFF,
    )
