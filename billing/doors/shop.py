"""The verbs of a merchant's own staff: sign in by its code, give vouchers, take them back, see what was given.

Whoever is signed in holds a token of the code's row: when the code is ended, the token is worth nothing from then on.
"""

from typing import Final

from sqlalchemy import Connection

from billing.books import Books
from billing.doors.staff import HOUR_S, SLOW, Staff
from billing.doors.vouchers import DAY_MINUTES, answered, kind_of, plate_of
from billing.driver.limits import Window
from billing.tariff import VoucherKind
from billing.vouchers import book, links, shop
from billing.vouchers.book import Issued
from billing.vouchers.desk import VoucherDesk
from billing.vouchers.shop import Times
from billing.vouchers.terms import MOST, NotDone, Wanted
from scada.clock import Clock
from scada.engine.doors.asked import optional, text_of, whole_number
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.model.names import VoucherId
from scada.store.db import Database

WRONG_MOST: Final = 10
"""Wrong codes that one address may try in an hour."""
BY: Final = "shop"


class ShopDoor:
    """What the pages of merchants ask for; every right and every limit is looked at here."""

    def __init__(self, desk: VoucherDesk, db: Database, books: Books, clock: Clock, staff: Staff) -> None:
        self._desk = desk
        self._db = db
        self._books = books
        self._clock = clock
        self._wrong = Window(WRONG_MOST, HOUR_S)
        self._staff = staff

    def verbs(self) -> dict[str, Handler]:
        """Give the public verbs by name."""
        own: dict[str, Handler] = {
            "shop_sign_in": self._sign_in,
            "shop_view": self._view,
            "shop_report": self._report,
            "shop_give": self._give,
            "shop_withdraw": self._withdraw,
        }
        return {verb: answered(handler) for verb, handler in own.items()}

    async def _sign_in(self, ask: Ask) -> object:
        """Take a code; wrong ones are counted by address, and written down."""
        code, address = text_of(ask, "code")[:64], optional(ask, "address")[:45]
        if not self._wrong.take(address, self._clock.seconds()):
            raise BridgeRefusal("slow", SLOW)
        door = await self._db.read(lambda conn: links.by_code(conn, self._books.site, code))
        if door is None:
            await self._db.write(lambda conn: self._tell(conn, "shop code wrong", address=address))
            raise BridgeRefusal("refused", "This code is wrong, or it was ended.")
        self._wrong.forgive(address)
        merchant = door.merchant.id
        await self._db.write(lambda conn: self._tell(conn, "shop signed in", merchant=merchant, address=address))
        return {"session": self._staff.session(door)}

    async def _view(self, ask: Ask) -> object:
        return await self._staff.looking(
            ask, lambda conn, door: shop.seen(conn, self._books.site, door.merchant, self._times())
        )

    async def _report(self, ask: Ask) -> object:
        """Give a piece of this month's vouchers, for a table; `before` is the last of the piece before it."""
        before = optional(ask, "before")[:26]
        rows = await self._staff.looking(
            ask, lambda conn, door: shop.given_since(conn, door.merchant, self._times(), shop.PIECE, before)
        )
        return {"vouchers": rows}

    async def _give(self, ask: Ask) -> object:
        """Give a voucher for 24 hours; a form that is sent twice gives one."""
        link = self._staff.changing(ask)
        kind, plate = kind_of(text_of(ask, "kind")), plate_of(ask)
        value = 0 if kind is VoucherKind.FULL else whole_number(ask, "value", 1, MOST[kind])
        self._staff.once(ask)
        at, wanted = self._clock.now(), Wanted(kind, value, self._desk.ahead(DAY_MINUTES), plate)
        midnight = self._desk.midnight(at)

        def work(conn: Connection) -> Issued | NotDone:
            name = self._staff.door(conn, link, lock=True).merchant.name
            return book.issue(conn, self._books, at, midnight, name, wanted, BY)

        return _told(await self._desk.carried_out(work))

    async def _withdraw(self, ask: Ask) -> object:
        link, at = self._staff.changing(ask), self._clock.now()
        voucher = VoucherId(text_of(ask, "voucher")[:26])

        def work(conn: Connection) -> Issued | NotDone:
            merchant = self._staff.door(conn, link, lock=True).merchant.id
            return book.withdraw(conn, self._books, at, voucher, BY, "by the shop", merchant)

        return _told(await self._desk.carried_out(work))

    def _times(self) -> Times:
        now = self._clock.now()
        return Times(now, self._desk.midnight(now))

    def _tell(self, conn: Connection, what: str, **body: object) -> None:
        self._books.tell_of(conn, self._clock.now(), BY, what, **body)


def _told(outcome: Issued | NotDone) -> object:
    """Say what was done, and nothing of a stay. Raises BridgeRefusal with the limit's name if it was not."""
    match outcome:
        case Issued(voucher):
            return {"voucher": voucher}
        case NotDone(why, limit):
            raise BridgeRefusal("refused" if limit is None else limit.value, why)
