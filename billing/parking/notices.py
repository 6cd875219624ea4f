"""Notices about parking, applied inside the desk's transaction."""

from datetime import datetime

from sqlalchemy import Connection

from billing.books import Books
from billing.orders.applying import Applied
from billing.parking import deductions, sessions
from billing.pay.gateway import Deduction, Entrance


def hear_parking(
    conn: Connection, books: Books, at: datetime, about: Entrance | Deduction
) -> tuple[str, Applied | None]:
    """Take WeChat's word on an entry or a deduction; gives the notice's verdict."""
    if isinstance(about, Entrance):
        return sessions.apply(conn, books, at, about), None
    applied = deductions.apply(conn, books, at, about, "notice")
    return applied.verdict, applied
