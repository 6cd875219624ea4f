"""Ghosts: open stays whose cars have most likely gone through an open lane. They are proposed, and never closed here.

The rule. Every vehicle that went out without ending a stay stands for one stay at most, by the first of these that
fits: the same car (its plate, or the stay that the lane took it for); the one stay whose plate differs by one sign; a
stay without a plate, for a vehicle without one; at last the stay that is open for longest, if that is too long for a
visit.
A stay counts only if its car came in before it went out, and nothing has been seen of it since.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

Rule = Callable[["Inside", "Seen"], bool]


class Evidence(Enum):
    """Why a stay is taken for a ghost."""

    SAME = "the same car went out, and its stay did not end"
    NEAR = "a plate that differs by one sign went out"
    UNREAD = "a car without a plate came in, and one went out"
    LONG = "it is open for longer than a visit lasts, and a car went out uncounted"


@dataclass(frozen=True, slots=True)
class Seen:
    """A passage that has ended, with what was read of its car and the stay that the lane took it for."""

    id: str
    lane: str
    outcome: str
    note: str
    plate: str | None
    stay: str | None
    began_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Inside:
    """A stay that is open; `unread`: it came in without a plate and has a name instead."""

    id: str
    plate: str
    unread: bool
    lane: str
    entered_at: datetime


@dataclass(frozen=True, slots=True)
class Ghost:
    """A stay proposed for closing, with the passage that may have been its car's."""

    stay: Inside
    evidence: Evidence
    passage: str


def propose(inside: Sequence[Inside], uncounted: Sequence[Seen], long_before: datetime) -> tuple[Ghost, ...]:
    """Propose stays to be closed: `inside` the open ones, oldest first; `long_before`: who came in then is overdue."""
    rules: tuple[tuple[Evidence, Rule], ...] = (
        (Evidence.SAME, lambda stay, gone: stay.id == gone.stay or stay.plate == gone.plate),
        (Evidence.NEAR, lambda stay, gone: _is_near(stay, gone, inside)),
        (Evidence.UNREAD, lambda stay, gone: stay.unread and gone.plate is None),
        (Evidence.LONG, lambda stay, gone: stay.entered_at < long_before),
    )
    ghosts: dict[str, Ghost] = {}
    explained: set[str] = set()
    for evidence, fits in rules:
        for gone in uncounted:
            stay = _first(inside, gone, fits, ghosts)
            if stay is not None and gone.id not in explained:
                ghosts[stay.id] = Ghost(stay, evidence, gone.id)
                explained.add(gone.id)
    return tuple(ghosts.values())


def _first(inside: Sequence[Inside], gone: Seen, fits: Rule, ghosts: dict[str, Ghost]) -> Inside | None:
    free = (stay for stay in inside if stay.id not in ghosts and stay.entered_at < gone.ended_at)
    return next((stay for stay in free if fits(stay, gone)), None)


def _is_near(stay: Inside, gone: Seen, inside: Sequence[Inside]) -> bool:
    """Say whether this stay, and no other one, has a plate that differs by one sign (`lanes.md` §10)."""
    plate = gone.plate
    return plate is not None and [one.id for one in inside if _differ_by_one(one.plate, plate)] == [stay.id]


def _differ_by_one(one: str, other: str) -> bool:
    return len(one) == len(other) and sum(a != b for a, b in zip(one, other, strict=True)) == 1
