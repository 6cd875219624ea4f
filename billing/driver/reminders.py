"""Reminders that a month card ends soon: each once for each phone of its plates, some days before, by day.

A reminder is written down before it is sent, with the number by which WeChat tells a second sending from a new message.
A server that was killed in between sends it again while WeChat still knows that number, and not after; one that was off
on the day sends it later, as long as the card is good. What a clock that jumps brings too early is not sent again.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, Row, select, update
from sqlalchemy.exc import SQLAlchemyError

from billing.cards import book
from billing.cards.book import Card
from billing.cards.terms import due_reminder
from billing.driver.bindings import Phones
from billing.driver.messenger import Messenger, Unsent, became
from billing.ids import new_id
from billing.pay.gateway import Unknown
from scada.clock import Clock
from scada.model.names import SiteId
from scada.store.db import Database, StoreError
from scada.store.schema import card_reminder as reminders

log = structlog.get_logger(__name__)

EVERY_S: Final = 120.0
BY_DAY: Final = range(9, 20)
"""Hours of the site's clock at which people are told."""
AGAIN_WITHIN: Final = timedelta(minutes=9)
"""So long after its first sending a message may be sent again: WeChat knows its number for ten minutes."""


@dataclass(frozen=True, slots=True)
class Reminding:
    """What is told: so many days before a card ends, by which template, leading to which page."""

    days: Sequence[int]
    template: str
    url: str


class CardReminders:
    """The reminders of a site."""

    def __init__(
        self, site: SiteId, db: Database, clock: Clock, zone: ZoneInfo, messenger: Messenger, terms: Reminding
    ) -> None:
        self._site = site
        self._db = db
        self._clock = clock
        self._zone = zone
        self._messenger = messenger
        self._terms = terms

    async def run(self) -> None:
        """Look from time to time whom to remind, until cancelled."""
        while True:
            try:
                await self.go_round()
            except (StoreError, SQLAlchemyError) as error:
                log.error("reminders wait", error=str(error)[:200])
            await asyncio.sleep(EVERY_S)

    async def go_round(self) -> None:
        """Write down whom to remind now, and send what is written down."""
        if not self._terms.template or not self._messenger.speaks:
            return
        at = self._clock.now()
        missing = await self._db.read(lambda conn: self._missing(conn, at))
        if missing and at.astimezone(self._zone).hour in BY_DAY:
            await self._db.write(lambda conn: self._plan(conn, at))
        for row in await self._db.read(self._open):
            if not await self._send(row):
                return

    def _missing(self, conn: Connection, at: datetime) -> list[Mapping[str, object]]:
        """Give the reminders that are due and not written down yet."""
        found: list[Mapping[str, object]] = []
        for card in book.all_of(conn, self._site):
            days = due_reminder(card.until, card.today(at), self._terms.days) if card.state == "ACTIVE" else None
            if days is None:
                continue
            about = {"card": card.id, "until": card.until, "days": days}
            told = self._told(conn, card, days)
            found += [{**about, "openid": openid} for openid in self._phones(conn, card) if openid not in told]
        return found

    def _plan(self, conn: Connection, at: datetime) -> None:
        for one in self._missing(conn, at):
            row = {"id": new_id(at), "site": self._site, "made_at": at, "state": "WAITING"}
            conn.execute(reminders.insert().values(**row, **one))

    def _told(self, conn: Connection, card: Card, days: int) -> set[str]:
        mine = (reminders.c.card == card.id) & (reminders.c.until == card.until) & (reminders.c.days <= days)
        return set(conn.execute(select(reminders.c.openid).where(mine)).scalars())

    def _phones(self, conn: Connection, card: Card) -> list[str]:
        phones = Phones(self._site, conn)
        return list(dict.fromkeys(one.openid for plate in card.plates for one in phones.of_plate(plate)))

    def _open(self, conn: Connection) -> list[Row[tuple[object, ...]]]:
        waiting = (reminders.c.site == self._site) & reminders.c.state.in_(("WAITING", "SENDING"))
        return list(conn.execute(select(reminders).where(waiting).order_by(reminders.c.id)).all())

    async def _send(self, row: Row[tuple[object, ...]]) -> bool:
        """Send one; False if none can be sent now."""
        at = self._clock.now()
        card = await self._db.write(lambda conn: self._begin(conn, at, row))
        if card is None:
            return True
        outcome = await self._messenger.tell(
            row.openid, self._terms.template, self._terms.url, self._fields(card, at, row.until), row.id
        )
        state, said = became(outcome)
        if isinstance(outcome, Unsent):
            state = "WAITING"
        elif isinstance(outcome, Unknown):
            state = "SENDING"
        await self._db.write(lambda conn: _move(conn, row.id, state, said))
        return not isinstance(outcome, Unsent)

    def _begin(self, conn: Connection, at: datetime, row: Row[tuple[object, ...]]) -> Card | None:
        """Write down that a message is being sent; None if it shall not be, or not again."""
        card = book.find(conn, self._site, row.card)
        if row.state == "SENDING":
            if abs(at - row.sent_at) <= AGAIN_WITHIN:
                return card
            _move(conn, row.id, "UNKNOWN", row.said)
            return None
        if card is None or not self._is_due(conn, card, at, row):
            _move(conn, row.id, "DROPPED", "it is not so any more")
            return None
        if at.astimezone(self._zone).hour not in BY_DAY:
            return None
        conn.execute(update(reminders).where(reminders.c.id == row.id).values(state="SENDING", sent_at=at))
        return card

    def _is_due(self, conn: Connection, card: Card, at: datetime, row: Row[tuple[object, ...]]) -> bool:
        same = card.state == "ACTIVE" and card.until == row.until
        due = due_reminder(card.until, card.today(at), self._terms.days) is not None
        return same and due and row.openid in self._phones(conn, card)

    def _fields(self, card: Card, at: datetime, until: date) -> dict[str, str]:
        last = until - timedelta(days=1)
        left = (last - card.today(at)).days
        plates = " ".join(card.plates)
        return {"card": card.product.title, "plate": plates, "until": last.isoformat(), "days": str(left)}


def _move(conn: Connection, reminder: str, state: str, said: str) -> None:
    conn.execute(update(reminders).where(reminders.c.id == reminder).values(state=state, said=said[:64]))
