"""The whole virtual car park: four lanes in, four lanes out, a thousand spaces, and everybody in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from billing.tariff import read_tariff
from scada.model.lane import commands as c
from scada.model.lane.words import Direction, Reason
from scada.model.names import LaneName, PassageId
from scada.model.plate import PlateRead, ReadBy
from scada.sim.virtual.agenda import Agenda
from scada.sim.virtual.books import Books
from scada.sim.virtual.cast import DAY_MS, HOUR_MS, Cast
from scada.sim.virtual.drivers import Drivers
from scada.sim.virtual.forecourt import Hearers
from scada.sim.virtual.mishaps import Mishaps, kinds
from scada.sim.virtual.operators import Operators
from scada.sim.virtual.post import SPACES, Post, Weather
from scada.sim.virtual.till import Till

BEGAN_AT = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
"""A Monday's midnight in Shanghai."""
STAYS_A_DAY = 1200
STOCKTAKE_MS = 4 * HOUR_MS
CLOSING_MS = HOUR_MS
LANES = 4
SHARE_FORGETS = 0.2
"""Server starts at which the journal's last row of the lanes cannot be read."""
ZONE = ZoneInfo("Asia/Shanghai")
TERMS: Final[Mapping[str, object]] = {
    "name": "virtual",
    "version": "virtual-1",
    "title": "虚拟停车场",
    "title_en": "virtual car park",
    "effective_from": "2026-01-01",
    "demo": True,
    "rule_type": "CHARGING_RULE_FIXED_INTERVAL",
    "time_rounding_type": "TIME_ROUND_UP",
    "free_entry_duration": 15,
    "free_exit_duration": 15,
    "reentry_mode": "REENTRY_NEVER",
    "free_limit": "FREE_LIMIT_INCLUSIVE",
    "first_charge_time_mode": "FIRST_CHARGE_TIME_MODE_ENTER",
    "free_period_charging_mode": "FREE_PERIOD_CHARGING_ONCE_PER_ENTRY",
    "free_restart": [],
    "restart": ["ROLLING_24H"],
    "fixed_interval_rule": [
        {"interval_duration": 60, "interval_amount": 500, "interval_rounding": "INTERVAL_ROUND_UP"}
    ],
    "fee_limit": [{"daily_limit_type": "DAILY_LIMIT_ROLLING_24H", "max_fee_per_day": 4000}],
}


@dataclass(slots=True)
class Stocktake:
    """What one night's walk through the car park found."""

    at_ms: int
    inside: int
    """Cars that truly stand there."""
    counted: int
    """Stays open before it."""
    ghosts: list[str] = field(default_factory=list)
    """Open stays whose car is gone; they are ended now."""
    without: list[int] = field(default_factory=list)
    """Visits whose car is there without an open stay."""


class CarPark:
    """Everything together, in virtual time."""

    def __init__(self, random: Random, stays_a_day: int = STAYS_A_DAY, till: type[Till] = Till) -> None:
        self.agenda = Agenda(BEGAN_AT)
        self.books = Books()
        self.till = till(read_tariff(TERMS), ZONE)
        self.weather = Weather()
        cast = Cast(random, stays_a_day)
        self.drivers = Drivers(cast, self.agenda, self.till, self.books, self.weather, random)
        self.operators = Operators(self.agenda, self.till, self.books, random)
        self.stocktakes: list[Stocktake] = []
        self._random = random
        self.till.cards = frozenset(car.plate for car in cast.regulars if car.plate is not None)
        self._black = frozenset(car.plate for car in cast.regulars[:2])
        self.posts = [
            self._post(LaneName(f"{word}{number}"), leads, random)
            for word, leads in (("in", Direction.ENTRY), ("out", Direction.EXIT))
            for number in range(1, LANES + 1)
        ]
        self.drivers.lanes = self.posts
        self.operators.posts = {post.name: post for post in self.posts}
        self._mishaps = Mishaps(self.agenda, self.books, self.posts, kinds(self.weather, self._restart), random)

    def _post(self, name: LaneName, leads: Direction, random: Random) -> Post:
        hearers = Hearers(self.drivers.passed, self.drivers.aside)
        return Post(name, leads, self.agenda, random, self.till, self.books, self.weather, hearers, self)

    def run_day(self, day: int) -> None:
        """Let one day pass."""
        self.drivers.day(day)
        self._mishaps.day(day)
        self.agenda.run_until(day * DAY_MS + STOCKTAKE_MS)
        self.stocktakes.append(self._stocktake())
        self.agenda.run_until((day + 1) * DAY_MS)

    def close(self) -> None:
        """Nobody comes any more; who stands in a lane gets through, those too who came to one just now."""
        self.agenda.run_until(self.agenda.now_ms + CLOSING_MS)
        last_ms = self.agenda.now_ms + HOUR_MS
        while self.agenda.now_ms < last_ms and any(post.road.length for post in self.posts):
            self.agenda.run_until(self.agenda.now_ms + HOUR_MS // 60)

    def shown(self, post: Post, show: c.Show) -> None:
        """Let whoever stands there read the display."""
        self.drivers.shown(post, show)

    def case_opened(self, post: Post, passage: PassageId, why: str) -> None:
        """Call an operator."""
        self.operators.case_opened(post, passage)

    def admits(self, read: PlateRead) -> Reason | str:
        """Say with what reason a plate may come in, or why not."""
        if read.text in self._black:
            return "black-listed"
        if read.by is ReadBy.DRIVER and self.till.is_inside(read.text):
            return "a car with this plate is inside already"
        if read.text in self.till.cards:
            return Reason.MONTH
        return Reason.ADMITTED if len(self.till.open_stays) < SPACES else "full"

    def _restart(self, start: bool) -> None:
        """Kill the server, or start it again: the lanes are rebuilt from the books and the PLCs."""
        self.weather.serving = start
        forgets = self._random.random() < SHARE_FORGETS
        for post in self.posts:
            if start:
                post.start_server(forgets=forgets)
            else:
                post.stop_server()

    def _stocktake(self) -> Stocktake:
        """Walk through the car park at night: stays without a car end, cars without a stay are noted."""
        stays = {self.operators.stay_of(visit): visit for visit in self.drivers.inside}
        opened = self.till.open_stays
        found = Stocktake(self.agenda.now_ms, len(self.drivers.inside), len(opened))
        for stay in opened:
            if stay.id not in stays:
                found.ghosts.append(stay.id)
                self.till.end_unseen(stay.id, self.agenda.now)
        found.without = [visit.number for visit in self.drivers.inside if self.operators.stay_of(visit) is None]
        return found
