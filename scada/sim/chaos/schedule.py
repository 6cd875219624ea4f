"""Which fault comes when: drawn from a seed, the same every time. A function of values."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from scada.sim.chaos.kinds import ALL, Kind

START_S: Final = 25.0
"""What a site takes to start."""
DRAIN_S: Final = 75.0
"""What the cars take to leave at the end."""
SHORTEST_GAP_S, LONGEST_GAP_S = 3.0, 7.0
USUAL_RECOVERY_S: Final = 12.0
"""What most faults take until they are over; a longer one makes the next ones later."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault to come: `at_s` from when the site is up, `lasts_s` until it is mended, and a seed of its own."""

    at_s: float
    kind: Kind
    where: str
    lasts_s: float
    seed: int


def drawn(names: Collection[str], seed: int, minutes: float) -> tuple[Planned, ...]:
    """Draw the faults of a drill: those of these names, each once, and again as long as there is time."""
    random = Random(seed)  # noqa: S311 a play, no secret
    deck = [kind for kind in ALL if kind.name in names]
    random.shuffle(deck)
    return tuple(_spread(deck, minutes * 60 - START_S - DRAIN_S, random)) if deck else ()


def _spread(deck: list[Kind], end_s: float, random: Random) -> Iterator[Planned]:
    """Lay the faults out in time, one after the other."""
    at_s, number = random.uniform(SHORTEST_GAP_S, LONGEST_GAP_S), 0
    while number < len(deck) or at_s < end_s:
        kind = deck[number % len(deck)]
        lasts_s = round(random.uniform(*kind.lasts_s), 1)
        yield Planned(round(at_s, 1), kind, random.choice(kind.where), lasts_s, random.randrange(2**31))
        at_s += lasts_s + USUAL_RECOVERY_S + random.uniform(SHORTEST_GAP_S, LONGEST_GAP_S)
        number += 1
