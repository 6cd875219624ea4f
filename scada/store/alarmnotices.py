"""The outbox of what people are told of alarms. Plain functions of a connection."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from scada.model.alarm.definition import AlarmId
from scada.model.names import SiteId
from scada.store.schema import alarm_notice as notices

WAITING: Final = "WAITING"
SENT: Final = "SENT"
DROPPED: Final = "DROPPED"
GIVEN_UP: Final = "GIVEN_UP"
_LONGEST_WHY: Final = 200


@dataclass(frozen=True, slots=True)
class Notice:
    """One occurrence of an alarm that one rule tells of; `delivered` names those who have it."""

    alarm: AlarmId
    since: datetime
    rule: str
    due_at: datetime
    tries: int
    delivered: tuple[str, ...]
    why: str


def plan(
    conn: Connection, site: SiteId, alarm: AlarmId, since: datetime, rule: str, due_at: datetime, again: timedelta
) -> bool:
    """Write down that somebody is to be told; False if he has been, of this occurrence or shortly before."""
    mine = (notices.c.site == site) & (notices.c.alarm == alarm) & (notices.c.rule == rule)
    recent = (notices.c.since == since) | (
        notices.c.state.in_((WAITING, SENT, GIVEN_UP)) & (notices.c.since > since - again)
    )
    if conn.execute(select(notices.c.alarm).where(mine & recent).limit(1)).first() is not None:
        return False
    row = {"alarm": alarm, "since": since, "rule": rule, "due_at": due_at}
    conn.execute(insert(notices).values(site=site, **row, state=WAITING, tries=0, delivered=[], why=""))
    return True


def rules_due(conn: Connection, site: SiteId, now: datetime) -> list[str]:
    """Name the rules of which something is due."""
    return list(conn.execute(select(notices.c.rule).where(_due(site, now)).distinct()).scalars())


def due(conn: Connection, site: SiteId, now: datetime, rule: str, most: int) -> list[Notice]:
    """Give what is due of a rule, oldest first."""
    columns = [notices.c[name] for name in Notice.__dataclass_fields__]
    mine = _due(site, now) & (notices.c.rule == rule)
    rows = conn.execute(select(*columns).where(mine).order_by(notices.c.due_at).limit(most)).mappings()
    return [Notice(**{**row, "delivered": tuple(row["delivered"])}) for row in rows]


def close(conn: Connection, site: SiteId, notice: Notice, state: str, why: str, at: datetime) -> None:
    """End a notice."""
    conn.execute(update(notices).where(_key(site, notice)).values(state=state, why=why[:_LONGEST_WHY], done_at=at))


def delivered(conn: Connection, site: SiteId, notice: Notice, to: Sequence[str]) -> None:
    """Write down who has it."""
    conn.execute(update(notices).where(_key(site, notice)).values(delivered=list(to)))


def put_off(conn: Connection, site: SiteId, notice: Notice, why: str, due_at: datetime) -> None:
    """Let a notice that could not be given wait."""
    values = {"tries": notice.tries + 1, "why": why[:_LONGEST_WHY], "due_at": due_at}
    conn.execute(update(notices).where(_key(site, notice)).values(**values))


def trouble(conn: Connection, site: SiteId) -> str:
    """Say why what waits could not be given, or why the newest of a rule was given up; empty if nothing is wrong."""
    waiting = (notices.c.site == site) & (notices.c.state == WAITING) & (notices.c.why != "")
    found = conn.execute(select(notices.c.rule, notices.c.why).where(waiting).limit(1)).first()
    if found is None:
        ended = notices.c.state.in_((SENT, GIVEN_UP))
        newest = select(notices.c.rule, func.max(notices.c.done_at).label("done_at"))
        last = newest.where((notices.c.site == site) & ended).group_by(notices.c.rule).subquery()
        join = (notices.c.rule == last.c.rule) & (notices.c.done_at == last.c.done_at)
        query = select(notices.c.rule, notices.c.why).join(last, join).where(notices.c.state == GIVEN_UP)
        found = conn.execute(query.limit(1)).first()
    return "" if found is None else f"{found.rule}: {found.why}"


def _due(site: SiteId, now: datetime) -> ColumnElement[bool]:
    return (notices.c.site == site) & (notices.c.state == WAITING) & (notices.c.due_at <= now)


def _key(site: SiteId, notice: Notice) -> ColumnElement[bool]:
    return (
        (notices.c.site == site)
        & (notices.c.alarm == notice.alarm)
        & (notices.c.since == notice.since)
        & (notices.c.rule == notice.rule)
    )
