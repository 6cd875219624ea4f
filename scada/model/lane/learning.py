"""What a lane's contacts tell of a car that drove through: their order, their times, and what waits would fit them.

Nothing here changes a setting: proposals have reasons, and a person writes them into the configuration.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

APPROACH: Final = "loop.approach"
SAFETY: Final = "loop.safety"
BEAM: Final = "beam"
UP: Final = "gate.up"
DOWN: Final = "gate.down"
CONTACTS: Final = (APPROACH, SAFETY, BEAM, UP, DOWN)
SPARE: Final = 1.5
"""A wait is so many times what was seen at most, and a second more."""
LEAST_PASS_S: Final = 20.0
LEAST_UNDER_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Edge:
    """A contact that turned: when, which, and what it is since."""

    at_s: float
    contact: str
    on: bool


@dataclass(frozen=True, slots=True)
class Learned:
    """One drive: edges in order, how long each contact was on, and the times between them; None where it did not come.

    `gap_s`: from the approach loop's end to the safety loop's beginning; below zero they overlap.
    """

    edges: tuple[Edge, ...]
    on_s: Mapping[str, float]
    transit_s: float | None
    gap_s: float | None
    open_s: float | None
    close_s: float | None
    pass_s: float | None
    under_s: float | None
    doubts: tuple[str, ...]


def learn(edges: Sequence[Edge]) -> Learned:
    """Read one drive out of its edges; the first of each kind counts, and whatever does not fit is told."""
    ordered = tuple(sorted(edges, key=lambda edge: edge.at_s))
    at: dict[tuple[str, bool], float] = {}
    for edge in ordered:
        at.setdefault((edge.contact, edge.on), edge.at_s)
    last_safety = max((edge.at_s for edge in ordered if edge.contact == SAFETY and not edge.on), default=None)
    rises = _between(at.get((DOWN, False)), at.get((UP, True)))
    falls = _between(at.get((UP, False)), _after(ordered, DOWN, at.get((UP, False))))
    return Learned(
        edges=ordered,
        on_s={contact: on for contact in CONTACTS[:3] if (on := _longest(ordered, contact)) is not None},
        transit_s=_between(at.get((APPROACH, True)), at.get((SAFETY, True))),
        gap_s=_difference(at.get((APPROACH, False)), at.get((SAFETY, True))),
        open_s=rises,
        close_s=falls,
        pass_s=_between(at.get((UP, True)), last_safety),
        under_s=_longest(ordered, SAFETY),
        doubts=_doubts(ordered, at),
    )


def _between(first: float | None, then: float | None) -> float | None:
    """Give the time from one to the other if both came, in this order."""
    return then - first if first is not None and then is not None and then >= first else None


def _difference(first: float | None, then: float | None) -> float | None:
    return then - first if first is not None and then is not None else None


def _after(edges: Sequence[Edge], contact: str, at_s: float | None) -> float | None:
    if at_s is None:
        return None
    return next((edge.at_s for edge in edges if edge.contact == contact and edge.on and edge.at_s >= at_s), None)


def _longest(edges: Sequence[Edge], contact: str) -> float | None:
    """Give the longest time a contact was on from beginning to end."""
    began: float | None = None
    longest: float | None = None
    for edge in edges:
        if edge.contact != contact:
            continue
        if edge.on:
            began = edge.at_s if began is None else began
        elif began is not None:
            longest = max(longest or 0.0, edge.at_s - began)
            began = None
    return longest


def _doubts(edges: Sequence[Edge], at: Mapping[tuple[str, bool], float]) -> tuple[str, ...]:
    """Say what is not as a car drives through a lane."""
    turned = {edge.contact for edge in edges}
    approach, safety = at.get((APPROACH, True)), at.get((SAFETY, True))
    doubts = [
        *([] if APPROACH in turned else ["the approach loop did not turn"]),
        *([] if SAFETY in turned else ["the safety loop did not turn"]),
        *([] if UP in turned else ["the boom was not seen up"]),
        *([] if DOWN in turned else ["the boom was not seen leaving or reaching its lower end"]),
    ]
    if approach is not None and safety is not None and safety < approach:
        doubts.append("the safety loop turned before the approach loop: wrong way, or the two are exchanged")
    if safety is not None and (up := at.get((UP, True))) is not None and safety < up:
        doubts.append("a car was on the safety loop before the boom was up")
    leaves, comes = at.get((UP, False)), at.get((SAFETY, False))
    if leaves is not None and comes is not None and leaves < comes:
        doubts.append("the boom came down before the safety loop was free")
    return tuple(doubts)


@dataclass(frozen=True, slots=True)
class Proposed:
    """A wait as it is set and as the drives speak for: `reason` in words, with what was seen in `seen_s`."""

    key: str
    configured_s: float
    proposed_s: float
    seen_s: float
    reason: str

    @property
    def differs(self) -> bool:
        """Say whether the setting is shorter than what the drives need, or much longer."""
        return not self.proposed_s <= self.configured_s <= 3 * self.proposed_s


_MEASURED: Final = (
    ("t_open_s", "open_s", SPARE, 1.0, "the longest rise of the boom, half as long again, and a second"),
    ("t_close_s", "close_s", SPARE, 1.0, "the longest fall of the boom, half as long again, and a second"),
    ("t_pass_s", "pass_s", 3.0, LEAST_PASS_S, "three times the longest drive under the open boom, and 20 s"),
    ("t_under_s", "under_s", 3.0, LEAST_UNDER_S, "three times the longest stand on the safety loop, and 15 s"),
)
WAITS: Final = tuple(key for key, *_ in _MEASURED)
"""Waits of a lane that drives speak for."""


def proposals(drives: Sequence[Learned], configured: Mapping[str, float]) -> tuple[Proposed, ...]:
    """Say which waits the drives speak for, beside those that are set."""
    found = []
    for key, measured, factor, more, reason in _MEASURED:
        seen = [value for drive in drives if (value := getattr(drive, measured)) is not None]
        if seen and key in configured:
            proposed = ceil((max(seen) * factor + more) * 2) / 2
            found.append(Proposed(key, configured[key], proposed, round(max(seen), 3), reason))
    return tuple(found)
