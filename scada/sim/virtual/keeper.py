"""The gatekeeper in small: turns `OpenGate` into a command block, sends it, repeats it once, judges the answer.

Claim and heartbeat as in `plc.md` §6: a lane is commanded only while its PLC shows our own number.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from plc.registers import command_words
from scada.model.handshake import (
    CommandBlock,
    CommandCode,
    Done,
    Mode,
    NotDone,
    Undecided,
    Unknowable,
    Verdict,
    judge,
    next_seq,
)
from scada.model.lane.timing import Timing
from scada.model.lane.words import Fate
from scada.sim.virtual.agenda import Agenda
from scada.sim.virtual.cabinet import Cabinet

TTL_MS = round(1000 * Timing().t_ttl_s)
WRITE_MS = 40
ANSWER_MS = 60
ACK_MS = 500
CLAIM_AGAIN_MS = 1000
PERSON_LOOKS_MS = 40_000
"""A lane that is not empty after a restart of its PLC needs a person; it takes him so long."""
SHARE_LOST = 0.0005
"""Command blocks that the link swallows."""

Told = Callable[[Verdict], None]


@dataclass(frozen=True, slots=True)
class _Sent:
    block: CommandBlock
    boot: int
    told: Told
    until_ms: int


@dataclass(slots=True)
class CommandBook:
    """The book of commands of one lane: what the next server process reads of the one before."""

    seq: int = 0
    last: _Sent | None = None
    fate: Fate = Fate.NONE

    def fate_of(self, number: int) -> Fate:
        """Say what became of the last OPEN for a passage."""
        return self.fate if self.last is not None and self.last.block.passage == number else Fate.NONE

    def settle(self, verdict: Verdict) -> None:
        """Write down what became of the last OPEN."""
        match verdict:
            case Done():
                self.fate = Fate.DONE
            case NotDone():
                self.fate = Fate.NOT_DONE
            case Unknowable() | Undecided():
                self.fate = Fate.UNKNOWN


class Keeper:
    """Holds one lane's PLC for one server process."""

    def __init__(
        self, cabinet: Cabinet, agenda: Agenda, random: Random, book: CommandBook, linked: Callable[[], bool]
    ) -> None:
        self._cabinet = cabinet
        self._book = book
        self._agenda = agenda
        self._random = random
        self._linked = linked
        self._asked: set[int] = set()
        self._boot = -1
        self._occupied_ms: int | None = None
        self._alive = True
        self._follows = False
        self.notice()

    def stop(self) -> None:
        """The server process has died."""
        self._alive = False

    def owns(self, claim: int) -> bool:
        """Say whether a claim that the PLC shows is ours."""
        return claim in self._asked

    def open(self, number: int, told: Told) -> None:
        """Open for the passage that the PLC numbers `number`."""
        self._command(CommandCode.OPEN, number, told)

    def hear_end(self, told: Told) -> None:
        """Find out what became of the last OPEN of a former server process."""
        if self._book.last is not None:
            self._read(replace(self._book.last, told=told), 2, 0)

    def cancel(self, number: int, told: Told) -> None:
        """Take a passage's authorisation back."""
        self._command(CommandCode.CANCEL, number, told)

    def _command(self, code: CommandCode, number: int, told: Told) -> None:
        self._cabinet.catch_up()
        image = self._cabinet.plc_image()
        if not self._reaches or not self.owns(image.claim_now) or number == 0 or image.passage_now != number:
            self._agenda.after(1, told, NotDone("the lane is not ours, or the car is not the live one"))
            return
        self._book.seq = next_seq(self._book.seq, image)
        block = CommandBlock(image.claim_now, code, number, TTL_MS, image.tick, self._book.seq)
        sent = _Sent(block, image.boot, told, self._agenda.now_ms + TTL_MS)
        if code is CommandCode.OPEN:
            self._book.last, self._book.fate = sent, Fate.OPEN
        self._agenda.after(WRITE_MS, self._send, sent, 1)

    @property
    def _reaches(self) -> bool:
        return self._cabinet.powered and self._linked()

    def _send(self, sent: _Sent, tries: int) -> None:
        if self._alive and self._reaches and self._random.random() >= SHARE_LOST:
            self._cabinet.wire(command=command_words(sent.block))
        self._agenda.after(ANSWER_MS, self._read, sent, tries, self._agenda.now_ms + ACK_MS)

    def _read(self, sent: _Sent, tries: int, ack_ms: int) -> None:
        """Judge by the image; the same bytes once more when nothing is heard in time."""
        if not self._alive:
            return
        verdict: Verdict = Undecided()
        if self._reaches:
            self._cabinet.catch_up()
            verdict = judge(sent.block, sent.boot, self._cabinet.plc_image())
        if isinstance(verdict, Undecided) and self._agenda.now_ms > sent.until_ms + ACK_MS:
            verdict = Unknowable("no answer, and the PLC cannot be read")
        if not isinstance(verdict, Undecided):
            if self._book.last is not None and self._book.last.block is sent.block:
                self._book.settle(verdict)
            sent.told(verdict)
        elif self._agenda.now_ms >= ack_ms and tries == 1 and self._agenda.now_ms < sent.until_ms:
            self._send(sent, tries + 1)
        else:
            self._agenda.after(ACK_MS / 2, self._read, sent, tries, ack_ms)

    def notice(self) -> None:
        """The PLC may have changed: see whether the lane is still ours."""
        memory = self._cabinet.memory
        if self._follows or (memory.claim in self._asked and memory.retained.boot == self._boot):
            return
        self._follows = True
        self._agenda.after(CLAIM_AGAIN_MS, self._follow)

    def _follow(self) -> None:
        """Ask for the lane when nobody holds it; begin anew when its PLC has restarted."""
        self._follows = False
        if not self._alive:
            return
        if self._reaches:
            self._cabinet.catch_up()
            memory = self._cabinet.memory
            if memory.retained.boot != self._boot:
                self._boot = memory.retained.boot
                self._asked.clear()
            if memory.claim == 0 and memory.alive and self._may_ask():
                number = self._random.randrange(1, 65536)
                self._asked.add(number)
                self._cabinet.wire(claim_wanted=number)
        self.notice()

    def _may_ask(self) -> bool:
        """After a restart of the PLC the lane is to be seen empty, by the server or by a person."""
        inputs = self._cabinet.memory.inputs
        empty = not (inputs.approach or inputs.safety or inputs.beam)
        if self._cabinet.memory.mode is not Mode.RESYNC or empty:
            self._occupied_ms = None
            return True
        now_ms = self._agenda.now_ms
        self._occupied_ms = now_ms if self._occupied_ms is None else self._occupied_ms
        return now_ms - self._occupied_ms > PERSON_LOOKS_MS
