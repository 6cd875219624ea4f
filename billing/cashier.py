"""The cashier: billing as the lanes see it. It prices stays, has them paid, and credits them.

It never opens a gate: a settlement leaves a gate-open request in the outbox, and the lane decides
(`lanes.md` §4). After each commit it tells whoever was handed over at the start.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Self, TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from billing import stays
from billing.arrears import debts
from billing.books import NOWHERE, Books, Place
from billing.cards import book as cards
from billing.cards import selling
from billing.cards.book import Card
from billing.cards.earning import earn
from billing.cards.terms import Product
from billing.driver.fee import Fee, look
from billing.orders import book, demands
from billing.orders.applying import Applied
from billing.orders.book import PayOrder
from billing.orders.demands import Demand, DemandKind
from billing.orders.desk import NoticeAnswer, NoticeDesk
from billing.orders.keeper import Orders, OrderTerms, Payable
from billing.orders.watch import ASK_AFTER_S, DOUBT_AFTER_S
from billing.orders.watching import AskPlans, Watcher
from billing.orders.ways import BY_CODE, Offer
from billing.parking import sessions
from billing.parking.entries import Entries
from billing.parking.keeper import ANSWER_S, Deductions, DeductionTerms
from billing.pay.gateway import Offered
from billing.reconcile.setup import build_bills
from billing.refunds.refunder import Refunder
from billing.scanner.desk import CodeDesk, CodeTerms, LaneSide
from billing.settle import Duplicate, OrderKind, Settles
from billing.stays import Stay
from billing.tariff import Bill
from billing.versions import holidays
from billing.versions.shelf import read_versions
from billing.visit import park
from billing.visit.found import Settling, settle
from billing.visit.park import Park
from billing.visit.visits import Visits
from billing.vouchers import merchants
from billing.wechat import gateway_of
from scada.clock import Clock
from scada.config import Config
from scada.model.lane.words import Ending, Order, Passage, Quote, Reason
from scada.model.money import Fen
from scada.model.names import LaneName, OrderId, PassageId, StayId, ZoneName
from scada.model.plate import Plate, PlateRead
from scada.model.zones import ZoneCount
from scada.ports import Admission, BillingError, OpenStay
from scada.store.db import Database, StoreError
from scada.store.doubts import Found

log = structlog.get_logger(__name__)
T = TypeVar("T")

RECOUNT_S: Final = 10.0
TARIFFS_S: Final = 60.0
"""How often files, signatures and holiday table are looked at again: what was signed holds without a restart."""
ARREARS_LAST_S: Final = 900.0
"""So long may a code for old debts be paid."""
CARD_LASTS_S: Final = 1800.0
"""So long may a code for a month card, or a merchant's top-up, be paid."""
CARD_LASTS_LEAST_S: Final = 120.0
"""What may be paid for less long than this is asked for anew."""
EARN_EVERY_S: Final = 3600.0
REUSE_LEAST_S: Final = 20.0
"""An open quote with less time left than this is not offered again."""

PREPAY_S: Final = 90.0
"""How long a quote holds on a phone that pays ahead."""


@dataclass(frozen=True, slots=True)
class Hearers:
    """Who is told after a commit: lanes of a payment, the request writer of a new row, the site of its cars."""

    settled: Callable[[StayId, OrderId], None] = lambda _stay, _order: None
    ordered: Callable[[LaneName, Quote], None] = lambda _lane, _quote: None
    """A car stands at an exit and has to pay."""
    changed: Callable[[StayId], None] = lambda _stay: None
    """What a stay is asked for has changed behind a lane's back: if its car stands at one, it is quoted again.

    It was paid ahead, which asks no lane to open, or a phone has taken its order over.
    """
    requested: Callable[[], None] = lambda: None
    stays_changed: Callable[[int], None] = lambda _open: None
    counted: Callable[[Mapping[ZoneName, ZoneCount]], None] = lambda _zones: None


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
        doubt_after_s: tuple[float, ...] = DOUBT_AFTER_S,
        recount_s: float = RECOUNT_S,
        accept_within_s: float = ANSWER_S,
    ) -> None:
        self._config = config
        self._db = db
        self._clock = clock
        self._hearers = hearers or Hearers()
        self._ask_after_s = ask_after_s
        self._doubt_after_s = doubt_after_s
        self._recount_s = recount_s
        self._accept_within_s = accept_within_s
        self._park = Park.of(config)
        self._books = Books.of(config)
        self._open = 0
        self._parts = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Read the keys, open the desk for notices, ask for orders left open. Raises BillingError."""
        zone = await asyncio.to_thread(lambda: self._config.site.zone_info)
        versions = await read_versions(self._config, self._db, self._clock.now())
        self._visits = Visits.of(self._config, versions)
        gateway = await asyncio.to_thread(gateway_of, self._config)
        self.bills = await asyncio.to_thread(
            build_bills, self._config, self._db, self._clock, gateway, self._tell_applied
        )
        terms = OrderTerms(f"{self._config.site.name} 停车费", zone)
        plans = AskPlans(self._ask_after_s, self._doubt_after_s)
        watcher = Watcher(self._db, self._books, gateway, self._clock, plans, self._tell_applied)
        refunder = Refunder(self._db, self._books, gateway.refunds, self._clock)
        deducted = DeductionTerms(self._config.wechat.parking.description, zone, self._accept_within_s)
        deductions = Deductions(self._db, self._books, gateway.parking, self._clock, deducted, self._tell_applied)
        entries = Entries(self._db, self._books, gateway.parking, self._clock)
        scanned = CodeTerms(terms.description, self._config.site.id, zone)
        codes = CodeDesk(self._db, self._books, gateway.orders, self._clock, scanned, self._tell_applied)
        desk = NoticeDesk(self._db, self._books, gateway, self._clock, self._tell_applied, deductions.follow)
        async with AsyncExitStack() as parts:
            self.refunder = await parts.enter_async_context(refunder)
            self._entries = await parts.enter_async_context(entries)
            self._deductions = await parts.enter_async_context(deductions)
            self._codes = await parts.enter_async_context(codes)
            self._watcher = await parts.enter_async_context(watcher)
            self._orders = Orders(self._db, self._books, gateway, self._clock, terms, watcher, self._hearers.changed)
            self._desk = await parts.enter_async_context(desk)
            await self._tell_stays()
            self._parts = parts.pop_all()
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Stop asking and taking notices."""
        await self._parts.aclose()

    async def watch(self) -> None:
        """Count the cars anew from time to time, for as long as orders and refunds are looked after.

        Raises what ends that.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watcher.watch())
            group.create_task(self.refunder.watch())
            group.create_task(self._deductions.watch())
            group.create_task(self._entries.watch())
            group.create_task(self.bills.job.run())
            group.create_task(self._recount())
            group.create_task(self._look_at_tariffs())
            group.create_task(self._earn_cards())

    async def _recount(self) -> None:
        """Other hands change the counts, too: a lane that cannot tell what passed, a stocktake that settles it."""
        while True:
            await asyncio.sleep(self._recount_s)
            try:
                self._hearers.counted((await self._read(self._counts))[1])
            except BillingError as error:
                log.warning("the zones are not counted", error=str(error))

    async def _look_at_tariffs(self) -> None:
        """Take up what was signed meanwhile, and say when a holiday table is missing, once a day."""
        told: date | None = None
        while True:
            try:
                versions = await read_versions(self._config, self._db, self._clock.now())
                self._visits = replace(self._visits, versions=versions)
                told = await self._tell_missing_holidays(told)
            except BillingError as error:
                log.error("the tariffs stay as they were", error=str(error))
            await asyncio.sleep(TARIFFS_S)

    async def _tell_missing_holidays(self, told: date | None) -> date | None:
        versions, at = self._visits.versions, self._clock.now()
        today = at.astimezone(versions.clock_zone).date()
        years = holidays.missing(versions.table, today)
        if not years or told == today or not any(tariff.days.need_table for tariff in versions.tariffs):
            return told
        what, remedy = "the holiday table is missing", f"daozha holidays seed {years[0]}"
        await self._write(lambda conn: self._books.tell(conn, at, "alarm", what, NOWHERE, years=years, remedy=remedy))
        return today

    async def notice(self, headers: Mapping[str, str], body: bytes) -> NoticeAnswer:
        """Take a notice as it came over the wire; gives what WeChat is answered."""
        return await self._desk.take(headers, body)

    async def admit(self, lane: LaneName, passage: PassageId, read: PlateRead) -> Admission:
        """Decide whether the plate may come in: by its rights, the room there is, and the stay still open under it."""
        at = self._clock.now()
        return await self._read(lambda conn: self._visits.admit(conn, at, lane, read))

    async def open_stays(self) -> Sequence[OpenStay]:
        """All stays now open, oldest first."""
        return await self._read(lambda conn: stays.open_stays(conn, self._books.site))

    async def quote(self, lane: LaneName, passage: PassageId, stay: StayId) -> Quote:
        """Price the stay now; a quote whose order its driver may be paying at this moment is given again."""
        return await self._write(lambda conn: self._quote(conn, Place(lane, passage), stay))

    async def bill(self, stay: StayId) -> Bill:
        """Give all that the driver of an open stay is told about its fee; changes nothing. Raises BillingError."""
        at = self._clock.now()
        return await self._read(lambda conn: self._visits.bill(conn, at, stay))

    async def pay_by_phone(self, place: Place, stay: StayId, offer: Offer) -> tuple[Quote, Offered | None]:
        """Price a stay, and give what its driver's phone pays with: nothing if nothing is due, or a person must look.

        `place`: where its car waits at an exit, so that the payment asks that lane to open; else `NOWHERE`: paid ahead,
        it may leave until the grace is over, and owes only the increment then. Two phones at once are shown one order.
        """
        async with self._watcher.lock_of(f"phone {stay}"):
            quote = await self._write(lambda conn: self._quote(conn, place, stay))
            if quote.due_fen <= 0 or quote.doubt:
                return quote, None
            if quote.older:
                await self._answer(self._close_arrears_of(quote.stay))
            return quote, await self._answer(self._orders.offer(place, quote, offer))

    async def fee(self, stay: StayId, *, named: bool = True) -> Fee:
        """Say what a stay costs now, as its driver is told; `named`: and which host pays. Raises BillingError."""
        at = self._clock.now()
        return await self._read(lambda conn: look(conn, self._visits, at, stay, named=named))

    async def doubt(self, lane: LaneName, passage: PassageId, stay: StayId, read: PlateRead | None) -> str:
        """Say why a person must look before the stay is quoted; empty if nobody must."""
        at = self._clock.now()
        return await self._read(lambda conn: self._visits.doubt(conn, at, lane, stay, read))

    async def order(self, lane: LaneName, passage: PassageId, quote: Quote) -> Order:
        """Make the order for a quote at WeChat, or give the one already open for it."""
        if quote.due_fen <= 0:
            raise BillingError(f"quote {quote.id} is {quote.due_fen} fen: nothing to order")
        made = await self._make(Place(lane, passage), quote)
        self._hearers.ordered(lane, quote)
        return made

    async def _make(self, place: Place, quote: Quote) -> Order:
        if quote.older:
            await self._answer(self._close_arrears_of(quote.stay))
        return await self._answer(self._orders.make(place, quote))

    async def order_arrears(self, plate: Plate, by: str) -> Payable:
        """Make the order for all that a plate owes of earlier stays, to be paid without a lane. Raises BillingError."""
        return await self._answer(self._order_arrears(plate, by))

    async def _order_arrears(self, plate: Plate, by: str) -> Payable:
        """An order at an exit that asks for the same debts is closed first, so that they are not paid twice."""
        site, at = self._books.site, self._clock.now()
        for order in await self._db.read(lambda conn: book.pending_with_older(conn, site, plate)):
            await self._watcher.close(order, "its old debts are asked for by themselves")
        until = self._clock.ahead(ARREARS_LAST_S)

        def work(conn: Connection) -> Demand:
            owing = debts.of_plate(conn, site, plate)
            if not owing:
                raise BillingError("nothing is owed under this plate")
            parts = debts.parts_of(owing)
            return demands.add(conn, self._books, at, DemandKind.ARREARS, plate, parts, until, by)

        return await self._orders.order_for(await self._db.write(work), f"{self._config.site.name} 补缴停车费")

    async def order_card(
        self, card: str, product: Product, by: str, offer: Offer = BY_CODE, seen: Card | None = None
    ) -> Payable:
        """Give the order for a card's first or next days, at the price of today. Raises BillingError.

        Who asks again, or on a second phone, is given the same one, or one by another way after that one is closed.
        Whoever has `seen` the card pays for the days after those it had then, and for no others.
        """
        at, until, site = self._clock.now(), self._clock.ahead(CARD_LASTS_S), self._books.site

        def work(conn: Connection) -> Demand:
            found = cards.find(conn, site, card, lock=True)
            if why := selling.why_not_order(conn, site, at, found, product):
                raise BillingError(why)
            if seen is not None and (found is None or found.until != seen.until):
                raise BillingError("these days of the card are paid already")
            cards.reprice(conn, card, product)
            price, lasts = product.price_fen, self._clock.ahead(CARD_LASTS_LEAST_S)
            same = demands.open_about(conn, site, DemandKind.CARD, card, price, lasts)
            parts = ((card, price),)
            return same or demands.add(conn, self._books, at, DemandKind.CARD, card, parts, until, by)

        async def ordered() -> Payable:
            title = f"{self._config.site.name} {product.title}"
            return await self._orders.order_for(await self._db.write(work), title, offer)

        return await self._answer(ordered())

    async def order_top_up(self, merchant: str, amount: Fen, by: str) -> Payable:
        """Make the order by which a merchant pays ahead, or some of what it owes. Raises BillingError."""
        at, until = self._clock.now(), self._clock.ahead(CARD_LASTS_S)

        def work(conn: Connection) -> Demand:
            found = merchants.find(conn, self._books.site, merchant)
            if found is None or found.ended_at is not None:
                raise BillingError(f"there is no merchant {merchant}, or its agreement has ended")
            part = ((found.id, amount),)
            return demands.add(conn, self._books, at, DemandKind.MERCHANT, found.id, part, until, by)

        async def ordered() -> Payable:
            title = f"{self._config.site.name} 优惠券充值"
            return await self._orders.order_for(await self._db.write(work), title)

        return await self._answer(ordered())

    async def _earn_cards(self) -> None:
        """Enter what month cards have earned, once a month is over."""
        zone = self._visits.versions.clock_zone
        while True:
            try:
                await self._write(lambda conn: earn(conn, self._books, self._clock.now(), zone))
            except BillingError as error:
                log.error("what cards have earned is not entered", error=str(error))
            await asyncio.sleep(EARN_EVERY_S)

    async def _close_arrears_of(self, stay: StayId) -> None:
        site = self._books.site

        def work(conn: Connection) -> tuple[OrderId, ...]:
            plate = stays.find(conn, site, stay, lock=False).plate
            return tuple(order.id for order in book.pending_about(conn, site, DemandKind.ARREARS, plate))

        for order in await self._db.read(work):
            await self._watcher.close(order, "its debts are asked for at the exit")

    async def accept(self, lane: LaneName, passage: PassageId, quote: Quote) -> str:
        """Ask WeChat to deduct a quote by itself; empty: it does, and a request follows; or why not."""
        return await self._answer(self._deductions.accept(Place(lane, passage), quote))

    def scanned(self, lane: LaneName, line: str, side: LaneSide) -> None:
        """Take a line from a lane's scanner: a payer's code pays what the car at the boom is asked for."""
        self._codes.read(lane, line, side)

    async def close_order(self, order: OrderId, why: str) -> None:
        """Close the order; a payment that wins the race is credited to its stay."""
        await self._answer(self._watcher.close(order, why))

    async def begin_stay(self, lane: LaneName, passage: Passage, reason: Reason, by: str) -> StayId:
        """Begin the stay of a completed entry passage, once; one still open under its plate ends as EXIT_UNSEEN.

        An inner lane's passage moves the stay of its car into the nested lot.
        """
        at = self._clock.now()
        stay, orders = await self._write(lambda conn: self._visits.begin(conn, at, lane, passage, reason, by))
        self._look_soon(orders)
        self._entries.wake()
        await self._tell_stays()
        return stay

    async def end_stay(
        self, lane: LaneName, stay: StayId, passage: Passage, reason: Reason, by: str, ending: Ending
    ) -> None:
        """End the stay: fee, paid, arrears by reason and ending; orders still open are closed.

        An inner lane's passage moves the stay back into the zone around.
        """
        at = self._clock.now()
        orders = await self._write(lambda conn: self._visits.end(conn, at, lane, stay, passage, reason, by, ending))
        self._look_soon(orders)
        await self._tell_stays()

    async def end_by_hand(self, stay: StayId, by: str, reason: str, note: str) -> bool:
        """End as EXIT_UNSEEN a stay whose car a person says is not inside; False if somebody else has ended it."""
        at = self._clock.now()
        orders = await self._write(lambda conn: self._visits.end_unseen(conn, at, stay, by, reason, note))
        if orders is None:
            return False
        self._look_soon(orders)
        await self._tell_stays()
        return True

    async def settle_doubt(
        self, doubt: int, found: Found, by: str, evidence: str, typed: Callable[[Plate], PlateRead]
    ) -> StayId | None:
        """Settle a passage in doubt by what a person found; gives the stay of a car that is inside by it.

        `typed` makes a read of its plate. Raises DoubtError.
        """
        at, what = self._clock.now(), Settling(doubt, found, by, evidence)
        stay, orders = await self._write(lambda conn: settle(conn, self._visits, at, what, typed))
        self._look_soon(orders)
        self._entries.wake()
        await self._tell_stays()
        return stay

    async def annul_stay(self, lane: LaneName, passage: PassageId) -> None:
        """Undo what an entry passage did: its car reversed out again. A stay that was paid for stays open."""
        at = self._clock.now()
        orders = await self._write(lambda conn: self._visits.annul(conn, at, lane, passage))
        self._look_soon(orders)
        await self._tell_stays()

    def _quote(self, conn: Connection, place: Place, stay: StayId) -> Quote:
        found = stays.find(conn, self._books.site, stay)
        asks = found.account.is_open and (place.lane is None or self._park.around(place.lane) is None)
        for order in book.pending_of(conn, stay, OrderKind.QR) if asks else ():
            if self._may_be_given_again(conn, order, found):
                return self._visits.quote_again(conn, order, found)
        valid_s = PREPAY_S if place.lane is None else self._config.lane(place.lane).waits.t_quote_s
        quote = self._visits.quote(conn, self._clock.now(), self._clock.ahead(valid_s), place, stay)
        plate = sessions.offered(conn, quote, found)
        return replace(quote, auto_deduct=plate is not None, plate=plate)

    def _may_be_given_again(self, conn: Connection, order: PayOrder, stay: Stay) -> bool:
        lasts = not order.closing and order.valid_until >= self._clock.ahead(REUSE_LEAST_S)
        return lasts and self._visits.asks_the_same(conn, order, stay)

    def _tell_applied(self, applied: Applied) -> None:
        """After the commit: lanes hear of the credit, the request writer of the request, the refunder of the rest."""
        if applied.refund:
            self.refunder.wake()
        if isinstance(applied.decision, Duplicate):
            self._hearers.requested()
        if not isinstance(applied.decision, Settles) or applied.stay is None:
            return
        self._hearers.settled(applied.stay, applied.order)
        if applied.request is not None:
            self._hearers.requested()
        else:
            self._hearers.changed(applied.stay)
        self._hearers.stays_changed(self._open)

    def _look_soon(self, orders: tuple[OrderId, ...]) -> None:
        """Have orders looked after at once, without waiting: it stands in the database that they shall be closed."""
        for order in orders:
            self._watcher.follow(order, at_once=True)

    async def _tell_stays(self) -> None:
        self._open, zones = await self._read(self._counts)
        self._hearers.stays_changed(self._open)
        self._hearers.counted(zones)

    def _counts(self, conn: Connection) -> tuple[int, Mapping[ZoneName, ZoneCount]]:
        return stays.count_open(conn, self._books.site), park.count(conn, self._park)

    async def _read(self, work: Callable[[Connection], T]) -> T:
        return await self._answer(self._db.read(work))

    async def _write(self, work: Callable[[Connection], T]) -> T:
        return await self._answer(self._db.write(work))

    async def _answer(self, asked: Awaitable[T]) -> T:
        try:
            return await asked
        except (StoreError, SQLAlchemyError) as error:
            raise BillingError(f"billing's books do not answer: {error}") from error
