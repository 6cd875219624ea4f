"""The verbs of a phone that is known inside WeChat: its plates, what it paid, invoices it asks for."""

from collections.abc import Callable
from typing import Final, TypeVar

from sqlalchemy import Connection

from billing.driver import account
from billing.driver.account import Invoice
from billing.driver.bindings import OUTPROVED, REVOKED, Binding, NotBound, Phones
from billing.driver.limits import Window
from billing.driver.tokens import Tokens
from billing.driver.visitors import Seal
from billing.stays import find
from scada.clock import Clock
from scada.engine.doors.asked import optional, text_of
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.model.names import OrderId, SiteId, StayId
from scada.model.plate import Plate, is_plausible, normal_form
from scada.ports import JournalEntry
from scada.store.db import Database
from scada.store.journal import write_entries

T = TypeVar("T")
SLOW = "Too many tries. Please wait a minute."
CHANGES_MOST, CHANGES_SPAN_S = 20, 3600.0
_WHY: Final = {OUTPROVED: "gate", REVOKED: "revoked"}


class PhoneDesk:
    """Phones that are known. `at_boom` are the tokens of drivers who stand at a boom: proof that a plate is theirs."""

    def __init__(self, site: SiteId, db: Database, clock: Clock, seal: Seal, at_boom: Tokens) -> None:
        self._site = site
        self._db = db
        self._clock = clock
        self._seal = seal
        self._at_boom = at_boom
        self._changes = Window(CHANGES_MOST, CHANGES_SPAN_S)

    def verbs(self) -> dict[str, Handler]:
        """Give the public verbs by name."""
        return {
            "me_view": self._view,
            "me_bind": self._bind,
            "me_unbind": self._unbind,
            "me_invoice": self._invoice,
        }

    async def _view(self, ask: Ask) -> object:
        openid, at = self._openid(ask), self._clock.now()

        def work(conn: Connection) -> dict[str, object]:
            phones, paid = Phones(self._site, conn), account.payments(conn, self._site, openid, at)
            return {
                "plates": [_shown(one, len(phones.of_plate(one.plate)) - 1) for one in phones.of_phone(openid)],
                "lost": [{"plate": one.plate, "why": _WHY[one.ended_why]} for one in phones.lost(at, openid)],
                "payments": [one.to_json() for one in paid],
            }

        return await self._db.read(work)

    async def _bind(self, ask: Ask) -> object:
        """Bind a plate that was typed and paid for, or the one whose driver stands at a boom (`token`)."""
        openid, at = self._changing(ask), self._clock.now()
        token = optional(ask, "token")
        typed = normal_form(optional(ask, "plate")[:16])

        def work(conn: Connection) -> str:
            stay = self._at_boom.subject(token, at) if token else None
            plate = typed if stay is None else find(conn, self._site, StayId(stay), lock=False).plate
            if not is_plausible(plate):
                return "This is not a plate. Please look again."
            made = Phones(self._site, conn).bind(at, openid, Plate(plate), at_boom=stay is not None)
            if isinstance(made, NotBound):
                return made.why
            self._tell(conn, "binds a plate", plate=plate, proof=made.proof.value)
            return ""

        return await self._done(work)

    async def _unbind(self, ask: Ask) -> object:
        openid, at = self._changing(ask), self._clock.now()
        plate = Plate(normal_form(text_of(ask, "plate")[:16]))

        def work(conn: Connection) -> str:
            if not Phones(self._site, conn).unbind(at, openid, plate):
                return "This plate is not bound to this phone."
            self._tell(conn, "unbinds a plate", plate=plate)
            return ""

        return await self._done(work)

    async def _invoice(self, ask: Ask) -> object:
        openid, at = self._changing(ask), self._clock.now()
        order = OrderId(text_of(ask, "order")[:32])
        wanted = Invoice(optional(ask, "title"), optional(ask, "tax_number").upper(), optional(ask, "mail"))
        if mistake := wanted.mistake():
            raise BridgeRefusal("refused", mistake)

        def work(conn: Connection) -> str:
            why = account.ask_invoice(conn, self._site, at, openid, order, wanted)
            if not why:
                self._tell(conn, "asks for an invoice", order=order)
            return why

        return await self._done(work)

    async def _done(self, work: Callable[[Connection], str]) -> object:
        if why := await self._db.write(work):
            raise BridgeRefusal("refused", why)
        return {"done": True}

    def _changing(self, ask: Ask) -> str:
        openid = self._openid(ask)
        if not self._changes.take(openid, self._clock.seconds()):
            raise BridgeRefusal("slow", SLOW)
        return openid

    def _openid(self, ask: Ask) -> str:
        found = self._seal.open(str(ask.args.get("phone", "")), self._clock.now())
        if found is None:
            raise BridgeRefusal("unknown_phone", "WeChat does not know this visit")
        return found.value

    def _tell(self, conn: Connection, what: str, **body: object) -> None:
        write_entries(conn, self._site, self._clock.now(), [JournalEntry("person", "phone", what, body=body)])


def _shown(one: Binding, others: int) -> dict[str, object]:
    """Tell a binding to its own phone, and how many others are told of the plate: of them it learns no more."""
    return {"plate": one.plate, "since": one.made_at.isoformat(), "others": others}
