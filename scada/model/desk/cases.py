"""The one list of what a person must settle: a function of what stands open, each thing once.

A car's passage is one case, however many reasons there are: a driver who calls from a lane that waits for a person is
not two. Cars come before papers, and who has waited longest comes first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Final, assert_never

from scada.model.handshake import Mode
from scada.model.lane import states as s
from scada.model.lane.leave import due_of, needs_person
from scada.model.lane.paying import PAID_ALREADY
from scada.model.lane.states import Lane
from scada.model.lane.step import case_of
from scada.model.lane.words import Direction

NAMES_ANOTHER = "the driver names another plate than the camera has read"
CALLS = "the driver calls"
IN_RESYNC = "the PLC waits for a person's word that the lane is clear"


class Kind(Enum):
    """What a case is about; the first ones are about a car that stands in a lane."""

    CALL = "call"
    UNREAD = "unread"
    NO_STAY = "no_stay"
    CLAIM = "claim"
    DOUBT = "doubt"
    PAYMENT = "payment"
    ADMISSION = "admission"
    LINGERING = "lingering"
    OTHER = "other"
    FAULT = "fault"
    RESYNC = "resync"
    MONEY = "money"
    UNCERTAIN = "uncertain"
    TAILGATE = "tailgate"
    LEFT_NO_STAY = "left_no_stay"


PAPERS = frozenset({Kind.MONEY, Kind.UNCERTAIN, Kind.TAILGATE, Kind.LEFT_NO_STAY})
"""No car waits for these."""
_LOOKED_AT: Final = ("it was an emergency vehicle", "a false alarm", "told to the manager")
REVIEWED: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.TAILGATE: ("the debt stands", *_LOOKED_AT),
    Kind.LEFT_NO_STAY: _LOOKED_AT,
}
"""These end by one of the words of a person who has looked at them; nothing else ends them. Without a stay there is no
debt that could stand."""
_ELSEWHERE: Final = ("helped", "nobody was there", "told to the manager")


@dataclass(frozen=True, slots=True)
class Case:
    """One thing a person must settle. `ref` names it for as long as it stands; `offered` is who is asked to take it."""

    ref: str
    kind: Kind
    since: datetime
    why: str
    lane: str = ""
    passage: str = ""
    stay: str = ""
    way_out: bool = False
    owner: str = ""
    answered_at: datetime | None = None
    offered: str = ""
    on_call: bool = False

    @property
    def is_paper(self) -> bool:
        """No car waits for it."""
        return self.kind in PAPERS

    @property
    def is_from_elsewhere(self) -> bool:
        """Somebody calls who is in no lane: nothing that happens there ends it."""
        return self.kind is Kind.CALL and not self.passage

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Give the words one of which may end it, never free text alone; none where what is done about it does."""
        return _ELSEWHERE if self.is_from_elsewhere else REVIEWED.get(self.kind, ())


@dataclass(frozen=True, slots=True)
class Hold:
    """What is on record of a case: since when it is known, and who has taken it."""

    opened_at: datetime
    owner: str = ""
    answered_at: datetime | None = None


def passage_ref(passage: str) -> str:
    """Name the case of a car that stands in a lane."""
    return f"passage:{passage}"


def case_of_lane(lane: Lane, now: datetime) -> Case | None:
    """Say what a lane waits for a person for, if it does."""
    live = lane.live
    why = case_of(lane)
    if why is None:
        if lane.image.alive and lane.image.mode is Mode.RESYNC:
            return Case(f"resync:{lane.name}", Kind.RESYNC, now, IN_RESYNC, lane.name)
        return None
    kind, out = kind_of(lane), lane.direction is Direction.EXIT
    if live is None or kind is Kind.FAULT:
        return Case(f"fault:{lane.name}", kind, now, why, lane.name, "" if live is None else live.id, way_out=out)
    return Case(passage_ref(live.id), kind, now, why, lane.name, live.id, live.stay or "", out)


def kind_of(lane: Lane) -> Kind:
    """Say what a case of a lane is about."""
    live = lane.live
    match lane.state:
        case s.Faulted():
            return Kind.FAULT
        case s.Open():
            return Kind.LINGERING
        case s.AwaitingOperator(why=why) as state:
            if why in (NAMES_ANOTHER, PAID_ALREADY) or (live is not None and live.claimed):
                return Kind.CLAIM
            if needs_person(state):
                return Kind.ADMISSION if lane.direction is Direction.ENTRY else Kind.DOUBT
            if due_of(lane) is not None:
                return Kind.CALL if why == CALLS else Kind.PAYMENT
            if live is not None and live.read is None:
                return Kind.UNREAD
            no_stay = live is not None and live.stay is None and lane.direction is Direction.EXIT
            return Kind.NO_STAY if no_stay else Kind.CALL if why == CALLS else Kind.OTHER
        case _:
            return Kind.OTHER


def listed(waiting: Iterable[Case], holds: Mapping[str, Hold]) -> tuple[Case, ...]:
    """Give the list: what waits, each thing once, with what is on record of it; cars first, the oldest first."""
    found: dict[str, Case] = {}
    for case in waiting:
        known = found.get(case.ref)
        found[case.ref] = case if known is None else _joined(known, case)
    held = (_held(case, holds.get(case.ref)) for case in found.values())
    return tuple(sorted(held, key=lambda case: (case.is_paper, case.since, case.ref)))


def _joined(one: Case, other: Case) -> Case:
    """Make one case of two about the same car: a call says that somebody is there, the lane says why it waits."""
    first, second = (one, other) if _weight(one.kind) <= _weight(other.kind) else (other, one)
    owner, answered = first.owner or second.owner, first.answered_at or second.answered_at
    return replace(
        first,
        since=min(one.since, other.since),
        stay=first.stay or second.stay,
        owner=owner,
        answered_at=answered,
    )


def _weight(kind: Kind) -> int:
    """Rank what a case is said to be about: the lane's own reason tells more than that somebody calls."""
    match kind:
        case Kind.FAULT | Kind.RESYNC:
            return 0
        case Kind.CALL | Kind.OTHER:
            return 2
        case (
            Kind.UNREAD | Kind.NO_STAY | Kind.CLAIM | Kind.DOUBT | Kind.PAYMENT | Kind.ADMISSION | Kind.LINGERING
            | Kind.MONEY | Kind.UNCERTAIN | Kind.TAILGATE | Kind.LEFT_NO_STAY
        ):  # fmt: skip
            return 1
        case _:
            assert_never(kind)


def _held(case: Case, hold: Hold | None) -> Case:
    """Add what is on record: who took it and gave it back has it no more, though he has answered the driver's call."""
    if hold is None:
        return case
    return replace(
        case,
        since=min(case.since, hold.opened_at),
        owner=hold.owner if hold.answered_at else case.owner,
        answered_at=hold.answered_at or case.answered_at,
    )
