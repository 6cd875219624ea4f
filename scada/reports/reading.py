"""Read what the reports reckon with from the books; nothing is changed."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, Select, func, null, select

from scada.model.handshake import CommandCode
from scada.model.names import SiteId
from scada.reports.openings import hour_of
from scada.reports.plain import Changes, Columns, Commands, Parted, Passages, Rises, Times, part
from scada.reports.stories import Facts, Passed, Rise
from scada.store import schema
from scada.store.sql.hours import length_for, not_found_by, readers, unread

AROUND = timedelta(days=1)
"""How far around a period the books are read, so that what goes on over its edges is told whole."""


def last_day(connection: Connection, site: SiteId, zone: tzinfo) -> date | None:
    """Give the site's day of the newest entry in the journal."""
    at = newest_entry(connection, site)
    return None if at is None else at.astimezone(zone).date()


def newest_entry(connection: Connection, site: SiteId) -> datetime | None:
    """Give the moment of the newest entry in the journal."""
    table = schema.journal.c
    query = select(table.at).where(not_found_by(table.site) == site).order_by(table.at.desc()).limit(1)
    return connection.scalar(query)


def midnight(day: date, zone: tzinfo) -> datetime:
    """Give the moment at which a day of the site begins."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


Span = tuple[datetime, datetime]
AT_ONCE: Final = 500
"""So many rows are fetched, or asked for by their numbers, at a time."""


def read_openings(connection: Connection, site: SiteId, zone: tzinfo, since: datetime, until: datetime) -> Parted:
    """Read what a period's openings are reckoned from."""
    return part(_books(connection, site, zone, (since - AROUND, until + AROUND)))


def _books(connection: Connection, site: SiteId, zone: tzinfo, span: Span) -> Columns:
    """Read the books; nothing is made of the times of a month's cars but what is asked for."""
    read = partial(_columns, connection, {})
    return Columns(
        Rises(*read(_rises(site, span))),
        Commands(*read(_commands(site, span))),
        Passages(*read(_passages(site, span))),
        Changes(*read(*_changes(site, span))),
        Times(*readers(connection.dialect.name, partial(hour_of, zone=zone), length_for(zone, span[0]))),
    )


Query = Select[*tuple[Any, ...]]
_WORDS: Final = frozenset({"lane", "cause", "state", "outcome", "note", "ending"})
"""Columns of few words, which come again and again."""


def _columns(connection: Connection, known: dict[Any, Any], *queries: Query) -> Iterable[list[Any]]:
    """Read rows as the driver gives them, and give their columns; a word is kept once, in `known`.

    They are read by pieces that stay in a processor's cache: a month's rows do not.
    """
    names = queries[0].selected_columns.keys()
    found: list[list[Any]] = [[] for _ in names]
    for query in queries:
        with connection.execute(query) as result:
            while rows := result.cursor.fetchmany(AT_ONCE):
                for name, column, piece in zip(names, found, zip(*rows, strict=True), strict=True):
                    column.extend(map(known.setdefault, piece, piece) if name in _WORDS else piece)
    return found


def _rises(site: SiteId, span: Span) -> Query:
    table = schema.rise.c
    columns = (table.lane, table.number, table.count, table.cause, unread(table.at), table.passage)
    return select(*columns).where(table.site == site, table.at.between(*span)).order_by(table.at, table.id)


def _commands(site: SiteId, span: Span) -> Query:
    table = schema.intent.c
    mine = (table.site == site) & (table.code == int(CommandCode.OPEN)) & table.made_at.between(*span)
    return select(table.lane, table.number, table.state, unread(table.made_at)).where(mine).order_by(table.id)


def _passages(site: SiteId, span: Span) -> Query:
    table = schema.passage.c
    times = unread(table.began_at), unread(table.ended_at)
    columns = (table.lane, table.number, table.id, table.outcome, table.note, *times, table.picture)
    mine = (table.site == site) & table.ended_at.between(*span)
    return select(*columns).where(mine).order_by(table.ended_at, table.number)


def _changes(site: SiteId, span: Span) -> tuple[Query, Query]:
    table = schema.stay.c
    came, left = table.entry_lane.label("lane"), func.coalesce(table.exit_lane, "").label("lane")
    begun = select(came, table.entry_passage, null().label("ending"), unread(table.entered_at))
    ended = select(left, table.exit_passage, table.ending, unread(table.exited_at))
    begun = begun.where(table.site == site, table.entered_at.between(*span)).order_by(table.entered_at)
    ended = ended.where(table.site == site, table.ending.is_not(None), table.exited_at.between(*span))
    return begun, ended


def with_pictures(connection: Connection, site: SiteId, facts: Facts, since: datetime, until: datetime) -> Facts:
    """Find the pictures of what wants a closer look: its passage's own, or one that the journal says was kept."""
    wanted: set[Place] = {(one.lane, one.id) for one in facts.passages if not one.picture}
    wanted |= {(one.lane, one.passage) for one in facts.rises}
    kept = _kept(connection, site, wanted, (since - AROUND, until + AROUND))
    rises = [replace(one, picture=_of_rise(kept, one)) for one in facts.rises]
    passages = [one if one.picture else one._replace(picture=_first(kept, one)) for one in facts.passages]
    return replace(facts, rises=rises, passages=passages)


Place = tuple[str | None, str | None]
"""A lane, and a passage or nobody's."""
Kept = Mapping[Place, list[tuple[datetime, str, str]]]
"""The pictures of a place: when, which, and why."""


def _kept(connection: Connection, site: SiteId, wanted: Set[Place], span: Span) -> Kept:
    table = schema.journal.c
    mine = (table.site == site) & (table.kind == "picture") & table.at.between(*span)
    query = select(table.n, table.lane, table.passage).where(mine).order_by(table.n)
    told = [n for n, lane, passage in connection.execute(query).all() if (lane, passage) in wanted]
    kept: dict[Place, list[tuple[datetime, str, str]]] = {}
    whole = select(table.at, table.lane, table.passage, table.body).order_by(table.n)
    for first in range(0, len(told), AT_ONCE):
        some = whole.where(table.n.in_(told[first : first + AT_ONCE]))
        for at, lane, passage, body in connection.execute(some):
            if body.get("picture"):
                kept.setdefault((lane, passage), []).append((at, str(body["picture"]), str(body.get("why", ""))))
    return kept


def _first(kept: Kept, passage: Passed) -> str | None:
    pictures = kept.get((passage.lane, passage.id))
    return pictures[0][1] if pictures else None


def _of_rise(kept: Kept, rise: Rise) -> str | None:
    """Give the picture that was kept because of a rise: the next one of its lane and passage for that reason."""
    for taken_at, picture, why in kept.get((rise.lane, rise.passage), []):
        if taken_at >= rise.at and why == "unexplained rise":
            return picture
    return None
