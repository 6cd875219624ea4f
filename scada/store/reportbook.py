"""The book of reports that are sent by themselves. Plain functions of a connection."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, insert, select, update

from scada.model.names import SiteId
from scada.store.schema import report_run as runs

WAITING: Final = "WAITING"
DONE: Final = "DONE"
GIVEN_UP: Final = "GIVEN_UP"
UNKNOWN: Final = "UNKNOWN"
"""A mail was begun, and nobody can say whether the server took it: a person looks, and may send it again."""
TRY_LASTS: Final = timedelta(minutes=15)
"""A try that was not ended, because its process was killed, is begun anew after so long."""
_LONGEST_WHY: Final = 300


@dataclass(frozen=True, slots=True)
class Run:
    """The reports of one schedule for one period."""

    schedule: str
    first: date
    last: date
    state: str
    tries: int
    next_at: datetime
    begun: tuple[str, ...]
    delivered: tuple[str, ...]
    why: str
    done_at: datetime | None


def all_runs(conn: Connection, site: SiteId) -> list[Run]:
    """Read every run, the oldest first."""
    columns = [runs.c[name] for name in Run.__dataclass_fields__]
    rows = conn.execute(select(*columns).where(runs.c.site == site).order_by(runs.c.first, runs.c.schedule)).mappings()
    return [Run(**{**row, **{name: tuple(row[name]) for name in ("begun", "delivered")}}) for row in rows]


def plan(conn: Connection, site: SiteId, schedule: str, first: date, last: date, at: datetime) -> bool:
    """Write down that reports are due; False if they are written down already."""
    key = (runs.c.site == site) & (runs.c.schedule == schedule) & (runs.c.first == first)
    if conn.execute(select(runs.c.first).where(key)).first() is not None:
        return False
    row = {"schedule": schedule, "first": first, "last": last, "state": WAITING, "tries": 0, "next_at": at}
    conn.execute(insert(runs).values(site=site, **row, begun=[], delivered=[], why="", planned_at=at))
    return True


def claim(conn: Connection, site: SiteId, run: Run, now: datetime) -> bool:
    """Begin a try; False if somebody else has begun one, or the run is over."""
    mine = _key(site, run) & (runs.c.state == WAITING) & (runs.c.next_at <= now) & (runs.c.tries == run.tries)
    values = {"next_at": now + TRY_LASTS, "tries": run.tries + 1}
    return conn.execute(update(runs).where(mine).values(**values)).rowcount == 1


def begin(conn: Connection, site: SiteId, run: Run, to: str) -> None:
    """Write down that a mail to one of them is on its way, before it is."""
    _set_begun(conn, site, run, [*_begun(conn, site, run), to])


def not_taken(conn: Connection, site: SiteId, run: Run, to: str) -> None:
    """Write down that the server surely did not take a mail: it may go again."""
    _set_begun(conn, site, run, [one for one in _begun(conn, site, run) if one != to])


def _begun(conn: Connection, site: SiteId, run: Run) -> list[str]:
    found: list[str] = conn.execute(select(runs.c.begun).where(_key(site, run))).scalar_one()
    return found


def _set_begun(conn: Connection, site: SiteId, run: Run, begun: list[str]) -> None:
    conn.execute(update(runs).where(_key(site, run)).values(begun=begun))


def delivered(conn: Connection, site: SiteId, run: Run, to: str) -> None:
    """Write down that one of those who are to have the reports has them."""
    had = conn.execute(select(runs.c.delivered).where(_key(site, run))).scalar_one()
    conn.execute(update(runs).where(_key(site, run)).values(delivered=[*had, to]))


def close(conn: Connection, site: SiteId, run: Run, state: str, why: str, at: datetime) -> None:
    """End a run."""
    values = {"state": state, "why": why[:_LONGEST_WHY], "done_at": at}
    conn.execute(update(runs).where(_key(site, run)).values(**values))


def put_off(conn: Connection, site: SiteId, run: Run, why: str, next_at: datetime) -> None:
    """End a try that failed; the next one comes later."""
    conn.execute(update(runs).where(_key(site, run)).values(why=why[:_LONGEST_WHY], next_at=next_at))


def again(conn: Connection, site: SiteId, schedule: str, first: date, at: datetime) -> None:
    """Let the reports of a period be sent anew: a person asked for it. Who surely has them keeps those he has.

    Once all had them, all get them anew.
    """
    key = (runs.c.site == site) & (runs.c.schedule == schedule) & (runs.c.first == first)
    values = {"state": WAITING, "tries": 0, "next_at": at, "begun": [], "why": "", "done_at": None}
    conn.execute(update(runs).where(key, runs.c.state == DONE).values(delivered=[]))
    conn.execute(update(runs).where(key).values(**values))


def _key(site: SiteId, run: Run) -> ColumnElement[bool]:
    return (runs.c.site == site) & (runs.c.schedule == run.schedule) & (runs.c.first == run.first)
