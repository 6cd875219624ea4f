"""The session of a merchant's staff, and what it may do how often; shared by the pages of shops and of hosts."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeVar

from sqlalchemy import Connection

from billing.books import Books
from billing.driver.limits import Window
from billing.driver.tokens import TOKEN_MOST, Tokens
from billing.vouchers import links
from billing.vouchers.links import Door
from scada.clock import Clock
from scada.engine.doors.asked import text_of
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.store.db import Database

T = TypeVar("T")

HOUR_S: Final = 3600.0
CHANGES_MOST: Final = 240
"""Vouchers and bookings that one merchant's staff may give and take back in an hour."""
LOOKS_MOST: Final = 60
"""Times that one merchant's staff may look at its pages in a minute."""
SIGNED_IN: Final = timedelta(hours=12)
SLOW: Final = "Too many tries. Please wait a minute."
_SENT_KEPT: Final = 2048
_OUT: Final = ("signed_out", "Please sign in.")


class Staff:
    """Who is signed in by which code: a token of the code's row, worth nothing as soon as the code is ended."""

    def __init__(self, db: Database, books: Books, clock: Clock, tokens: Tokens) -> None:
        self._db = db
        self._books = books
        self._clock = clock
        self._tokens = tokens
        self._changes = Window(CHANGES_MOST, HOUR_S)
        self._looks = Window(LOOKS_MOST, 60.0)
        self._sent: OrderedDict[str, None] = OrderedDict()

    def session(self, door: Door) -> str:
        """Sign in who has shown the code."""
        return self._tokens.make(door.link, self._clock.now(), SIGNED_IN)

    async def looking(self, ask: Ask, work: Callable[[Connection, Door], T]) -> T:
        """Read for whoever is signed in, within its limit. Raises BridgeRefusal."""
        link = self._link(ask)
        if not self._looks.take(link, self._clock.seconds()):
            raise BridgeRefusal("slow", SLOW)
        return await self._db.read(lambda conn: work(conn, self.door(conn, link)))

    def changing(self, ask: Ask) -> str:
        """Count one change of whoever is signed in, and give its code's row. Raises BridgeRefusal."""
        link = self._link(ask)
        if not self._changes.take(link, self._clock.seconds()):
            raise BridgeRefusal("slow", SLOW)
        return link

    def door(self, conn: Connection, link: str, *, lock: bool = False) -> Door:
        """Give whose session it is, as the database knows it at this moment. Raises BridgeRefusal if it has ended."""
        door = links.by_link(conn, self._books.site, link, lock=lock)
        if door is None:
            raise BridgeRefusal(*_OUT)
        return door

    def once(self, ask: Ask) -> None:
        """Take a form by its number. Raises BridgeRefusal if it was sent before."""
        form = text_of(ask, "once")[:64]
        if form in self._sent:
            raise BridgeRefusal("twice", "this form was sent before")
        self._sent[form] = None
        while len(self._sent) > _SENT_KEPT:
            self._sent.popitem(last=False)

    def _link(self, ask: Ask) -> str:
        session = ask.args.get("session")
        link = self._tokens.subject(session[:TOKEN_MOST], self._clock.now()) if isinstance(session, str) else None
        if not link:
            raise BridgeRefusal(*_OUT)
        return link
