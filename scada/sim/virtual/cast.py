"""Who comes to the virtual car park: cars with plates and lengths, and how their drivers behave this time.

The shares are those of `operations.md` §1, load for tests; every number comes from the chance that is handed over.
"""

from dataclasses import dataclass, field
from math import log
from random import Random

from scada.model.plate import Plate
from scada.sim.scenario import DIGITS, LETTERS, draw_plate
from scada.sim.virtual.motion import Edges, edges

HOUR_MS = 3_600_000
MINUTE_MS = 60_000
DAY_MS = 24 * HOUR_MS

WORKDAY = (2, 1, 1, 1, 1, 4, 14, 48, 72, 60, 52, 56, 58, 60, 54, 48, 44, 48, 60, 52, 34, 20, 10, 5)
WEEKEND = (4, 2, 1, 1, 1, 2, 6, 14, 30, 54, 70, 76, 66, 62, 68, 66, 58, 52, 56, 52, 38, 24, 14, 8)
"""How the arrivals of a day spread over its hours (shares)."""

SHARE_MONTH_CARD = 0.4
SHARE_NO_PLATE = 0.003
SHARE_TWIN = 0.02
"""Cars whose plate is one sign from that of a car inside."""
SHARE_PAYS_AHEAD = 0.45
SHARE_DEAD_PHONE = 0.01
SHARE_PAYS_LATE = 0.01
SHARE_PAYS_TWICE = 0.001
SHARE_PAYS_ABSENT = 0.001
"""Scans his code, backs away and pays while another car may stand there."""
SHARE_BACKS_OUT = 0.003
SHARE_TAILGATES = 0.001
SHARE_EAGER = 0.3
"""Pulls up behind the car under the boom instead of waiting for the boom to come down."""
SHARE_SWAPS = 0.0004
"""Comes to the exit with the plate of a car that is inside."""
SHARE_GLITCH = 1 / 2000
SHARE_REVERSES_UNDER = 0.0003
SHARE_STOPS_UNDER = 0.0005
SHARE_LONG_STAY = 0.002
CONFUSED = ("0D", "8B", "1T", "2Z", "5S", "6G", "UV", "HN", "EF")


@dataclass(slots=True, eq=False)
class Car:
    """A car and the plate it really has (None: it has none)."""

    number: int
    plate: Plate | None
    length_m: float
    cruise_m_s: float
    month_card: bool = False
    phone: bool = True
    edges: Edges = field(init=False)

    def __post_init__(self) -> None:
        """Work out how it crosses the loops, once."""
        self.edges = edges(self.length_m, self.cruise_m_s)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a driver behaves in one lane, this time. Waits in ms; None where he does not."""

    backs_out_before_ms: int | None = None
    backs_out_after: bool = False
    tailgates: bool = False
    eager: bool = False
    reverses_under: bool = False
    stops_under_ms: int = 0
    glitch_ms: int = 0
    """The approach loop loses the standing car for so long."""
    swaps: bool = False
    pays_absent: bool = False
    patience_ms: int = 300_000


class Cast:
    """Draws cars and manners."""

    def __init__(self, random: Random, stays_a_day: int) -> None:
        self.random = random
        self._stays_a_day = stays_a_day
        self._drawn = 0
        self.regulars = [self._regular() for _ in range(round(stays_a_day * 0.6))]

    def arrivals(self, day: int) -> list[int]:
        """Draw when the cars of a day come, in ms from its midnight."""
        shares = WEEKEND if day % 7 in (5, 6) else WORKDAY
        count = round(self._stays_a_day * self.random.uniform(0.9, 1.1))
        hours = self.random.choices(range(24), shares, k=count)
        return [hour * HOUR_MS + self.random.randrange(HOUR_MS) for hour in hours]

    def stranger(self, inside: list[Plate]) -> Car:
        """Draw a car that is not a regular one; now and then its plate is a twin of one inside."""
        if self.random.random() < SHARE_NO_PLATE:
            return self._car(None)
        if inside and self.random.random() < SHARE_TWIN:
            return self._car(twin(self.random, self.random.choice(inside)))
        return self._car(draw_plate(self.random))

    def dwell_ms(self, car: Car) -> int:
        """Draw how long a car will stay."""
        if self.random.random() < SHARE_LONG_STAY:
            return self.random.randrange(DAY_MS, 6 * DAY_MS)
        median_h, spread = (6.0, 0.5) if car.month_card else (1.9, 0.9)
        return int(HOUR_MS * min(20.0, max(0.03, self.random.lognormvariate(log(median_h), spread))))

    def manner(self) -> Manner:
        """Draw how the driver behaves in one lane."""
        chance = self.random.random
        eager = chance() < SHARE_EAGER
        rare = chance()
        if rare > 0.02:
            return _EAGER if eager else _PLAIN
        return self._unusual(rare, eager=eager)

    def _unusual(self, rare: float, *, eager: bool) -> Manner:
        """Turn one draw below 0.02 into one of the seldom manners, each with its own share."""
        draw = self.random
        kinds = (
            (SHARE_BACKS_OUT / 2, {"backs_out_before_ms": draw.randrange(500, 9000)}),
            (SHARE_BACKS_OUT / 2, {"backs_out_after": True}),
            (SHARE_TAILGATES, {"tailgates": True}),
            (SHARE_REVERSES_UNDER, {"reverses_under": True}),
            (SHARE_STOPS_UNDER, {"stops_under_ms": draw.choice((4000, 20_000, 60_000, 300_000))}),
            (SHARE_GLITCH, {"glitch_ms": draw.choice((100, 200, 600, 3030, 4500))}),
            (SHARE_SWAPS, {"swaps": True}),
            (SHARE_PAYS_ABSENT, {"pays_absent": True}),
        )
        for share, how in kinds:
            if rare < share:
                return Manner(eager=eager, **how)
            rare -= share
        return _EAGER if eager else _PLAIN

    def _regular(self) -> Car:
        car = self._car(draw_plate(self.random))
        car.month_card = True
        return car

    def _car(self, plate: Plate | None) -> Car:
        self._drawn += 1
        random = self.random
        length_m = random.choices((4.5, 4.8, 5.1, 2.1, 8.5), (50, 30, 17, 1, 2))[0]
        phone = random.random() >= SHARE_DEAD_PHONE
        return Car(self._drawn, plate, length_m, random.uniform(1.8, 3.0), phone=phone)


_PLAIN, _EAGER = Manner(), Manner(eager=True)


def twin(random: Random, plate: Plate) -> Plate:
    """Give a plate that differs in one sign, likelier one that readers confuse."""
    place = random.randrange(2, len(plate))
    sign = plate[place]
    confused = [pair.replace(sign, "") for pair in CONFUSED if sign in pair]
    others = confused or [other for other in (DIGITS if sign.isdecimal() else LETTERS) if other != sign]
    return Plate(plate[:place] + random.choice(others) + plate[place + 1 :])
