"""The verbs of vouchers on a phone that is known: those of its plates, and a shop's code attached to one of them.

A code is ten signs by chance. Wrong ones are counted, for each phone and for all of them: guessing leads nowhere.
"""

from typing import Final

from sqlalchemy import Connection

from billing.driver.bindings import Phones
from billing.driver.limits import Window
from billing.driver.visitors import Seal
from billing.vouchers import mine
from billing.vouchers.desk import VoucherDesk
from billing.vouchers.terms import Limit, NotDone
from scada.clock import Clock
from scada.engine.doors.asked import text_of
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.model.names import SiteId
from scada.model.plate import Plate, normal_form
from scada.ports import BillingError
from scada.store.db import Database

LOOKS_MOST, MINUTE_S = 60, 60.0
WRONG_MOST, ALL_WRONG_MOST, HOUR_S = 10, 100, 3600.0
"""Codes that are none, of one phone and of all of them, in an hour; then no code is taken for a while."""
SLOW: Final = "Too many tries. Please wait a minute."
NOT_MINE: Final = "This plate is not bound to this phone."
ENOUGH: Final = "This plate has as many vouchers of this shop as it may have in 24 hours."
NO_CODE: Final = "There is no such code, or it is used up."
PHONE: Final = "phone"


class PhoneVouchers:
    """Vouchers on phones."""

    def __init__(self, site: SiteId, db: Database, clock: Clock, seal: Seal, desk: VoucherDesk) -> None:
        self._site = site
        self._db = db
        self._clock = clock
        self._seal = seal
        self._desk = desk
        self._looks = Window(LOOKS_MOST, MINUTE_S)
        self._wrong = Window(WRONG_MOST, HOUR_S)
        self._all_wrong = Window(ALL_WRONG_MOST, HOUR_S)

    def verbs(self) -> dict[str, Handler]:
        """Give the public verbs by name."""
        return {"my_vouchers": self._mine, "voucher_claim": self._claim}

    async def _mine(self, ask: Ask) -> object:
        openid, at = self._openid(ask), self._clock.now()
        if not self._looks.take(openid, self._clock.seconds()):
            raise BridgeRefusal("slow", SLOW)

        def work(conn: Connection) -> dict[str, object]:
            bound = Phones(self._site, conn).of_phone(openid)
            return {
                "plates": [one.plate for one in bound],
                "waiting": mine.waiting(conn, self._site, at, bound),
                "used": mine.used(conn, self._site, at, bound),
            }

        return await self._db.read(work)

    async def _claim(self, ask: Ask) -> object:
        """Attach a code to a plate of this phone; a right one does not count as a try."""
        openid, plate = self._openid(ask), Plate(normal_form(text_of(ask, "plate")[:16]))
        code = "".join(sign for sign in text_of(ask, "code")[:32].upper() if sign.isalnum())
        now_s, windows = self._clock.seconds(), ((self._wrong, openid), (self._all_wrong, ""))
        if not all(window.take(key, now_s) for window, key in windows):
            raise BridgeRefusal("slow", SLOW)
        bound = await self._db.read(lambda conn: [one.plate for one in Phones(self._site, conn).of_phone(openid)])
        if plate not in bound:
            raise BridgeRefusal("refused", NOT_MINE)
        try:
            done = await self._desk.claim(code, plate, PHONE)
        except BillingError as error:
            raise BridgeRefusal("failed", "the books do not answer") from error
        if isinstance(done, NotDone):
            raise BridgeRefusal("refused", ENOUGH if done.limit is Limit.PER_PLATE else NO_CODE)
        for window, key in windows:
            window.forgive(key)
        return {"done": True}

    def _openid(self, ask: Ask) -> str:
        found = self._seal.open(str(ask.args.get("phone", "")), self._clock.now())
        if found is None:
            raise BridgeRefusal("unknown_phone", "WeChat does not know this visit")
        return found.value
