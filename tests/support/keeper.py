"""A gatekeeper in small: the server's half of the handshake as values, over a wire that loses, delays and repeats."""

from dataclasses import dataclass, field

from plc.registers import command_words
from plc.sim.memory import Inputs, Memory
from scada.model.handshake import (
    CommandBlock,
    CommandCode,
    Mode,
    NotDone,
    PlcImage,
    Undecided,
    Unknowable,
    Verdict,
    age_ms,
    judge,
    next_seq,
)

TTL_MS = 2000
BEAT_MS = 300
BEATS_FIRST = 2
ACK_MS = 500
GRACE_MS = 1000


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the wire does to a command: when its bytes arrive, when those of its repeat, when they come once more."""

    first_ms: int | None = 0
    second_ms: int | None = 0
    ghost_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A command that is on its way: who asked for it, and when it was made."""

    block: CommandBlock
    boot: int
    at_ms: int
    passage: str


@dataclass
class Wire:
    """What is under way to one PLC, and the book of all commands that were ever made for it."""

    book: list[Sent] = field(default_factory=list)
    under_way: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    """When it arrives, and its words."""
    beat: int = 0
    claims: int = 0

    def send(self, block: CommandBlock, at_ms: int | None) -> None:
        if at_ms is not None:
            self.under_way.append((at_ms, command_words(block)))

    def arrived(self, now_ms: int, *, linked: bool) -> tuple[int, ...] | None:
        """Take the next block off the wire, whatever its age; a cut link swallows it."""
        due = [one for one in self.under_way if one[0] <= now_ms]
        if not due:
            return None
        self.under_way.remove(due[0])
        return due[0][1] if linked else None


@dataclass
class Keeper:
    """One server process's hold on one lane."""

    wire: Wire
    began_ms: int
    owned: set[int] = field(default_factory=set)
    asked_ms: int = -1_000_000
    beats: int = 0
    beat_ms: int = 0
    silent: bool = True
    pending: Sent | None = None
    fate: Delivery = Delivery()
    repeated: bool = False
    waiting: list[tuple[CommandCode, str, int]] = field(default_factory=list)
    let: bool = False
    """A person has looked: the claim may be asked for although somebody stands there."""

    def owns(self, claim: int) -> bool:
        return claim != 0 and claim in self.owned

    def hold(self, memory: Memory, inputs: Inputs, now_ms: int) -> dict[str, int]:
        """Give what this server writes now to take the lane and to keep it: heartbeat and claim."""
        if self.silent:
            old = self.wire.book[-1] if self.wire.book else None
            is_past = old is None or old.boot != memory.retained.boot or now_ms - old.at_ms > old.block.ttl_ms
            self.silent = not (memory.claim == 0 and is_past)
            return {}
        written: dict[str, int] = {}
        if now_ms - self.beat_ms >= BEAT_MS:
            self.wire.beat = (self.wire.beat + 1) % 65536
            self.beat_ms, self.beats = now_ms, self.beats + 1
            written["heartbeat"] = self.wire.beat
        if memory.claim == 0 and self._may_ask(memory, inputs) and now_ms - self.asked_ms >= 1000:
            self.wire.claims += 1
            self.asked_ms = now_ms
            self.owned.add(self.wire.claims)
            self.let = False
            written["claim_wanted"] = self.wire.claims
        elif memory.claim and memory.claim not in self.owned:
            self.silent, self.beats = True, 0
        return written

    def _may_ask(self, memory: Memory, inputs: Inputs) -> bool:
        if self.beats < BEATS_FIRST:
            return False
        is_clear = not (inputs.safety or inputs.beam or inputs.safety_fault)
        return memory.mode is not Mode.RESYNC or (is_clear and (self.let or not inputs.approach))

    def want(self, code: CommandCode, passage: str, number: int) -> None:
        """Have a command sent once the one before is settled."""
        self.waiting.append((code, passage, number))

    def work(self, image: PlcImage | None, now_ms: int) -> tuple[Sent, Verdict] | None:
        """Send what waits, repeat what is unanswered, and say what became of it."""
        if self.pending is not None:
            return self._judged(self.pending, image, now_ms)
        if not self.waiting:
            return None
        code, passage, number = self.waiting.pop(0)
        if image is None or not self.owns(image.claim_now) or image.passage_now != number:
            claim, tick = (0, 0) if image is None else (image.claim_now, image.tick)
            unsent = Sent(CommandBlock(claim, code, number, TTL_MS, tick, 0), 0, now_ms, passage)
            return unsent, NotDone("not sent")
        seq = next_seq(max((sent.block.seq for sent in self.wire.book), default=0), image)
        block = CommandBlock(image.claim_now, code, number, TTL_MS, image.tick, seq)
        self.pending, self.repeated = Sent(block, image.boot, now_ms, passage), False
        self.wire.book.append(self.pending)
        first_ms, ghost_ms = self.fate.first_ms, self.fate.ghost_ms
        self.wire.send(block, None if first_ms is None else now_ms + first_ms)
        self.wire.send(block, None if ghost_ms is None else now_ms + ghost_ms)
        return None

    def _judged(self, sent: Sent, image: PlcImage | None, now_ms: int) -> tuple[Sent, Verdict] | None:
        verdict: Verdict = Undecided() if image is None else judge(sent.block, sent.boot, image)
        age = now_ms - sent.at_ms
        if isinstance(verdict, Undecided) and age > TTL_MS + GRACE_MS:
            verdict = Unknowable("no answer, and the PLC cannot be read")
        if not isinstance(verdict, Undecided):
            self.pending = None
            return sent, verdict
        if not self.repeated and age >= ACK_MS and self.fate.second_ms is not None:
            self.repeated = True
            self.wire.send(sent.block, now_ms + self.fate.second_ms)
        return None


def plc_image(memory: Memory) -> PlcImage:
    """Give the PLC's side of the handshake."""
    kept = memory.retained
    return PlcImage(kept.seq, memory.result, memory.tick, kept.boot, memory.claim, memory.now)


def age_at(sent: Sent, memory: Memory) -> int:
    """Give the age of a command by the PLC's own clock."""
    return age_ms(sent.block.tick, memory.tick)
