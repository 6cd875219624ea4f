"""A person's shift at the desk: its totals, and the hand-over to the next one, who signs in for it beside the first."""

from collections.abc import Callable

from scada.clock import Clock
from scada.engine.doors.asked import text_of
from scada.engine.doors.cases.room import CaseRoom
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.doors.second import second_person
from scada.engine.doors.shown import as_json
from scada.model.names import SiteId
from scada.store import deskshifts
from scada.store.db import Database
from scada.store.operators import Operators

LONGEST_NOTE = 500


class ShiftDesk:
    """The verbs about shifts."""

    def __init__(
        self, site: SiteId, clock: Clock, db: Database, operators: Operators, cases: CaseRoom, new_id: Callable[[], str]
    ) -> None:
        self._site = site
        self._clock = clock
        self._db = db
        self._operators = operators
        self._cases = cases
        self._new_id = new_id

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        return {"desk_shift": self._mine, "hand_over_desk": self._hand_over, "desk_shift_sheet": self._sheet}

    async def _mine(self, ask: Ask) -> object:
        """Give the asking person's shift with its totals; it begins when it is first asked for."""
        name, at = self._new_id(), self._clock.now()
        shift = await self._db.read(lambda conn: deskshifts.running(conn, self._site, ask.user))
        if shift is None:
            shift = await self._db.write(lambda conn: deskshifts.begin(conn, self._site, name, ask.user, at))
        return await self._told(shift)

    async def _told(self, shift: deskshifts.DeskShift) -> dict[str, object]:
        totals = await self._db.read(lambda conn: deskshifts.totals(conn, self._site, shift.operator, shift.began_at))
        mine = [case.ref for case in self._cases.cases if case.owner == shift.operator]
        return {"shift": shift.id, "began_at": shift.began_at.isoformat(), "totals": totals, "mine": mine}

    async def _hand_over(self, ask: Ask) -> object:
        """End one's shift: what is open goes to who has signed in beside for it."""
        note, at = str(ask.args.get("note", "")).strip()[:LONGEST_NOTE], self._clock.now()
        shift = await self._db.read(lambda conn: deskshifts.running(conn, self._site, ask.user))
        if shift is None:
            raise BridgeRefusal("refused", "your shift has not begun")
        taken_by = await second_person(self._operators, ask, "who takes the shift over signs for it")
        told = await self._told(shift)
        sheet = {
            "totals": told["totals"],
            "cases": [
                {"ref": case.ref, "kind": case.kind.value, "lane": case.lane, "why": case.why, "owner": case.owner,
                 "since": case.since.isoformat()}
                for case in self._cases.cases
            ],
        }  # fmt: skip
        done = await self._db.write(
            lambda conn: deskshifts.end(conn, self._site, shift.id, ask.user, taken_by, at, note, sheet)
        )
        if not done:
            raise BridgeRefusal("refused", "this shift was handed over already")
        self._cases.leaves(ask.user)
        self._cases.handed_over(ask.user, taken_by)
        return {"shift": shift.id, "taken_by": taken_by}

    async def _sheet(self, ask: Ask) -> object:
        """Give what was handed over, to be printed."""
        name = text_of(ask, "shift")
        shift = await self._db.read(lambda conn: deskshifts.find(conn, self._site, name))
        if shift is None or shift.ended_at is None:
            raise BridgeRefusal("bad_args", "no such shift was handed over")
        return as_json(shift)
