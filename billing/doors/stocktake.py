"""The verbs of a stocktake: who is inside, whom it would likely not find, what is in doubt; and closing, one by one.

Nothing is closed by itself: each closing has a person, a reason of a fixed list, and the evidence in words.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, select

from billing.cashier import SqlCashier
from scada.clock import Clock
from scada.engine.doors.asked import text_of, whole_number
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.doors.shown import as_json
from scada.model.desk.legal import why_not_end
from scada.model.ghosts import Evidence, Inside, Seen, propose
from scada.model.handshake import PassageOutcome
from scada.model.lane.codec import Json
from scada.model.names import LaneName, SiteId, StayId
from scada.model.plate import UNPLATED, Plate, PlateRead
from scada.ports import BillingError
from scada.store import doubts
from scada.store.db import Database
from scada.store.doubts import DoubtError, Found
from scada.store.schema import passage, stay

MOST: Final = 5000
LOOK_BACK: Final = timedelta(days=30)
END_REASONS: Final = ("GHOST", "OPEN_LANE", "TWICE", "DUPLICATE_READ", "COUNTED")
CONFIDENCE: Final = {Evidence.SAME: 95, Evidence.NEAR: 80, Evidence.UNREAD: 50, Evidence.LONG: 30}
"""How likely a proposal is right, in percent: what is known of it, not what was measured."""


class StocktakeDoor:
    """The stocktake, for the control room; the rights are checked before it is called."""

    def __init__(
        self,
        site: SiteId,
        db: Database,
        clock: Clock,
        cashier: SqlCashier,
        stands: Callable[[StayId], bool],
        ways_out: frozenset[LaneName],
        long: timedelta,
        typed: Callable[[Plate], PlateRead],
    ) -> None:
        """`stands`: the car of a stay stands at a boom now; `long`: longer than a visit lasts.

        `typed` makes a read of a plate on a person's word.
        """
        self._site = site
        self._db = db
        self._clock = clock
        self._cashier = cashier
        self._stands = stands
        self._ways_out = ways_out
        self._long = long
        self._typed = typed

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        return {"stocktake": self._told, "end_stay": self._end, "settle_doubt": self._settle}

    async def _told(self, _ask: Ask) -> object:
        """Tell who is inside, whose stays are proposed for closing, and which passages are in doubt."""
        now = self._clock.now()

        def work(conn: Connection) -> dict[str, Json]:
            gone = [one for one in _uncounted(conn, self._site, now - LOOK_BACK) if one.lane in self._ways_out]
            inside = _inside(conn, self._site)
            ghosts = propose([_as_inside(row) for row in inside], gone, now - self._long)
            in_doubt = [as_row(one) for one in doubts.still_open(conn, self._site)]
            return {
                "inside": as_json(inside),
                "ghosts": [
                    {"stay": one.stay.id, "why": one.evidence.value, "confidence": CONFIDENCE[one.evidence],
                     "passage": one.passage}
                    for one in ghosts
                ],
                "doubts": as_json(in_doubt),
            }  # fmt: skip

        return {"at": now.isoformat(), **await self._db.read(work)}

    async def _end(self, ask: Ask) -> object:
        """End a stay whose car is not inside any more; nobody is asked for its fee, for nobody can prove it."""
        of, reason, evidence = StayId(text_of(ask, "stay")), text_of(ask, "reason"), text_of(ask, "evidence")[:200]
        if reason not in END_REASONS:
            raise BridgeRefusal("bad_args", f"a stay is ended by hand for one of: {', '.join(END_REASONS)}")
        is_open = await self._db.read(lambda conn: _is_open(conn, self._site, of))
        if why := why_not_end(is_open=is_open, stands=self._stands(of)):
            raise BridgeRefusal("refused", why)
        try:
            ended = await self._cashier.end_by_hand(of, ask.user, reason, evidence)
        except BillingError as error:
            raise BridgeRefusal("failed", "billing's books do not answer") from error
        if not ended:
            raise BridgeRefusal("refused", "this stay has been ended meanwhile, by a person or a passage")
        return {"ended": True}

    async def _settle(self, ask: Ask) -> object:
        """Settle a passage in doubt by what was found, with the evidence; a car that is inside has its stay then."""
        number, evidence = whole_number(ask, "id", 1, 2**31), text_of(ask, "evidence")[:200]
        found = next((one for one in Found if one.value == text_of(ask, "found")), None)
        if found is None:
            raise BridgeRefusal("bad_args", f"found: one of {', '.join(one.value for one in Found)}")
        try:
            begun = await self._cashier.settle_doubt(number, found, ask.user, evidence, self._typed)
        except DoubtError as error:
            raise BridgeRefusal("refused", str(error)) from error
        except BillingError as error:
            raise BridgeRefusal("failed", "billing's books do not answer") from error
        return {"settled": True, "stay": begun or ""}


def as_row(one: doubts.Doubt) -> dict[str, object]:
    """Write an entry of the UNCERTAIN list as a row."""
    return {"id": one.id, "lane": one.lane, "passage": one.passage, "why": one.why, "plate": one.plate,
            "stay": one.stay, "at": one.at}  # fmt: skip


def _inside(conn: Connection, site: SiteId) -> list[dict[str, object]]:
    table = stay.c
    of_car = (table.id, table.plate, table.zone, table.entry_picture, table.paid_fen)
    mine = (table.site == site) & table.ending.is_(None)
    query = (
        select(*of_car, table.entry_lane, table.entered_at).where(mine).order_by(table.entered_at, table.id).limit(MOST)
    )
    return [dict(row) for row in conn.execute(query).mappings()]


def _as_inside(row: dict[str, object]) -> Inside:
    plate, entered = str(row["plate"]), row["entered_at"]
    assert isinstance(entered, datetime)  # noqa: S101 - the column's type
    return Inside(str(row["id"]), plate, plate.startswith(UNPLATED), str(row["entry_lane"]), entered)


def _uncounted(conn: Connection, site: SiteId, since: datetime) -> list[Seen]:
    """Give the vehicles that went through and ended no stay."""
    table = passage.c
    ended = select(stay.c.exit_passage).where(stay.c.site == site, stay.c.exit_passage.is_not(None))
    begun = select(stay.c.entry_passage).where(stay.c.site == site, stay.c.entered_at >= since)
    went = (table.site == site) & (table.ended_at >= since) & (table.outcome == PassageOutcome.FORWARD.name)
    columns = [table[name] for name in Seen.__dataclass_fields__]
    query = select(*columns).where(went, table.id.not_in(ended), table.id.not_in(begun)).order_by(table.ended_at)
    return [Seen(*row) for row in conn.execute(query.limit(MOST)).all()]


def _is_open(conn: Connection, site: SiteId, of: StayId) -> bool:
    mine = (stay.c.site == site) & (stay.c.id == of) & stay.c.ending.is_(None)
    return conn.execute(select(stay.c.id).where(mine)).first() is not None
