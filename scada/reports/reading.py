"""Read what the reports reckon with from the books; nothing is changed."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from sqlalchemy import Connection, func, select

from scada.model.handshake import CommandCode
from scada.model.names import SiteId
from scada.reports.stories import Facts, Opened, Passed, Rise, StayChange
from scada.store import schema

AROUND = timedelta(days=1)
"""How far around a period the books are read, so that what goes on over its edges is told whole."""


def last_day(connection: Connection, site: SiteId, zone: tzinfo) -> date | None:
    """Give the site's day of the newest entry in the journal."""
    table = schema.journal
    at = connection.scalar(select(func.max(table.c.at)).where(table.c.site == site))
    return None if at is None else at.astimezone(zone).date()


def midnight(day: date, zone: tzinfo) -> datetime:
    """Give the moment at which a day of the site begins."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def read_facts(connection: Connection, site: SiteId, since: datetime, until: datetime) -> Facts:
    """Read what a period's openings are reckoned from."""
    span = since - AROUND, until + AROUND
    kept = _pictures(connection, site, span)
    passages = _passages(connection, site, span)
    return Facts(
        rises=_rises(connection, site, span, kept),
        commands=_commands(connection, site, span),
        passages=[one if one.picture else one._replace(picture=_first(kept, one.lane, one.id)) for one in passages],
        changes=_changes(connection, site, span),
    )


Span = tuple[datetime, datetime]
Kept = Mapping[tuple[str, str | None], list[tuple[datetime, str, str]]]
"""The pictures of a lane and a passage (or of nobody): when, which, and why."""


def _rises(connection: Connection, site: SiteId, span: Span, kept: Kept) -> list[Rise]:
    table = schema.rise
    columns = [table.c[name] for name in ("lane", "count", "cause", "number", "at", "passage")]
    query = select(*columns).where(table.c.site == site, table.c.at.between(*span)).order_by(table.c.at, table.c.id)
    return [
        Rise(lane, count, cause, number, at, _of_rise(kept, lane, passage, at))
        for lane, count, cause, number, at, passage in connection.execute(query).all()
    ]


def _commands(connection: Connection, site: SiteId, span: Span) -> list[Opened]:
    table = schema.intent
    mine = (table.c.site == site) & (table.c.code == int(CommandCode.OPEN)) & table.c.made_at.between(*span)
    query = select(table.c.lane, table.c.number, table.c.state, table.c.made_at).where(mine).order_by(table.c.id)
    return [Opened._make(row) for row in connection.execute(query).all()]


def _passages(connection: Connection, site: SiteId, span: Span) -> list[Passed]:
    table = schema.passage
    columns = [table.c[name] for name in ("id", "lane", "number", "outcome", "note", "began_at", "ended_at", "picture")]
    mine = (table.c.site == site) & table.c.ended_at.between(*span)
    query = select(*columns).where(mine).order_by(table.c.ended_at, table.c.number)
    return [Passed._make(row) for row in connection.execute(query).all()]


def _changes(connection: Connection, site: SiteId, span: Span) -> list[StayChange]:
    table = schema.stay
    begun = select(table.c.id, table.c.entry_lane, table.c.entry_passage, table.c.entered_at)
    ended = select(table.c.id, table.c.exit_lane, table.c.exit_passage, table.c.ending, table.c.exited_at)
    begun = begun.where(table.c.site == site, table.c.entered_at.between(*span)).order_by(table.c.entered_at)
    ended = ended.where(table.c.site == site, table.c.ending.is_not(None), table.c.exited_at.between(*span))
    return [
        *(StayChange(stay, lane, of, None, at) for stay, lane, of, at in connection.execute(begun).all()),
        *(
            StayChange(stay, lane or "", of, ending, at)
            for stay, lane, of, ending, at in connection.execute(ended).all()
        ),
    ]


def _pictures(connection: Connection, site: SiteId, span: Span) -> Kept:
    table = schema.journal
    mine = (table.c.site == site) & (table.c.kind == "picture") & table.c.at.between(*span)
    query = select(table.c.at, table.c.lane, table.c.passage, table.c.body).where(mine).order_by(table.c.n)
    kept: dict[tuple[str, str | None], list[tuple[datetime, str, str]]] = {}
    for at, lane, passage, body in connection.execute(query).all():
        if body.get("picture"):
            kept.setdefault((lane, passage), []).append((at, str(body["picture"]), str(body.get("why", ""))))
    return kept


def _first(kept: Kept, lane: str, passage: str) -> str | None:
    pictures = kept.get((lane, passage))
    return pictures[0][1] if pictures else None


def _of_rise(kept: Kept, lane: str, passage: str | None, at: datetime) -> str | None:
    """Give the picture that was kept because of a rise: the next one of its lane and passage for that reason."""
    for taken_at, picture, why in kept.get((lane, passage), []):
        if taken_at >= at and why == "unexplained rise":
            return picture
    return None
