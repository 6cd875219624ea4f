"""Gate-open requests in the database: an outbox row each, written in the transaction that decided it."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from billing.books import Place
from billing.ids import new_id
from scada.model.lane.words import OpenRequest, Reason
from scada.model.names import LaneName, OrderId, PassageId, QuoteId, RequestId, SiteId, StayId
from scada.store.schema import open_request as requests
from scada.store.schema import pay_order as orders

UNANSWERED = ("WAITING", "WRITTEN")
_ADDED = requests.insert()
_PAID = requests.outerjoin(orders, orders.c.out_trade_no == requests.c.out_trade_no)
_WAITING = (
    select(requests, orders.c.quote)
    .select_from(_PAID)
    .where(requests.c.site == bindparam("of"), requests.c.state == "WAITING")
    .order_by(requests.c.id)
)
_WRITTEN = (
    update(requests)
    .where(requests.c.id.in_(bindparam("these", expanding=True)), requests.c.state == "WAITING")
    .values(state="WRITTEN")
)
_ENDED = (
    update(requests)
    .where(requests.c.id == bindparam("request"), requests.c.state.in_(UNANSWERED))
    .returning(requests.c.lane, requests.c.passage)
)
"""Made once: to make a statement takes longer than to run it (0048)."""


def add(
    conn: Connection,
    site: SiteId,
    at: datetime,
    place: Place,
    reason: Reason,
    by: str,
    stay: StayId | None = None,
    order: OrderId | None = None,
) -> RequestId:
    """Put a request into the outbox."""
    request = RequestId(new_id(at))
    conn.execute(
        _ADDED,
        {
            "id": request,
            "site": site,
            "lane": place.lane,
            "stay": stay,
            "out_trade_no": order,
            "passage": place.passage,
            "reason": reason.value,
            "actor": by,
            "made_at": at,
            "state": "WAITING",
        },
    )
    return request


def take_waiting(conn: Connection, site: SiteId) -> tuple[tuple[LaneName, OpenRequest], ...]:
    """Give the requests that wait, oldest first, and mark them written: each is written once at most."""
    rows = conn.execute(_WAITING, {"of": site}).all()
    if rows:
        conn.execute(_WRITTEN, {"these": [row.id for row in rows]})
    return tuple(
        (
            LaneName(row.lane),
            OpenRequest(
                id=RequestId(row.id),
                stay=None if row.stay is None else StayId(row.stay),
                order=None if row.out_trade_no is None else OrderId(row.out_trade_no),
                passage=None if row.passage is None else PassageId(row.passage),
                reason=Reason(row.reason),
                by=row.actor,
                at=row.made_at,
                quote=None if row.quote is None else QuoteId(row.quote),
            ),
        )
        for row in rows
    )


def finish(conn: Connection, request: RequestId, at: datetime, state: str, why: str) -> Place | None:
    """Write a request's end if it has none yet; gives where it was asked, None if it had ended."""
    values = {"state": state, "why": why[:200], "answered_at": at}
    row = conn.execute(_ENDED, {"request": request, **values}).one_or_none()
    return None if row is None else Place(LaneName(row.lane), row.passage)


def unanswered(conn: Connection, site: SiteId) -> tuple[RequestId, ...]:
    """Give the requests that have no end yet."""
    query = select(requests.c.id).where(requests.c.site == site, requests.c.state.in_(UNANSWERED))
    return tuple(RequestId(name) for name in conn.execute(query).scalars())
