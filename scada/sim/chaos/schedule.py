"""Which fault comes when: drawn from a seed, the same every time. A function of values."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from scada.sim.chaos.kinds import ALL, TWO, Kind, touched

START_S: Final = 25.0
"""What a site takes to start."""
DRAIN_S: Final = 75.0
"""What the cars take to leave at the end."""
SHORTEST_GAP_S, LONGEST_GAP_S = 3.0, 7.0
USUAL_RECOVERY_S: Final = 12.0
"""What most faults take until they are over; a longer one makes the next ones later."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault to come: `at_s` from when the site is up, `lasts_s` until it is mended, and a seed of its own.

    `both`: the two that it consists of, made at the same time.
    """

    at_s: float
    kind: Kind
    where: str
    lasts_s: float
    seed: int
    both: tuple["Planned", ...] = ()

    @property
    def parts(self) -> tuple["Planned", ...]:
        """Give what is made."""
        return self.both or (self,)

    @property
    def limit_s(self) -> float:
        """Say when it must be over: of two, one may have to wait for the other."""
        return sum(one.kind.limit_s for one in self.parts)


def drawn(
    names: Collection[str], seed: int, minutes: float, without: Collection[str] = frozenset()
) -> tuple[Planned, ...]:
    """Draw the faults of a drill: those of these names, each once, and again as long as there is time.

    `without`: those that cannot be made here.
    """
    random = Random(seed)  # noqa: S311 a play, no secret
    able = [kind for kind in ALL if kind.name not in without]
    deck = [kind for kind in able if kind.name in names]
    random.shuffle(deck)
    return tuple(_spread(deck, able, minutes * 60 - START_S - DRAIN_S, random)) if deck else ()


def _spread(deck: Sequence[Kind], able: Sequence[Kind], end_s: float, random: Random) -> Iterator[Planned]:
    """Lay the faults out in time, one after the other; two at once are any two."""
    at_s, number = random.uniform(SHORTEST_GAP_S, LONGEST_GAP_S), 0
    while number < len(deck) or at_s < end_s:
        kind = deck[number % len(deck)]
        yield (one := _two(at_s, able, random) if kind is TWO else _one(at_s, kind, random))
        at_s += one.lasts_s + USUAL_RECOVERY_S + random.uniform(SHORTEST_GAP_S, LONGEST_GAP_S)
        number += 1


def _one(at_s: float, kind: Kind, random: Random) -> Planned:
    lasts_s = round(random.uniform(*kind.lasts_s), 1)
    return Planned(round(at_s, 1), kind, random.choice(kind.where), lasts_s, random.randrange(2**31))


def _two(at_s: float, able: Sequence[Kind], random: Random) -> Planned:
    """Draw two kinds that touch different things."""
    pool = [kind for kind in able if kind is not TWO]
    first = _one(at_s, random.choice(pool), random)
    second = first
    while second.kind is first.kind or touched(second.where) & touched(first.where):
        second = _one(at_s, random.choice(pool), random)
    where = " + ".join(f"{one.kind.name} ({one.where})" for one in (first, second))
    return Planned(first.at_s, TWO, where, max(first.lasts_s, second.lasts_s), first.seed, (first, second))
