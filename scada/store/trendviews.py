"""The trends that people keep for themselves. Plain functions of a connection."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from scada.model.names import SiteId
from scada.store.schema import trend_view as views

MOST = 50
"""Views that one person keeps."""


def of(conn: Connection, site: SiteId, person: str) -> list[dict[str, object]]:
    """Give a person's views in the order of their names."""
    mine = (views.c.site == site) & (views.c.person == person)
    rows = conn.execute(select(views.c.name, views.c.content).where(mine).order_by(views.c.name))
    return [{"name": name, "content": content} for name, content in rows]


def keep(conn: Connection, site: SiteId, person: str, name: str, content: Mapping[str, object], at: datetime) -> bool:
    """Keep a view; one of the same name is replaced. False if the person has as many as one may."""
    drop(conn, site, person, name)
    mine = (views.c.site == site) & (views.c.person == person)
    if conn.execute(select(func.count()).where(mine)).scalar_one() >= MOST:
        return False
    conn.execute(insert(views).values(site=site, person=person, name=name, content=dict(content), at=at))
    return True


def drop(conn: Connection, site: SiteId, person: str, name: str) -> bool:
    """Forget a view; False if there is none of that name."""
    this = (views.c.site == site) & (views.c.person == person) & (views.c.name == name)
    return conn.execute(delete(views).where(this)).rowcount > 0
