"""The cashier: billing as the lanes see it. It prices stays, has them paid, and credits them.

It never opens a gate: a settlement leaves a gate-open request in the outbox, and the lane decides
(`lanes.md` §4). After each commit it tells whoever was handed over at the start.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final, Self, TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from billing import ledger, stays
from billing.books import Books, Place
from billing.ledger import Applied, PayOrder
from billing.pay.keys import read_keys
from billing.pay.notices import NoticeAnswer, NoticeDesk
from billing.pay.orders import ASK_AFTER_S, Orders, OrderTerms
from billing.settle import Merchant, Settles, close_account, due
from billing.stays import Stay
from billing.tariff import Tariff, price
from billing.wechat import WeChatGateway, build
from scada.clock import Clock
from scada.config import Config
from scada.model.lane.words import Authorisation, Ending, Order, Passage, Quote, Reason
from scada.model.money import Fen
from scada.model.names import LaneName, OrderId, PassageId, StayId
from scada.model.plate import Plate, PlateRead, ReadBy
from scada.ports import Admission, BillingError, OpenStay
from scada.store.db import Database, StoreError

log = structlog.get_logger(__name__)
T = TypeVar("T")

REUSE_LEAST_S: Final = 20.0
"""An open quote with less time left than this is not offered again."""


@dataclass(frozen=True, slots=True)
class Hearers:
    """Who is told after a commit: lanes of a payment, the request writer of a new row, the site of its open stays."""

    settled: Callable[[StayId, OrderId], None] = lambda _stay, _order: None
    requested: Callable[[], None] = lambda: None
    stays_changed: Callable[[int], None] = lambda _open: None


class SqlCashier:
    """Billing over SQL and WeChat Pay; implements `scada.ports.Cashier`. An `async with`."""

    def __init__(
        self,
        config: Config,
        db: Database,
        clock: Clock,
        hearers: Hearers | None = None,
        *,
        ask_after_s: tuple[float, ...] = ASK_AFTER_S,
    ) -> None:
        self._config = config
        self._db = db
        self._clock = clock
        self._hearers = hearers or Hearers()
        self._ask_after_s = ask_after_s
        self._tariff = Tariff.from_terms(config.tariff.model_dump())
        self._books = Books(config.site_id, Merchant(config.wechat.mchid, config.wechat.appid))
        self._open = 0
        self._parts = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Read the keys, open the desk for notices, ask for orders left open. Raises BillingError."""
        self._zone = await asyncio.to_thread(lambda: self._config.site.zone_info)
        gateway = await asyncio.to_thread(_gateway, self._config)
        terms = OrderTerms(f"{self._config.site.name} 停车费", self._zone, self._ask_after_s)
        orders = Orders(self._db, self._books, gateway, self._clock, terms, self._tell_applied)
        desk = NoticeDesk(self._db, self._books, gateway, self._clock, self._tell_applied)
        async with AsyncExitStack() as parts:
            self._orders = await parts.enter_async_context(orders)
            self._desk = await parts.enter_async_context(desk)
            await self._tell_stays()
            self._parts = parts.pop_all()
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Stop asking and taking notices."""
        await self._parts.aclose()

    async def watch(self) -> None:
        """Wait for as long as orders are looked after. Raises what ends that."""
        await self._orders.watch()

    async def notice(self, headers: Mapping[str, str], body: bytes) -> NoticeAnswer:
        """Take a notice as it came over the wire; gives what WeChat is answered."""
        return await self._desk.take(headers, body)

    async def admit(self, lane: LaneName, passage: PassageId, read: PlateRead) -> Admission:
        """Let every plate in, but for one that is inside and was only typed: anybody can type a plate."""
        if read.by is ReadBy.DRIVER and await self._read(
            lambda conn: stays.is_inside(conn, self._books.site, read.text)
        ):
            return Admission(None, "a car with this plate is inside already")
        return Admission(Reason.ADMITTED)

    async def open_stays(self) -> Sequence[OpenStay]:
        """All stays now open, oldest first."""
        return await self._read(lambda conn: stays.open_stays(conn, self._books.site))

    async def quote(self, lane: LaneName, passage: PassageId, stay: StayId) -> Quote:
        """Price the stay now; a quote whose order its driver may be paying at this moment is given again."""
        return await self._write(lambda conn: self._quote(conn, lane, passage, stay))

    async def order(self, lane: LaneName, passage: PassageId, quote: Quote) -> Order:
        """Make the order for a quote at WeChat, or give the one already open for it."""
        if quote.due_fen <= 0:
            raise BillingError(f"quote {quote.id} is {quote.due_fen} fen: nothing to order")
        return await self._answer(self._orders.make(Place(lane, passage), quote))

    async def close_order(self, order: OrderId, why: str) -> None:
        """Close the order; a payment that wins the race is credited to its stay."""
        await self._answer(self._orders.close(order, why))

    async def begin_stay(self, lane: LaneName, passage: Passage, authorisation: Authorisation) -> StayId:
        """Begin the stay of a completed entry passage, once; one still open under its plate ends as EXIT_UNSEEN."""
        at = self._clock.now()
        stay, orders = await self._write(lambda conn: self._begin(conn, at, lane, passage, authorisation))
        self._orders.close_soon(orders, "the stay ended unseen")
        await self._tell_stays()
        return stay

    async def end_stay(
        self, lane: LaneName, stay: StayId, passage: Passage, authorisation: Authorisation, ending: Ending
    ) -> None:
        """End the stay: fee, paid, arrears by the reason of the authorisation; orders still open are closed."""
        at = self._clock.now()
        orders = await self._write(lambda conn: self._end(conn, at, lane, stay, passage, authorisation, ending))
        self._orders.close_soon(orders, "the car has left")
        await self._tell_stays()

    def _quote(self, conn: Connection, lane: LaneName, passage: PassageId, stay: StayId) -> Quote:
        at = self._clock.now()
        found = stays.find(conn, self._books.site, stay)
        if not found.account.is_open:
            raise BillingError(f"quote stay {stay}: it has ended")
        for order in ledger.pending_of(conn, stay):
            if self._may_be_given_again(order, found):
                return self._given_again(order, found)
        priced = price(found.tariff, found.entered_at, at, self._zone)
        what = due(priced, found.account, at)
        place = Place(lane, passage)
        valid_until = self._clock.ahead(self._config.lane(lane).waits.t_quote_s)
        made = stays.add_quote(conn, self._books.site, at, valid_until, place, stay, priced, what)
        self._books.tell(
            conn, at, "money", "quoted", place, stay=stay, quote=made.id, total_fen=made.total_fen, due_fen=made.due_fen
        )
        return made

    def _may_be_given_again(self, order: PayOrder, stay: Stay) -> bool:
        owed = order.account.total_fen - stay.account.paid_fen
        return order.account.amount_fen == owed and order.valid_until >= self._clock.ahead(REUSE_LEAST_S)

    def _given_again(self, order: PayOrder, stay: Stay) -> Quote:
        minutes = price(stay.tariff, stay.entered_at, order.quoted_at, self._zone).minutes
        account = order.account
        return Quote(order.quote, stay.id, account.total_fen, account.amount_fen, minutes, order.valid_until)

    def _begin(
        self, conn: Connection, at: datetime, lane: LaneName, passage: Passage, authorisation: Authorisation
    ) -> tuple[StayId, tuple[OrderId, ...]]:
        begun = stays.begun_by(conn, passage.id)
        if begun is not None:
            return begun, ()
        place = Place(lane, passage.id)
        orders = self._end_unseen(conn, at, passage.read.text, place, authorisation) if passage.read is not None else ()
        stay, plate = stays.begin(conn, self._books.site, at, lane, passage, self._tariff)
        body = {"stay": stay, "plate": plate, "reason": authorisation.reason.value, "by": authorisation.by}
        self._books.tell(conn, at, "event", "stay begun", place, tariff=self._tariff.version, **body)
        return stay, orders

    def _end(
        self,
        conn: Connection,
        at: datetime,
        lane: LaneName,
        stay: StayId,
        passage: Passage,
        authorisation: Authorisation,
        ending: Ending,
    ) -> tuple[OrderId, ...]:
        found = stays.find(conn, self._books.site, stay)
        place = Place(lane, passage.id)
        if found.exit_passage == passage.id:
            return ()
        if not found.account.is_open:
            self._books.tell(conn, at, "alarm", "the car of an ended stay left", place, stay=stay, by=authorisation.by)
            return ()
        self._close(conn, at, found, passage.began_at, authorisation, ending, place)
        stays.end_seen(conn, stay, at, lane, passage, authorisation.reason)
        return tuple(order.id for order in ledger.pending_of(conn, stay))

    def _end_unseen(
        self, conn: Connection, at: datetime, plate: Plate, place: Place, leave: Authorisation
    ) -> tuple[OrderId, ...]:
        """End the stay that is open under a plate which has come in again; gives its orders."""
        found = stays.open_under(conn, self._books.site, plate)
        if found is None:
            return ()
        self._close(conn, at, found, at, leave, Ending.EXIT_UNSEEN, place)
        return tuple(order.id for order in ledger.pending_of(conn, found.id))

    def _close(
        self,
        conn: Connection,
        at: datetime,
        stay: Stay,
        until: datetime,
        leave: Authorisation,
        ending: Ending,
        place: Place,
    ) -> None:
        """Close a stay's account at what was due at `until`: waiting for the boom costs nothing.

        An order that may still be paid asks for what the driver was last told; its payment must fit the arrears.
        """
        owed = due(price(stay.tariff, stay.entered_at, until, self._zone), stay.account, until).due_fen
        asked = (order.account.total_fen - stay.account.paid_fen for order in ledger.pending_of(conn, stay.id))
        final = close_account(stay.account.paid_fen, Fen(max(owed, *asked, 0)), leave.reason, ending)
        stays.close(conn, stay.id, at, ending, final)
        body: dict[str, object] = {"stay": stay.id, "plate": stay.plate, "ending": ending.value, **asdict(final)}
        body |= {"reason": leave.reason.value, "by": leave.by, "paid_fen": stay.account.paid_fen}
        self._books.tell(conn, at, "event", "stay ended", place, **body)

    def _tell_applied(self, applied: Applied) -> None:
        """After the commit: the lanes hear of the credit, the request writer of the request."""
        if not isinstance(applied.decision, Settles) or applied.stay is None:
            return
        self._hearers.settled(applied.stay, applied.order)
        if applied.request is not None:
            self._hearers.requested()
        self._hearers.stays_changed(self._open)

    async def _tell_stays(self) -> None:
        self._open = await self._read(lambda conn: stays.count_open(conn, self._books.site))
        self._hearers.stays_changed(self._open)

    async def _read(self, work: Callable[[Connection], T]) -> T:
        return await self._answer(self._db.read(work))

    async def _write(self, work: Callable[[Connection], T]) -> T:
        return await self._answer(self._db.write(work))

    async def _answer(self, asked: Awaitable[T]) -> T:
        try:
            return await asked
        except (StoreError, SQLAlchemyError) as error:
            raise BillingError(f"billing's books do not answer: {error}") from error


def _gateway(config: Config) -> WeChatGateway:
    account = config.wechat
    return build(
        read_keys(config),
        mchid=account.mchid,
        appid=account.appid,
        notify_url=account.notify_url,
        base_url=account.base_url,
    )
