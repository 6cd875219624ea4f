"""Pushes to bound phones: the fee when their car has reached an exit, a receipt when it is paid.

A push is a courtesy: it is sent once, late ones not at all, and no lane waits for it.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Self
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from billing import stays
from billing.driver.bindings import Binding, Phones
from billing.driver.messenger import Messenger, Told, became
from billing.ids import new_id
from billing.pay.worker import Worker
from scada.clock import Clock
from scada.model.money import Fen, yuan_text
from scada.model.names import OrderId, SiteId, StayId
from scada.model.plate import Plate
from scada.ports import BillingError
from scada.settings.phones import Templates
from scada.store.db import Database, StoreError
from scada.store.schema import phone_push as pushes

log = structlog.get_logger(__name__)

WAITING_MOST: Final = 64
LATE_S: Final = 30.0
"""What waited longer is told to nobody: the car has gone on."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message about a stay, for all phones of its plate. `fields` are those of WeChat's template."""

    kind: str
    stay: StayId
    fields: Mapping[str, str]
    asked_s: float


class PushDesk:
    """Sends what is pushed, one after the other; an `async with`. `url_of` names the page of a stay for a binding."""

    def __init__(
        self,
        site: SiteId,
        db: Database,
        clock: Clock,
        zone: ZoneInfo,
        templates: Templates,
        messenger: Messenger,
        url_of: Callable[[StayId, str], str],
    ) -> None:
        self._site = site
        self._db = db
        self._clock = clock
        self._zone = zone
        self._templates = templates
        self._messenger = messenger
        self._url_of = url_of
        self._waiting: asyncio.Queue[Message] = asyncio.Queue(WAITING_MOST)
        self._worker = Worker("pushes to phones")
        self.watch = self._worker.watch

    async def __aenter__(self) -> Self:
        """Begin."""
        self._worker.start(self._run())
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Stop; what waits is told to nobody."""
        await self._worker.stop()

    def fee_due(self, stay: StayId, lane: str, minutes: int, due: Fen) -> None:
        """Tell the phones of a stay's plate what its car, which stands at an exit, has to pay."""
        fields = {"lane": lane, "minutes": str(minutes), "fee": yuan_text(due)}
        self._put(Message("fee", stay, fields, self._clock.seconds()))

    def paid(self, stay: StayId, order: OrderId) -> None:
        """Tell the phones of a stay's plate that a payment has come."""
        at = f"{self._clock.now().astimezone(self._zone):%m-%d %H:%M}"
        self._put(Message("paid", stay, {"order": order, "at": at}, self._clock.seconds()))

    def _put(self, message: Message) -> None:
        if not self._messenger.speaks or not self._templates.of(message.kind):
            return
        try:
            self._waiting.put_nowait(message)
        except asyncio.QueueFull:
            log.warning("a push is dropped: too many wait", kind=message.kind)

    async def _run(self) -> None:
        while True:
            message = await self._waiting.get()
            if self._clock.seconds() - message.asked_s > LATE_S:
                continue
            try:
                await self._tell_all(message)
            except (StoreError, SQLAlchemyError, BillingError) as error:
                log.error("a push is not written down", error=str(error)[:200])

    async def _tell_all(self, message: Message) -> None:
        """Tell every phone of the plate; each is told once, whatever comes of it."""

        def work(conn: Connection) -> tuple[Plate, datetime, Sequence[Binding]]:
            stay = stays.find(conn, self._site, message.stay, lock=False)
            return stay.plate, stay.entered_at, Phones(self._site, conn).of_plate(stay.plate)

        plate, entered_at, bound = await self._db.read(work)
        entered = f"{entered_at.astimezone(self._zone):%m-%d %H:%M}"
        whole = replace(message, fields={"plate": plate, "entered": entered, **message.fields})
        for binding in bound:
            await self._note(binding.openid, message, await self._tell(binding, whole))

    async def _tell(self, to: Binding, message: Message) -> Told:
        template, url = self._templates.of(message.kind), self._url_of(message.stay, to.id)
        return await self._messenger.tell(to.openid, template, url, message.fields)

    async def _note(self, openid: str, message: Message, outcome: Told) -> None:
        state, said = became(outcome)
        at = self._clock.now()
        row = {"id": new_id(at), "site": self._site, "openid": openid, "kind": message.kind, "stay": message.stay}

        def work(conn: Connection) -> None:
            conn.execute(pushes.insert().values(**row, at=at, state=state, said=said[:64]))

        await self._db.write(work)
