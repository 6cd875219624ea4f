"""What the books say of pictures: whose passage is not settled, whose was looked into, whose read was rejected."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, or_, select

from scada.model.lane.words import OPERATOR_REASONS
from scada.model.names import PassageId, PictureId, SiteId
from scada.store.schema import camera_read, case, open_request, passage, stay, uncertain


@dataclass(frozen=True, slots=True)
class Marked:
    """Passages and pictures of one kind."""

    passages: frozenset[PassageId]
    pictures: frozenset[PictureId]


def held(conn: Connection, site: SiteId) -> Marked:
    """Give what is not settled: cars inside, arrears, open cases, passages of whose cars nobody knows the end."""
    open_cases = select(case.c.passage).where(case.c.site == site, case.c.closed_at.is_(None))
    doubts = select(uncertain.c.passage).where(uncertain.c.site == site, uncertain.c.settled_at.is_(None))
    asked = {*conn.scalars(open_cases), *conn.scalars(doubts)}
    unsettled = or_(stay.c.ending.is_(None), stay.c.arrears_fen > 0)
    return _with_stays(conn, site, asked, [*_stays(conn, site, unsettled), *_stays_of(conn, site, open_cases)])


def looked_into(conn: Connection, site: SiteId, since: datetime) -> Marked:
    """Give what people looked into or opened by hand, and what ended otherwise than it should, since a moment."""
    cases = select(case.c.passage).where(case.c.site == site, case.c.opened_at >= since)
    by_hand = [reason.value for reason in OPERATOR_REASONS]
    opened = select(open_request.c.passage).where(
        open_request.c.site == site, open_request.c.made_at >= since, open_request.c.reason.in_(by_hand)
    )
    noted = select(passage.c.id).where(passage.c.site == site, passage.c.note != "", passage.c.ended_at >= since)
    asked = {*conn.scalars(cases), *conn.scalars(opened), *conn.scalars(noted)} - {None}
    return _with_stays(conn, site, asked, [*_stays_of(conn, site, cases), *_stays_of(conn, site, opened)])


def rejected(conn: Connection, site: SiteId, since: datetime) -> frozenset[PictureId]:
    """Give the pictures of rejected reads since a moment, without those on which a stay hangs."""
    mine = (camera_read.c.site == site) & (camera_read.c.at >= since)
    found = select(camera_read.c.picture).where(mine, camera_read.c.why != "", camera_read.c.picture.is_not(None))
    recent = or_(stay.c.entered_at >= since, stay.c.exited_at >= since)
    of_stays = {picture for row in _stays(conn, site, recent) for picture in (row.entry_picture, row.exit_picture)}
    return frozenset(PictureId(picture) for picture in conn.scalars(found)) - of_stays


def _with_stays(conn: Connection, site: SiteId, asked: Iterable[str], stays: Iterable[Row[tuple[str, ...]]]) -> Marked:
    passages, pictures = set(asked), set[str]()
    for row in stays:
        passages |= {row.entry_passage, row.exit_passage}
        pictures |= {row.entry_picture, row.exit_picture}
    return Marked(frozenset(map(PassageId, passages - {None})), frozenset(map(PictureId, pictures - {None})))


def _stays_of(conn: Connection, site: SiteId, passages: object) -> list[Row[tuple[str, ...]]]:
    return _stays(conn, site, or_(stay.c.entry_passage.in_(passages), stay.c.exit_passage.in_(passages)))  # type: ignore[arg-type]


def _stays(conn: Connection, site: SiteId, which: ColumnElement[bool]) -> list[Row[tuple[str, ...]]]:
    columns = (stay.c.entry_passage, stay.c.exit_passage, stay.c.entry_picture, stay.c.exit_picture)
    return list(conn.execute(select(*columns).where(stay.c.site == site, which)))
