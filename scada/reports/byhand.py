"""Every opening by a person (`lanes.md` §11): who, who else, why, which car, and what it owes or was let off."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, select

from scada.model.lane.words import OPERATOR_REASONS, Reason
from scada.model.names import SiteId
from scada.reports.reading import AROUND
from scada.store.schema import camera_read, journal, open_request, passage, stay
from scada.store.sql.hours import not_found_by

REVIEWED = frozenset({Reason.EMERGENCY.value})
"""What is opened for these reasons is looked at by somebody else the next day."""


@dataclass(frozen=True, slots=True)
class ByHand:
    """One opening that its lane took. Amounts are None where no stay has ended with it; `picture` may be empty."""

    at: datetime
    lane: str
    person: str
    second: str
    reason: str
    note: str
    passage: str
    outcome: str
    plate: str
    picture: str
    stay: str
    owed_fen: int | None
    waived_fen: int | None

    @property
    def is_to_be_reviewed(self) -> bool:
        """Say whether somebody has to look at it afterwards."""
        return self.reason in REVIEWED


@dataclass(frozen=True, slots=True)
class Sum:
    """All openings for one reason."""

    reason: str
    openings: int
    owed_fen: int
    waived_fen: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked at the desk, as the journal has it."""

    at: datetime
    second: str
    note: str


def sums(openings: Sequence[ByHand]) -> list[Sum]:
    """Add up by reason, in the order of the fixed list."""
    of = {reason.value: [one for one in openings if one.reason == reason.value] for reason in OPERATOR_REASONS}
    return [Sum(reason, len(them), _owed(them), _waived(them)) for reason, them in of.items() if them]


def _owed(openings: Iterable[ByHand]) -> int:
    return sum(one.owed_fen or 0 for one in openings)


def _waived(openings: Iterable[ByHand]) -> int:
    return sum(one.waived_fen or 0 for one in openings)


def read_by_hand(connection: Connection, site: SiteId, since: datetime, until: datetime) -> list[ByHand]:
    """Read the openings from `since` to before `until`, oldest first; a car's amounts stand at its last one."""
    reasons = [reason.value for reason in OPERATOR_REASONS]
    taken = (open_request.c.state == "TAKEN") & open_request.c.reason.in_(reasons)
    days = (open_request.c.made_at >= since) & (open_request.c.made_at < until)
    query = (
        select(
            open_request,
            passage.c.outcome,
            passage.c.plate.label("seen"),
            passage.c.picture,
            stay.c.id.label("ended"),
            stay.c.plate,
            stay.c.exit_picture,
            stay.c.arrears_fen,
            stay.c.waived_fen,
        )
        .outerjoin(passage, passage.c.id == open_request.c.passage)
        .outerjoin(stay, (stay.c.exit_passage == open_request.c.passage) & (not_found_by(stay.c.site) == site))
        .where(open_request.c.site == site, taken, days)
        .order_by(open_request.c.made_at, open_request.c.id)
    )
    rows = connection.execute(query).all()
    asked = _asked(connection, site, since, until)
    last = {row.passage: row.id for row in rows}
    seen = _seen(connection, site, [row.passage for row in rows if not (row.picture or row.exit_picture)])
    return [_opening(row, asked, seen, counts=last[row.passage] == row.id) for row in rows]


def _seen(connection: Connection, site: SiteId, passages: Sequence[str]) -> dict[str, str]:
    """Find a picture of cars whose plate nobody read: of the last capture that was rejected."""
    mine = (
        (not_found_by(camera_read.c.site) == site)
        & camera_read.c.passage.in_(passages)
        & camera_read.c.picture.is_not(None)
    )
    query = select(camera_read.c.passage, camera_read.c.picture).where(mine).order_by(camera_read.c.id)
    return {of: picture for of, picture in connection.execute(query) if picture is not None}


Told = dict[tuple[str | None, str, str], list[Asked]]
"""What was asked at the desk, by passage, person and reason, in the order of time."""


def _asked(connection: Connection, site: SiteId, since: datetime, until: datetime) -> Told:
    told: Told = {}
    mine = (journal.c.site == site) & (journal.c.kind == "person") & (journal.c.what == "open gate")
    days = journal.c.at.between(since - AROUND, until)
    query = select(journal.c.at, journal.c.passage, journal.c.actor, journal.c.body).where(mine, days)
    for at, of, person, body in connection.execute(query.order_by(journal.c.n)):
        key = of, person, str(body.get("reason"))
        told.setdefault(key, []).append(Asked(at, str(body.get("second", "")), str(body.get("note", ""))))
    return told


def _opening(row: Row[tuple[object, ...]], asked: Told, seen: dict[str, str], *, counts: bool) -> ByHand:
    """Put a request beside what was asked at the desk just before it."""
    before = [one for one in asked.get((row.passage, row.actor, row.reason), []) if one.at <= row.made_at]
    said = before[-1] if before else Asked(row.made_at, "", "")
    has_stay = counts and row.ended is not None
    return ByHand(
        at=row.made_at,
        lane=row.lane,
        person=row.actor,
        second=said.second,
        reason=row.reason,
        note=said.note,
        passage=row.passage or "",
        outcome=row.outcome or "",
        plate=row.plate or row.seen or "",
        picture=row.picture or row.exit_picture or seen.get(row.passage, ""),
        stay=row.ended or "",
        owed_fen=row.arrears_fen if has_stay else None,
        waived_fen=row.waived_fen if has_stay else None,
    )
