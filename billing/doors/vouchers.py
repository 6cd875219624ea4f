"""The verbs of merchants and their vouchers, for the control room."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Final, TypeVar

from sqlalchemy import Connection

from billing.accounts.chart import Account
from billing.books import Books
from billing.tariff import VoucherKind
from billing.vouchers import links, merchants
from billing.vouchers.book import Issued
from billing.vouchers.desk import VoucherDesk
from billing.vouchers.terms import MOST, Agreement, Hosting, Manner, Merchant, NotDone, Wanted
from scada.clock import Clock
from scada.engine.doors.asked import limit_of, optional, text_of, whole_number
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.model.lane.codec import Json
from scada.model.money import Fen
from scada.model.names import SiteId, VoucherId
from scada.model.plate import Plate, is_plausible, normal_form
from scada.ports import BillingError
from scada.store.db import Database

T = TypeVar("T")

MOST_FEN: Final = 100_000_000
MOST_MINUTES: Final = 366 * 24 * 60
DAY_MINUTES: Final = 24 * 60
MOST_A_DAY: Final = 100_000
_INTO: Final = {"BANK": Account.BANK, "SAFE": Account.SAFE}


class VoucherDoor:
    """Merchants and vouchers; the rights are checked before these are called."""

    def __init__(self, desk: VoucherDesk, db: Database, books: Books, clock: Clock) -> None:
        self._desk = desk
        self._db = db
        self._books = books
        self._clock = clock

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        own: dict[str, Handler] = {
            "merchants": self._merchants,
            "add_merchant": self._add,
            "change_merchant": self._change,
            "end_merchant": self._end,
            "merchant_paid": self._receive,
            "invoice_merchant": self._invoice,
            "invoice_paid": self._invoice_paid,
            "vouchers": self._vouchers,
            "give_voucher": self._give,
            "claim_voucher": self._claim,
            "withdraw_voucher": self._withdraw,
            "renew_merchant_link": self._renew_link,
        }
        return {verb: answered(handler) for verb, handler in own.items()}

    async def _merchants(self, ask: Ask) -> object:
        return await self._db.read(lambda conn: all_shown(conn, self._books.site))

    async def _add(self, ask: Ask) -> object:
        name, terms, at = text_of(ask, "name")[:64], _agreement(ask), self._clock.now()
        made = await self._db.write(lambda conn: merchants.add(conn, self._books, at, name, terms, ask.user))
        return {"merchant": done(made).id}

    async def _change(self, ask: Ask) -> object:
        terms, at = _agreement(ask), self._clock.now()
        await self._of(ask, lambda conn, found: merchants.change(conn, self._books, at, found, terms, ask.user))
        return {"done": True}

    async def _end(self, ask: Ask) -> object:
        at = self._clock.now()
        ended = await self._of(ask, lambda conn, found: merchants.end(conn, self._books, at, found, ask.user))
        return {"done": ended}

    async def _renew_link(self, ask: Ask) -> object:
        """Make the code of a merchant's staff anew, and give it: nobody can read it again."""
        at = self._clock.now()
        code = await self._of(ask, lambda conn, found: links.make(conn, self._books, at, found, ask.user))
        return {"code": code}

    async def _receive(self, ask: Ask) -> object:
        amount, into, note = Fen(whole_number(ask, "amount_fen", 1, MOST_FEN)), _into(ask), optional(ask, "note")
        at = self._clock.now()
        await self._of(
            ask, lambda conn, found: merchants.receive(conn, self._books, at, found, amount, into, ask.user, note)
        )
        return {"done": True}

    async def _invoice(self, ask: Ask) -> object:
        at = self._clock.now()
        made = await self._of(ask, lambda conn, found: merchants.invoice(conn, self._books, at, found, at, ask.user))
        number, many, amount = done(made)
        return {"invoice": number, "vouchers": many, "amount_fen": amount}

    async def _invoice_paid(self, ask: Ask) -> object:
        number, into, at = text_of(ask, "invoice"), _into(ask), self._clock.now()
        paid = await self._of(
            ask, lambda conn, found: merchants.pay_invoice(conn, self._books, at, found, number, into, ask.user)
        )
        return {"amount_fen": done(paid)}

    async def _vouchers(self, ask: Ask) -> object:
        plate = normal_form(optional(ask, "plate"))
        return await self._desk.listed(limit_of(ask), optional(ask, "merchant"), plate)

    async def _give(self, ask: Ask) -> object:
        kind = kind_of(text_of(ask, "kind"))
        value = 0 if kind is VoucherKind.FULL else whole_number(ask, "value", 1, MOST[kind])
        minutes = whole_number(ask, "minutes", 1, MOST_MINUTES) if "minutes" in ask.args else DAY_MINUTES
        plate = plate_of(ask) if optional(ask, "plate") else None
        wanted = Wanted(kind, value, self._desk.ahead(minutes), plate, optional(ask, "ticket"))
        return _issued(await self._desk.give(text_of(ask, "merchant"), wanted, ask.user))

    async def _claim(self, ask: Ask) -> object:
        return _issued(await self._desk.claim(text_of(ask, "code").upper(), plate_of(ask), ask.user))

    async def _withdraw(self, ask: Ask) -> object:
        voucher, why = VoucherId(text_of(ask, "voucher")), text_of(ask, "why")[:200]
        return _issued(await self._desk.withdraw(voucher, ask.user, why))

    async def _of(self, ask: Ask, work: Callable[[Connection, Merchant], T]) -> T:
        name = text_of(ask, "merchant")

        def find_and_do(conn: Connection) -> T:
            found = merchants.find(conn, self._books.site, name, lock=True)
            if found is None:
                raise BridgeRefusal("bad_args", f"there is no merchant {name}")
            return work(conn, found)

        return await self._db.write(find_and_do)


def all_shown(conn: Connection, site: SiteId) -> list[dict[str, Json]]:
    """Give the merchants with what each owes, as people read them."""
    return [_shown(conn, site, one) for one in merchants.all_of(conn, site)]


def _shown(conn: Connection, site: SiteId, merchant: Merchant) -> dict[str, Json]:
    terms = merchant.agreement
    return {
        "id": merchant.id,
        "merchant": merchant.name,
        "manner": terms.manner.value,
        "most": {kind.value: most for kind, most in terms.most.items()},
        "limit_fen": terms.limit_fen,
        "per_plate": terms.per_plate,
        "per_day": terms.per_day,
        "stackable": terms.stackable,
        "pays_percent": terms.pays_percent,
        "hosting": None if terms.hosting is None else asdict(terms.hosting),
        "owes_fen": merchants.owes(conn, site, merchant.id),
        "reserved_fen": merchants.reserved(conn, merchant.id),
        "ended_at": None if merchant.ended_at is None else merchant.ended_at.isoformat(),
    }


def done(outcome: T | NotDone) -> T:
    """Give what was done. Raises BridgeRefusal if it was not."""
    if isinstance(outcome, NotDone):
        raise BridgeRefusal("refused", outcome.why)
    return outcome


def plate_of(ask: Ask) -> Plate:
    """Take a plate. Raises BridgeRefusal if it is none."""
    plate = normal_form(text_of(ask, "plate"))
    if not is_plausible(plate):
        raise BridgeRefusal("bad_args", "this is not a plate: province, letter, then five or six signs")
    return plate


def answered(handler: Handler) -> Handler:
    """Tell who asks when the books do not answer, or say no."""

    async def answer(ask: Ask) -> object:
        try:
            return await handler(ask)
        except BillingError as error:
            raise BridgeRefusal("failed", str(error)) from error

    return answer


def _issued(outcome: Issued | NotDone) -> dict[str, Json]:
    made = done(outcome)
    return {"voucher": made.id, "code": made.code, "stay": made.stay}


def _agreement(ask: Ask) -> Agreement:
    most, hosting = ask.args.get("most"), _hosting(ask)
    if not isinstance(most, dict) or not (most or hosting):
        raise BridgeRefusal("bad_args", "most: the kinds that may be given, each with its largest value")
    manner = text_of(ask, "manner")
    if manner not in Manner.__members__:
        raise BridgeRefusal("bad_args", "manner: PREPAID or POSTPAID")
    return Agreement(
        manner=Manner(manner),
        most={kind: _most(kind, value) for kind, value in ((kind_of(str(key)), value) for key, value in most.items())},
        limit_fen=Fen(whole_number(ask, "limit_fen", 0, MOST_FEN)),
        per_plate=whole_number(ask, "per_plate", 0, MOST_A_DAY),
        per_day=whole_number(ask, "per_day", 0, MOST_A_DAY),
        stackable=ask.args.get("stackable") is True,
        pays_percent=whole_number(ask, "pays_percent", 0, 100),
        hosting=hosting,
    )


def _hosting(ask: Ask) -> Hosting | None:
    """Take what is agreed with a host; None if it books no visitors."""
    if ask.args.get("may_book") is not True:
        return None
    limits = {"book_open": MOST_A_DAY, "book_per_day": MOST_A_DAY, "book_month_fen": MOST_FEN}
    open_, per_day, month = (whole_number(ask, name, 0, most) for name, most in limits.items())
    return Hosting(open_, per_day, Fen(month))


def _most(kind: VoucherKind, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST[kind]:
        raise BridgeRefusal("bad_args", f"{kind.value}: from 0 to {MOST[kind]}")
    return value


def kind_of(text: str) -> VoucherKind:
    """Take a kind by its name. Raises BridgeRefusal if there is none such."""
    for kind in VoucherKind:
        if kind.value == text:
            return kind
    raise BridgeRefusal("bad_args", f"kind: one of {', '.join(kind.value for kind in VoucherKind)}")


def _into(ask: Ask) -> Account:
    into = _INTO.get(text_of(ask, "into"))
    if into is None:
        raise BridgeRefusal("bad_args", "into: BANK or SAFE")
    return into
