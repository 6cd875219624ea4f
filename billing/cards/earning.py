"""What month cards have earned, entered month by month; durable, since the columns say how far it has come."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, update

from billing.accounts import flows
from billing.accounts.book import post
from billing.books import NOWHERE, Books
from billing.cards.book import period_of
from billing.cards.terms import midnight, month_ends, shares
from scada.store.schema import card_period as periods

_BEFORE_MIDNIGHT = timedelta(seconds=1)


def earn(conn: Connection, books: Books, at: datetime, zone: ZoneInfo) -> int:
    """Enter what was earned in every month that is over, dated its last second; gives how many entries that were."""
    today = at.astimezone(zone).date()
    unearned = (periods.c.site == books.site) & (periods.c.earned_fen + periods.c.refunded_fen < periods.c.price_fen)
    made = 0
    for row in conn.execute(select(periods).where(unearned).order_by(periods.c.id).with_for_update()).all():
        period = period_of(row)
        for end, share in shares(period, month_ends(period, today)):
            moment = min(at, midnight(end, zone) - _BEFORE_MIDNIGHT)
            entry = flows.card_earned(row.id, row.card, share, f"card_earned:{row.id}:{_month(end)}")
            made += post(conn, books.site, moment, entry)
        earned = max((period.earned(end) for end in month_ends(period, today)), default=row.earned_fen)
        conn.execute(update(periods).where(periods.c.id == row.id).values(earned_fen=max(earned, row.earned_fen)))
    if made:
        books.tell(conn, at, "money", "cards earned", NOWHERE, entries=made)
    return made


def _month(end: date) -> str:
    """Name the month that ends before this day."""
    return f"{end - timedelta(days=1):%Y-%m}"
