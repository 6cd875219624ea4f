"""Who is asked to take a case that nobody has taken: one seat, then the next one, then the person on call.

A case never opens a gate by itself, whoever does not answer: it only rings somewhere else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scada.model.desk.cases import Case

SEEN_WITHIN = timedelta(seconds=90)
"""A seat that has not said for so long that somebody sits there is empty."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A person at a desk: since when, and when that was heard last."""

    name: str
    since: datetime
    heard_at: datetime


@dataclass(frozen=True, slots=True)
class Ringing:
    """After how many seconds the next one is asked, and who is asked at last."""

    next_s: float
    on_call: tuple[str, ...]


def offered(cases: Sequence[Case], seats: Sequence[Seat], ringing: Ringing, now: datetime) -> tuple[Case, ...]:
    """Say of every car that waits unanswered at a way out, whom it is offered to now."""
    awake = [seat for seat in seats if now - seat.heard_at <= SEEN_WITHIN]
    return tuple(_offered(case, _in_turn(awake, cases), ringing, now) for case in cases)


def _in_turn(seats: Sequence[Seat], cases: Sequence[Case]) -> list[str]:
    """Put the seats into the order in which they are asked: who has least to do first."""
    busy = [case.owner for case in cases]
    return [seat.name for seat in sorted(seats, key=lambda seat: (busy.count(seat.name), seat.since, seat.name))]


def _offered(case: Case, seats: Sequence[str], ringing: Ringing, now: datetime) -> Case:
    if case.is_paper or not case.way_out or case.owner:
        return case
    turn = int((now - case.since).total_seconds() // ringing.next_s)
    if turn < len(seats):
        return replace(case, offered=seats[turn])
    if turn < 1:
        return case
    return replace(case, offered=", ".join(ringing.on_call), on_call=True)
