"""The verbs of the books: the trial balance, an account's statement, one stay's money, and whether all agrees."""

from dataclasses import asdict
from typing import Final

from sqlalchemy import Connection

from billing.accounts.audit import mistakes
from billing.accounts.balances import by_subject, trial
from billing.accounts.chart import Account
from billing.accounts.statement import statement
from billing.accounts.story import stays_of, story
from scada.engine.doors.asked import optional, text_of
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.doors.shown import as_json
from scada.model.lane.codec import Json
from scada.model.names import SiteId, StayId
from scada.model.plate import is_plausible, normal_form
from scada.ports import Journal, JournalEntry
from scada.store.db import Database

MOST_LINES: Final = 200


class LedgerDesk:
    """The double-entry books, for whoever may see money; a plate is asked for with a purpose, which is written down."""

    def __init__(self, site: SiteId, db: Database, journal: Journal) -> None:
        self._site = site
        self._db = db
        self._journal = journal

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        return {
            "trial_balance": self._trial,
            "statement": self._statement,
            "stay_money": self._stay,
            "ledger_check": self._check,
        }

    async def _trial(self, _ask: Ask) -> object:
        """Give what each account holds, and each of its subjects where those are people or merchants."""

        def work(conn: Connection) -> list[Json]:
            held = trial(conn, self._site)
            return [
                {"account": account.value, "amount_fen": held[account], "subjects": self._subjects(conn, account)}
                for account in Account
                if account in held
            ]

        return await self._db.read(work)

    def _subjects(self, conn: Connection, account: Account) -> dict[str, Json]:
        return dict(by_subject(conn, self._site, account)) if account in _TOLD_BY_SUBJECT else {}

    async def _statement(self, ask: Ask) -> object:
        name = text_of(ask, "account")
        account = next((one for one in Account if one.value == name), None)
        if account is None:
            raise BridgeRefusal("bad_args", f"there is no account {name}")
        subject = optional(ask, "subject") or None
        found = await self._db.read(lambda conn: statement(conn, self._site, account, subject, MOST_LINES))
        lines = [as_json(asdict(line)) for line in found.lines]
        return {"account": account.value, "subject": subject, "before_fen": found.before_fen, "lines": lines}

    async def _stay(self, ask: Ask) -> object:
        """Give the money of a stay, or of the stays of a plate."""
        asked = text_of(ask, "stay")
        plate = normal_form(asked)
        if not is_plausible(plate):
            found = await self._db.read(lambda conn: story(conn, self._site, StayId(asked)))
            return as_json([] if found is None else [found])
        purpose = optional(ask, "purpose")
        if not purpose:
            raise BridgeRefusal("bad_args", "a plate is asked for with a purpose")
        entry = JournalEntry("person", ask.user, "plate query", body={"plate": plate, "purpose": purpose})
        await self._journal.append([entry])

        def work(conn: Connection) -> list[object]:
            return [story(conn, self._site, stay) for stay in stays_of(conn, self._site, plate)]

        return as_json(await self._db.read(work))

    async def _check(self, _ask: Ask) -> object:
        return {"mistakes": await self._db.read(lambda conn: mistakes(conn, self._site))}


_TOLD_BY_SUBJECT: Final = frozenset(
    {Account.CASH, Account.MERCHANT, Account.DISCOUNT, Account.GOODWILL, Account.WRITTEN_OFF, Account.CASH_DIFFERENCE}
)
