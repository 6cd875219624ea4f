"""The verbs of demands, for the control room: who owes, a code to pay it or a top-up by, and what is given up."""

from typing import Final

from sqlalchemy import Connection

from billing.arrears import debts
from billing.arrears.debts import Owing
from billing.arrears.terms import owed
from billing.books import Books
from billing.cashier import SqlCashier
from billing.doors.vouchers import answered, plate_of
from scada.clock import Clock
from scada.engine.doors.asked import limit_of, optional, text_of, whole_number
from scada.engine.doors.peer import Ask, Handler
from scada.engine.doors.second import second_person
from scada.model.lane.codec import Json
from scada.model.money import Fen, yuan_text
from scada.model.names import StayId
from scada.store.db import Database
from scada.store.operators import Operators

_WHY_MOST: Final = 200
TOP_UP_MOST_FEN: Final = 10_000_000


class ArrearsDoor:
    """Old debts; above `alone_fen` nobody gives one up alone."""

    def __init__(
        self, cashier: SqlCashier, db: Database, books: Books, clock: Clock, operators: Operators, alone_fen: Fen
    ) -> None:
        self._cashier = cashier
        self._db = db
        self._books = books
        self._clock = clock
        self._operators = operators
        self._alone_fen = alone_fen

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        own: dict[str, Handler] = {
            "arrears": self._arrears,
            "order_arrears": self._order,
            "order_top_up": self._top_up,
            "write_off_arrears": self._write_off,
        }
        return {verb: answered(handler) for verb, handler in own.items()}

    async def _arrears(self, ask: Ask) -> object:
        """Give what one plate owes, or who owes, the oldest debt first."""
        limit, site = limit_of(ask), self._books.site
        if optional(ask, "plate"):
            plate = plate_of(ask)
            found = await self._db.read(lambda conn: debts.of_plate(conn, site, plate))
            return [owing_json(Owing(plate, found))] if found else []
        return [owing_json(one) for one in await self._db.read(lambda conn: debts.all_of(conn, site, limit))]

    async def _order(self, ask: Ask) -> object:
        made = await self._cashier.order_arrears(plate_of(ask), ask.user)
        return {"order": made.order, "amount_fen": made.amount_fen, "code_url": made.code_url}

    async def _top_up(self, ask: Ask) -> object:
        amount = Fen(whole_number(ask, "amount_fen", 1, TOP_UP_MOST_FEN))
        made = await self._cashier.order_top_up(text_of(ask, "merchant"), amount, ask.user)
        return {"order": made.order, "amount_fen": made.amount_fen, "code_url": made.code_url}

    async def _write_off(self, ask: Ask) -> object:
        stay, why = StayId(text_of(ask, "stay")), text_of(ask, "why")[:_WHY_MOST]
        owing = await self._db.read(lambda conn: debts.amount_of(conn, self._books.site, stay))
        limit = f"above {yuan_text(self._alone_fen)} yuan a second person is needed"
        second = await second_person(self._operators, ask, limit) if owing > self._alone_fen else ""
        at = self._clock.now()

        def work(conn: Connection) -> Fen:
            return debts.write_off(conn, self._books, at, stay, ask.user, why, second)

        return {"amount_fen": await self._db.write(work)}


def owing_json(owing: Owing) -> dict[str, Json]:
    """Write what a plate owes as people read it."""
    parts: list[Json] = [
        {"stay": one.stay, "amount_fen": one.amount_fen, "left_at": one.left_at.isoformat()} for one in owing.debts
    ]
    return {"plate": owing.plate, "owes_fen": owed(owing.debts), "debts": parts}
