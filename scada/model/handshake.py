"""The command handshake between server and PLC, exactly once (`plc.md` §6): its words and its rules.

The numbers are those of `docs/plc/lane.st` (layout 4663) and of the tag maps.
"""

from dataclasses import dataclass
from enum import IntEnum

LAYOUT = 4663
MAX_TTL_MS = 5000
"""The longest life of a command in ms; the PLC refuses more."""
TICK_MS = 10
"""`plc.tick` counts 10 ms, 16 bits."""


class CommandCode(IntEnum):
    """`cmd.code`."""

    OPEN = 1
    CLOSE = 2
    CANCEL = 3


class AckResult(IntEnum):
    """`ack.result`, and `ack.stray_result` for blocks that were not answered."""

    DONE = 1
    BUSY = 2
    OLD_SEQ = 3
    WRONG_PASSAGE = 4
    EXPIRED = 5
    MODE = 6
    FAULT = 7
    CLAIM = 8
    TORN = 9
    NO_HEARTBEAT = 10
    BAD_CODE = 11


class Mode(IntEnum):
    """`mode.now` (`lanes.md` §8)."""

    AUTO = 1
    HOLD_OPEN = 2
    LOCKED = 3
    FIRE = 4
    MAINTENANCE = 5
    RESYNC = 6


class PassageOutcome(IntEnum):
    """`passage.outcome`: how a passage ended, as the PLC's loops prove it."""

    NONE = 0
    FORWARD = 1
    BACKED_OUT = 2
    REVERSED_THROUGH = 3
    WRONG_WAY = 4
    TAILGATE = 5
    UNCERTAIN = 6


class RiseCause(IntEnum):
    """`rise.cause`: why the boom rose."""

    NONE = 0
    AUTHORISED = 1
    REOPEN = 2
    HOLD_OPEN = 3
    FIRE = 4
    MAINTENANCE = 5
    BUTTON = 6
    HANDSET = 7
    POWER_FAIL = 8
    UNKNOWN = 9


class PassagePhase(IntEnum):
    """`passage.phase`: the PLC's step."""

    IDLE = 0
    PRESENT = 1
    OPENING = 2
    OPEN = 3
    PASSING = 4
    CLEARING = 5
    CLOSING = 6


@dataclass(frozen=True, slots=True)
class CommandBlock:
    """One command as it goes to the PLC, before it is coded into registers or a method call.

    `claim` and `tick` are 16 bits, `passage` and `seq` 32 bits, `ttl_ms` at most `MAX_TTL_MS`.
    """

    claim: int
    code: CommandCode
    passage: int
    ttl_ms: int
    tick: int
    seq: int

    @property
    def check(self) -> int:
        """Give the guard against a torn write (`plc.md` §6); not a security measure."""
        passage_hi, passage_lo = divmod(self.passage, 65536)
        seq_hi, seq_lo = divmod(self.seq, 65536)
        return (
            self.claim
            + 3 * self.code
            + 5 * passage_hi
            + 7 * passage_lo
            + 11 * self.ttl_ms
            + 13 * self.tick
            + 17 * seq_hi
            + 19 * seq_lo
        ) % 65536


@dataclass(frozen=True, slots=True)
class Answer:
    """What the PLC says of the command numbered `seq`."""

    seq: int
    result: AckResult


@dataclass(frozen=True, slots=True)
class PlcImage:
    """What the server last read of a PLC's side of the handshake, all of it of good quality."""

    ack_seq: int
    ack_result: int
    tick: int
    boot: int
    claim_now: int
    passage_now: int


@dataclass(frozen=True, slots=True)
class Done:
    """The PLC accepted the command once."""


@dataclass(frozen=True, slots=True)
class NotDone:
    """It did not happen and never will: refused, or its time-to-live ran out unanswered.

    `lost`: it never reached the PLC within its life, so that the PLC has not said no: it may be asked for anew.
    """

    why: str
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Unknowable:
    """Nobody can tell whether it happened; nothing more may be sent."""

    why: str


@dataclass(frozen=True, slots=True)
class Undecided:
    """No answer yet, and the command may still be carried out."""


Verdict = Done | NotDone | Unknowable | Undecided


def judge(sent: CommandBlock, boot: int, image: PlcImage) -> Verdict:
    """Say what became of a command, from the image read after it was sent (`plc.md` §6, the server's rule 3).

    `boot` is `plc.boot` as it was when the command was sent.
    """
    if image.boot != boot:
        return Unknowable("the PLC restarted")
    if image.ack_seq == sent.seq:
        return _answered(image.ack_result)
    if image.ack_seq > sent.seq:
        return Unknowable("a newer command was answered: another server commands this lane")
    if age_ms(sent.tick, image.tick) > sent.ttl_ms:
        return NotDone("no answer within its time-to-live", lost=True)
    return Undecided()


def _answered(result: int) -> Verdict:
    if result == AckResult.DONE:
        return Done()
    if result in list(AckResult):
        return NotDone(AckResult(result).name.lower().replace("_", " "), lost=result == AckResult.EXPIRED)
    return Unknowable(f"the PLC answered {result}, which no layout knows")


def age_ms(then: int, now: int) -> int:
    """Give the ms between two readings of the PLC's 16-bit clock; wraps after 655 s."""
    return ((now - then) % 65536) * TICK_MS


def next_seq(journalled: int, image: PlcImage) -> int:
    """Number the next command: one above whatever either side remembers."""
    return 1 + max(journalled, image.ack_seq)
