"""A month of a busy car park in the books, and beside it what truly happened: for reports, their speed and their sums.

`Month(...).write(connection)` fills tables that were just made. The same numbers give the same month.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import exp
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from billing.books import Books
from billing.cards.earning import earn
from billing.settle import Merchant
from scada.model.money import Fen
from scada.model.names import SiteId
from scada.ports import JournalEntry
from scada.store import schema
from tests.support.month.rows import Rows
from tests.support.month.truth import Truth
from tests.support.month.visits import OUTS, Visits

SITE: Final = SiteId("demo")
SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
MERCHANT: Final = Merchant("1900000109", "wx0000000000000001")
BUSY: Final = (1, 1, 1, 1, 1, 2, 6, 16, 24, 18, 14, 14, 16, 14, 12, 12, 14, 18, 20, 14, 8, 5, 3, 2)
"""How many cars come in each hour of the day, beside one another."""
ALARMS: Final = ("unexplained_rise", "barrier", "loop_stuck", "camera_dirty")


@dataclass(frozen=True, slots=True)
class Shape:
    """How big the month is. `cards` month cards, `noise` rows of the journal that no report wants, for each car."""

    first: date = date(2026, 4, 1)
    days: int = 30
    cars_a_day: int = 750
    cards: int = 40
    seed: int = 1
    noise: int = 0


class Month:
    """A month, made when asked for and written when told."""

    def __init__(self, shape: Shape = Shape()) -> None:
        self.shape = shape
        self.since = _midnight(shape.first)
        self.until = _midnight(shape.first + timedelta(days=shape.days))
        self.truth = Truth()
        self.rows = Rows(SITE)
        self._random = Random(shape.seed)  # noqa: S311 a play, not a secret
        self._visits = Visits(self.rows, self.truth, self._random, SHANGHAI, self.until)
        self._open_shops()
        self._sell_cards()
        for nth in range(shape.days):
            self._day(shape.first + timedelta(days=nth))
        self._visits.lanes.number()
        self._visits.till.close_tills(self.until)

    def write(self, conn: Connection) -> None:
        """Write all rows; what cards have earned is entered by the product itself."""
        self.rows.write(conn)
        earn(conn, Books(SITE, MERCHANT), self.until, SHANGHAI)

    @property
    def inside(self) -> int:
        """How many cars are inside when the month ends."""
        left = sum(one.ending != "" for one in self.truth.cars)
        return len(self.truth.cars) - 2 * left

    def _open_shops(self) -> None:
        for percent in (100, 50):
            terms = {"most": {}, "limit_fen": 0, "per_plate": 0, "per_day": 0, "stackable": True}
            about = {"name": f"shop {percent}", "manner": "POSTPAID", "pays_percent": percent, "made_at": self.since}
            self.rows.add(schema.merchant, id=f"M{percent}", **about, **terms)

    def _sell_cards(self) -> None:
        for nth in range(self.shape.cards):
            at = self.since + timedelta(hours=9, minutes=nth)
            first, price = at.astimezone(SHANGHAI).date(), Fen(30_001)
            self._visits.till.card(f"K{nth:05d}", f"沪K{nth:05d}", at, first, price, SHANGHAI.key)

    def _day(self, day: date) -> None:
        """Let a day's cars come, those around midnight and the troubles of a day among them."""
        for _ in range(self.shape.cars_a_day):
            hour = self._random.choices(range(24), BUSY)[0]
            at = _midnight(day) + timedelta(hours=hour, seconds=self._random.randrange(3600))
            minutes = min(3000.0, 95 * exp(self._random.gauss(0, 0.9)))
            if self._random.random() < 0.003:
                self._visits.comes(at, timedelta(minutes=minutes), story="annulled")
            else:
                self._visits.comes(at, timedelta(minutes=minutes))
            self._chatter(at)
        for nth in range(self.shape.cards):
            at = _midnight(day) + timedelta(hours=8, minutes=30 + nth % 30, seconds=nth)
            self._visits.comes(at, timedelta(hours=9), card=f"K{nth:05d}", plate=f"沪K{nth:05d}")
        self._around_midnight(day)
        self._troubles(day)

    def _around_midnight(self, day: date) -> None:
        """Some pay just before midnight and leave just after it."""
        for story in ("scan", "ahead", "cash", "pay score", "paid twice", "voucher and scan"):
            left_at = _midnight(day + timedelta(days=1)) + timedelta(seconds=2)
            self._visits.comes(left_at - timedelta(hours=2), timedelta(hours=2), story=story)

    def _troubles(self, day: date) -> None:
        """A lane is held open, one stands still, alarms, calls for help."""
        at = _midnight(day) + timedelta(hours=11)
        held = {"lane": OUTS[0], "mode": "HOLD_OPEN", "reason": "QUEUE", "by": "li", "began_at": at}
        self.rows.add(schema.mode_period, ended_at=at + timedelta(minutes=8), ended_by="li", **held)
        fault = {"lane": OUTS[1], "fault": "NO_START", "began_at": at + timedelta(hours=1)}
        self.rows.add(schema.lane_fault, ended_at=at + timedelta(hours=1, minutes=9), **fault)
        for nth in range(12):
            code = ALARMS[min(nth // 4, self._random.randrange(4))]
            when = at + timedelta(minutes=nth * 17, seconds=nth)
            self.rows.tell(when, JournalEntry("alarm", "lane", code, OUTS[nth % 2], None, {"text": code}))  # type: ignore[arg-type]
        call = {"lane": OUTS[0], "by": "button", "presses": 1, "called_at": at, "answered_by": "li"}
        ends = {"answered_at": at + timedelta(seconds=7), "ended_at": at + timedelta(seconds=50), "outcome": "released"}
        self.rows.add(schema.help_call, id=f"C{day:%Y%m%d}", **call, **ends)

    def _chatter(self, at: datetime) -> None:
        for nth in range(self.shape.noise):
            body: dict[str, object] = {"event": {"is": "ImageSeen", "image": {"approach": True}}, "after": {"n": nth}}
            entry = JournalEntry("decision", "lane", "deciding", OUTS[nth % 2], None, {**body, "why": "x" * 200})  # type: ignore[arg-type]
            self.rows.tell(at + timedelta(milliseconds=nth), entry)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)
