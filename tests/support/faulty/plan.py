"""What a bad line does to the frames of one try, drawn from a seed (pure)."""

from dataclasses import dataclass
from enum import Enum
from random import Random


class Way(Enum):
    """Which way a frame goes."""

    TO_PLC = "to the plc"
    FROM_PLC = "from the plc"


class Aim(Enum):
    """Which frames a fault counts: every one of its way, or commands only (or what comes next after a command)."""

    ANY = "any frame"
    COMMAND = "command"


class Kind(Enum):
    """What happens to the frame that is hit."""

    HOLD = "held"
    """It and all behind it wait; what was on its way before arrives."""
    DRIP = "dripped"
    """Byte by byte."""
    DROP = "dropped"
    VOID = "void"
    """It and all behind it for a time are lost, while the connection stands."""
    TRUNCATE = "truncated"
    """Its end is lost; the rest goes on."""
    STUTTER = "stuttered"
    """Some of its bytes come again at once."""
    TWICE = "doubled"
    LATER = "repeated later"
    """It arrives, and comes again later."""
    CUT = "cut"
    """The connection breaks within it, and nobody can connect for a time."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong: with the `nth` frame of its way and aim, at `share` of its bytes, for `wait_s`."""

    way: Way
    aim: Aim
    nth: int
    kind: Kind
    share: float
    wait_s: float


FRAMES = 12
"""Faults that aim at any frame hit one of so many."""
WAITS_S = ((0.0, 0.05), (0.05, 0.6), (0.6, 1.8), (1.8, 2.2), (2.2, 3.0), (3.0, 4.5))
"""Around `t_ack`, around a command's life, and around the PLC's patience with a silent server."""


def plan(seed: int) -> tuple[Fault, ...]:
    """Draw what goes wrong in one try."""
    random = Random(seed)  # noqa: S311 - a play, no secret
    return tuple(_fault(random) for _ in range(random.choice((1, 1, 1, 2, 2, 3))))


def _fault(random: Random) -> Fault:
    aim = random.choice((Aim.COMMAND, Aim.COMMAND, Aim.ANY))
    return Fault(
        way=random.choice(tuple(Way)),
        aim=aim,
        nth=random.choice((0, 0, 0, 1)) if aim is Aim.COMMAND else random.randrange(FRAMES),
        kind=random.choice(tuple(Kind)),
        share=random.choice((0.0, 1.0, random.random(), random.random())),
        wait_s=random.uniform(*random.choice(WAITS_S)),
    )
