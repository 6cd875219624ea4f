"""The ten invariants of `lanes.md` §3 as a watcher of the coupled lanes: each scan and each step is held against them.

They are written from the list and from where the cars truly are, not from the code.
"""

from dataclasses import dataclass, field

from plc.sim.memory import Inputs, Memory
from scada.model.handshake import AckResult, Mode, PassageOutcome, RiseCause
from scada.model.lane import commands as c
from scada.model.lane import events as e
from scada.model.lane.leave import authorisation_of
from scada.model.lane.states import Lane, Step
from scada.model.lane.step import step
from scada.model.lane.words import OPERATOR_REASONS, Ending, Quote, Reason
from scada.model.plate import ReadBy
from tests.support.coupled import Post
from tests.support.keeper import Sent

T_CLEAR_MS = 1000
LONGEST_LIFE_MS = 5000
PROVEN = (Ending.EXIT,)
WITHOUT_LEAVE = (Reason.TAILGATE, Reason.OPEN_LANE, Reason.FIRE)


@dataclass
class Seen:
    """What the watcher remembers of one lane."""

    clear_ms: int = 0
    opened: dict[int, int] = field(default_factory=dict)
    """Passage to the count of openings that the PLC has done for it."""
    done: list[int] = field(default_factory=list)
    rises: list[int] = field(default_factory=list)
    leaves: set[str] = field(default_factory=set)
    """Passages for whose cars a leave was out."""
    outcomes: dict[int, PassageOutcome] = field(default_factory=dict)
    pressed: set[RiseCause] = field(default_factory=set)
    booked: set[str] = field(default_factory=set)
    doubted: set[tuple[str, str]] = field(default_factory=set)
    """Passages of whose stays billing has said that they may be another car's."""


class Laws:
    """Holds every scan and every step against the invariants. `checked` counts how often each had something to say."""

    def __init__(self) -> None:
        self._seen: dict[str, Seen] = {}
        self.checked: dict[str, int] = {}
        self.ended: set[str] = set()
        self._steps = 0

    def of(self, post: Post) -> Seen:
        return self._seen.setdefault(post.name, Seen())

    def _check(self, law: str, holds: bool, what: str) -> None:
        self.checked[law] = self.checked.get(law, 0) + 1
        assert holds, f"{law}: {what}"

    # --- the PLC and the barrier ---

    def scanned(self, post: Post, before: Memory, after: Memory) -> None:
        seen, inputs = self.of(post), after.inputs
        dt_ms = after.uptime_ms - before.uptime_ms
        may_be_under = inputs.safety or inputs.beam or inputs.safety_fault
        seen.clear_ms = 0 if may_be_under else seen.clear_ms + dt_ms
        self._lowering(post, before, after, seen)
        self._reversal(before, after)
        self._command(post, before, after, seen)
        self._rise(before, after, seen)
        self._loss(before, after)
        if after.last != before.last:
            seen.outcomes[after.last] = PassageOutcome(after.outcome)

    def _lowering(self, post: Post, before: Memory, after: Memory, seen: Seen) -> None:
        if after.retained.position_ms >= before.retained.position_ms:
            return
        inputs = after.inputs
        by_hand = after.mode is Mode.MAINTENANCE and inputs.jog_down and inputs.key
        self._check("1 never lower on a vehicle", not post.street.is_under, "the boom came down on a car")
        self._check("1 never lower on the beam", not inputs.beam, "the boom came down into the beam")
        if not (by_hand and inputs.safety_fault):
            told = not (inputs.safety or inputs.safety_fault)
            self._check("1 never lower on the unknown", told, "it came down although the loop said no, or nothing")
            self._check("1 clear for t_clear", seen.clear_ms >= T_CLEAR_MS - 50, f"clear for {seen.clear_ms} ms only")
        rests = after.mode in (Mode.AUTO, Mode.LOCKED) or by_hand
        self._check("1 no lowering in this mode", rests, f"it came down in {after.mode.name}")

    def _reversal(self, before: Memory, after: Memory) -> None:
        if not before.lowering or after.mode is Mode.MAINTENANCE:
            return
        inputs = after.inputs
        blocked = inputs.detached or after.barrier_fault or inputs.jammed
        told = inputs.safety or inputs.beam or inputs.safety_fault
        opened = after.retained.opened > before.retained.opened
        if (told or opened) and not blocked:
            self._check("2 reverses at once", not after.lowering, "it goes on lowering")
            rises = after.raising or after.up or after.mode is Mode.RESYNC
            self._check("2 rises again", rises, "it stopped, but does not rise")

    def _command(self, post: Post, before: Memory, after: Memory, seen: Seen) -> None:
        kept, was = after.retained, before.retained
        if kept.seq != was.seq:
            self._check("8 numbered", kept.seq > was.seq and kept.seq not in seen.done, "a seq was answered twice")
        if kept.seq != was.seq and after.result == AckResult.DONE:
            seen.done.append(kept.seq)
            sent = _sent(post, kept.seq)
            self._check("8 in the book", sent is not None, "the PLC did what nobody has written down")
            if sent is not None:
                self._life(post, sent, before, after)
        if kept.opened == was.opened:
            return
        self._check("8 once", kept.opened == was.opened + 1 and kept.seq != was.seq, "one command opened twice")
        sent = _sent(post, kept.seq)
        is_live = sent is not None and sent.block.passage == after.now != 0
        self._check("3 the PLC opens for the live passage", is_live, "it opened for another passage")
        self._check("3 the PLC opens in AUTO", after.mode is Mode.AUTO, f"it opened in {after.mode.name}")
        seen.opened[after.now] = seen.opened.get(after.now, 0) + 1

    def _life(self, post: Post, sent: Sent, before: Memory, after: Memory) -> None:
        age_ms = post.site.now_ms - sent.at_ms
        self._check("8 lives 5 s at most", age_ms <= LONGEST_LIFE_MS, f"a command of {age_ms} ms was carried out")
        same = sent.boot == after.retained.boot and sent.block.claim == before.claim
        self._check("8 never replayed", same, "a command of a time before was carried out")

    def _rise(self, before: Memory, after: Memory, seen: Seen) -> None:
        inputs, was = after.inputs, before.inputs
        for name, cause in (("button", RiseCause.BUTTON), ("handset", RiseCause.HANDSET)):
            if getattr(inputs, name) and not getattr(was, name):
                seen.pressed.add(cause)
        begins = after.retained.rises - before.retained.rises
        leaves = before.down and not after.down
        starts = after.raising and not before.raising
        self._check("7 each rise counted once", begins <= 1 + leaves, "a rise was counted twice")
        if starts:
            self._check("7 a rise is counted", begins == 1 or (before.was_down and begins == 2), "not counted")
            cause = RiseCause(after.rise_cause)
            self._check("7 its cause holds", _holds(cause, before, after, seen), f"{cause.name} does not hold")
        if leaves and not (after.raising or before.raising):
            self._check("3 nobody else opens", inputs.lifted, "the boom left its rest and nobody raised it")
        if after.authorised and after.now == before.now:
            self._check(
                "5 its own leave", seen.opened.get(after.now, 0) > 0, "leave without a command for this passage"
            )
        if after.now != before.now:
            self._check(
                "5 nobody inherits", not after.authorised or after.retained.opened != before.retained.opened, ""
            )

    def _loss(self, before: Memory, after: Memory) -> None:
        if not before.alive or after.alive:
            return
        same = after.now == before.now and after.mode is before.mode
        self._check("9 loss takes no leave", after.authorised or not before.authorised or not same, "it took a leave")
        self._check("9 loss lowers nothing", after.lowering <= before.lowering, "a lost server lowered the boom")

    # --- the lane machine ---

    def stepped(self, post: Post, before: Lane, event: e.Event, done: Step) -> None:
        self._steps += 1
        if self._steps % 7 == 0:
            again = step(before, event, post.site.timing)
            self._check("10 a step is a function", again == done, "the same step came out differently")
        if isinstance(event, e.StayFound) and event.doubt:
            self.of(post).doubted.add((event.passage, event.stay))
        leave = authorisation_of(done.lane.state)
        if leave is not None:
            self.of(post).leaves.add(leave.passage)
        if leave is not None and done.lane.live is not None:
            self._check("5 one leave, one passage", leave.passage == done.lane.live.id, "leave of another passage")
        opens = [command for command in done.commands if isinstance(command, c.OpenGate)]
        self._check("5 one command a step", len(opens) <= 1, "two openings in one step")
        for command in done.commands:
            self._commanded(post, event, done, command)

    def _commanded(self, post: Post, event: e.Event, done: Step, command: c.Command) -> None:
        seen = self.of(post)
        match command:
            case c.OpenGate():
                self._opens(post, done.lane, command)
            case c.BeginStay() | c.EndStay():
                self._books(post, command)
            case c.RecordRise(count=count, cause=cause):
                self._check("7 one record a rise", count not in seen.rises, "recorded twice")
                seen.rises.append(count)
                alarmed = any(isinstance(other, c.RaiseAlarm) for other in done.commands)
                self._check("7 no cause is an alarm", cause is not RiseCause.UNKNOWN or alarmed, "no alarm")
            case c.AskOrder(quote=quote):
                self._money(quote)
            case _:
                pass

    def _opens(self, post: Post, lane: Lane, command: c.OpenGate) -> None:
        leave, memory = command.authorisation, post.memory
        is_live = lane.live is not None and lane.live.id == leave.passage and lane.live.number == command.number
        self._check("3 only for the live passage", is_live and memory.now == command.number, "for another passage")
        self._check("3 only in AUTO", memory.mode is Mode.AUTO, f"in {memory.mode.name}")
        inner = lane.image.inner_side
        car = post.street.in_view(inner=inner)
        by_person = leave.reason in OPERATOR_REASONS
        self._check("3 a car stands there", car is not None or by_person, "nobody is there")
        if leave.stay is not None and not by_person:
            owner = post.site.till.stay(leave.stay)
            mine = car is not None and car.plate == owner.plate
            self._check(
                "4 only for the car of the stay", mine, f"{leave.reason.name} of {owner.plate} opens for another"
            )
            paid = owner.paid_until_ms >= 0
            self._check("4 it has paid", paid or leave.reason is not Reason.PAID, "nobody has paid")

    def _books(self, post: Post, command: c.BeginStay | c.EndStay) -> None:
        seen, number = self.of(post), command.passage.number
        went = seen.outcomes.get(number)
        self._check("6 one booking a passage", command.passage.id not in seen.booked, "a passage was booked twice")
        seen.booked.add(command.passage.id)
        gone = went in (PassageOutcome.FORWARD, PassageOutcome.TAILGATE, PassageOutcome.UNCERTAIN)
        self._check("6 the passage is over", gone, f"it is {went}")
        read = command.passage.read
        if read is not None and read.by is ReadBy.CAMERA:
            through = any(car.plate == read.text for car in post.street.through)
            self._check("6 its car is truly through", through, f"{read.text} has not gone through")
        if isinstance(command, c.EndStay):
            self._check("6 a stay ends once", command.stay not in self.ended, "it ended twice")
            self.ended.add(command.stay)
            owner = post.site.till.stay(command.stay).plate
            left = read is None or any(car.plate == owner for car in post.street.through)
            self._check("6 the stay's own car is truly through", left, f"{owner} has not gone through")
            doubted = (command.passage.id, command.stay) in seen.doubted and not command.passage.checked
            self._check("6 no stay ends in doubt", not doubted, "nobody has settled the doubt")
            other = command.reason in WITHOUT_LEAVE
            self._check("6 endings have their names", other == (command.ending not in PROVEN), command.ending.value)
        if command.reason not in WITHOUT_LEAVE:
            self._check("6 under leave", command.passage.id in seen.leaves, "it never had leave")

    def _money(self, quote: Quote) -> None:
        self._check("10 whole fen", type(quote.due_fen) is int and type(quote.total_fen) is int, "not whole fen")


def _sent(post: Post, seq: int) -> Sent | None:
    return next((sent for sent in post.wire.book if sent.block.seq == seq), None)


def _holds(cause: RiseCause, before: Memory, after: Memory, seen: Seen) -> bool:
    """Say whether what is given as the cause is really so."""
    inputs: Inputs = after.inputs
    match cause:
        case RiseCause.AUTHORISED:
            return after.rise_passage == after.now and seen.opened.get(after.now, 0) > 0
        case RiseCause.REOPEN:
            return (before.lowering or before.raising or before.reopening) and not after.down
        case RiseCause.HOLD_OPEN:
            return after.mode is Mode.HOLD_OPEN
        case RiseCause.FIRE:
            return after.retained.fire
        case RiseCause.MAINTENANCE:
            return inputs.key and inputs.jog_up
        case RiseCause.BUTTON | RiseCause.HANDSET:
            return cause in seen.pressed
        case RiseCause.POWER_FAIL:
            return inputs.mains_lost
        case RiseCause.UNKNOWN:
            return True
        case RiseCause.NONE:
            return False
