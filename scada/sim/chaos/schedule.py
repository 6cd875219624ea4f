"""Which fault comes when: drawn from a seed, the same every time. A function of values."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
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


@dataclass(frozen=True, slots=True)
class Act:
    """What is done to one site, from its start to its end."""

    faults: tuple[Planned, ...]


def drawn(
    names: Collection[str],
    seed: int,
    minutes: float,
    without: Collection[str] = frozenset(),
    nowhere: Collection[str] = frozenset(),
) -> tuple[Act, ...]:
    """Draw the faults of a drill: those of these names, each once, and again as long as there is time.

    Those of servers come in an act of their own, on a site that uses them. `without`: those that cannot be made here;
    `nowhere`: places that the site does not have.
    """
    random = Random(seed)  # noqa: S311 a play, no secret
    able = [_within(kind, nowhere) for kind in ALL if kind.name not in without and kind is not TWO]
    decks = [
        [kind for kind in able if kind.name in names and kind.is_of_servers is servers] for servers in (False, True)
    ]
    if TWO.name in names:
        decks = [[*deck, TWO] for deck in decks if deck] or [[TWO]]
    decks = [deck for deck in decks if deck]
    count = sum(len(deck) for deck in decks)
    return tuple(Act(tuple(_spread(deck, able, minutes * len(deck) / count, random))) for deck in decks)


def _within(kind: Kind, nowhere: Collection[str]) -> Kind:
    return replace(kind, where=tuple(one for one in kind.where if one not in nowhere))


def _spread(deck: Sequence[Kind], able: Sequence[Kind], minutes: float, random: Random) -> Iterator[Planned]:
    """Lay the faults out in time, one after the other; two at once are any two."""
    deck = random.sample(deck, len(deck))
    servers = any(kind.is_of_servers for kind in deck)
    pairs = [(one, two) for one, two in permutations(able, 2) if (one.is_of_servers or two.is_of_servers) is servers]
    end_s = minutes * 60 - START_S - DRAIN_S
    at_s, number = random.uniform(SHORTEST_GAP_S, LONGEST_GAP_S), 0
    while number < len(deck) or at_s < end_s:
        kind = deck[number % len(deck)]
        yield (one := _two(at_s, pairs, random) if kind is TWO else _one(at_s, kind, random))
        at_s += one.lasts_s + USUAL_RECOVERY_S + random.uniform(SHORTEST_GAP_S, LONGEST_GAP_S)
        number += 1


def _one(at_s: float, kind: Kind, random: Random) -> Planned:
    lasts_s = round(random.uniform(*kind.lasts_s), 1)
    return Planned(round(at_s, 1), kind, random.choice(kind.where), lasts_s, random.randrange(2**31))


def _two(at_s: float, pairs: Sequence[tuple[Kind, Kind]], random: Random) -> Planned:
    """Draw two kinds that touch different things."""
    while True:
        first, second = (_one(at_s, kind, random) for kind in random.choice(pairs))
        if not touched(first.where) & touched(second.where):
            break
    where = " + ".join(f"{one.kind.name} ({one.where})" for one in (first, second))
    return Planned(first.at_s, TWO, where, max(first.lasts_s, second.lasts_s), first.seed, (first, second))
