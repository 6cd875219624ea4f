"""Who comes to the virtual car park: cars, plates and manners, drawn from a seed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from random import Random

from scada.model.names import LaneName
from scada.model.plate import Plate
from scada.sim.arrivals import Trip
from scada.sim.road import Car, CarName, Habit, Manner

NAMES = ("normal", "paths")
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
DIGITS = "0123456789"
HOME = ("京A", "京N", "京Q", "京P")
ELSEWHERE = ("沪A", "粤B", "苏E", "浙A", "冀R", "津C", "鲁B", "川A", "鄂A", "湘A", "皖A", "豫A")
SHARE_HOME = 0.8
SHARE_NEW_ENERGY = 0.25
SHARE_DEAD_PHONE = 0.04
MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Photo:
    """A photograph of a car and the plate that people read on it."""

    file: str
    plate: Plate


@dataclass(frozen=True, slots=True)
class Person:
    """Who drives. `pays_for_absent`: scans his code, backs away and pays when another car stands there.

    Nobody waits for ever: after `patience_s` he backs out and tries again later. `keeps_code`: he scans the code that
    asks for money, and pays when he is told to. `claims`: the plate he says is his, if it is not. `pay_score`: he lets
    WeChat deduct his parking fees. `shows_code`: he holds his own code before the lane's scanner, if it has one.
    """

    pay_delay_s: float = 1.0
    patience_s: float = 180.0
    dead_phone: bool = False
    pays_for_absent: bool = False
    keeps_code: bool = False
    claims: Plate | None = None
    pay_score: bool = False
    shows_code: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """One car's visit: the car, what the cameras will see of it, who drives, and when it comes (real seconds)."""

    car: Car
    plate: Plate
    photo: str | None
    scene_seed: int
    person: Person
    after_s: float


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast cars come (real seconds) and how long they stay (business minutes); `speed` of the business clock."""

    every_s: float
    dwell_min: tuple[float, float]
    median_min: float
    speed: float


class Casting:
    """Draws one visit after the other; the same seed gives the same visits."""

    def __init__(
        self, scenario: str, seed: int, pace: Pace, lanes: tuple[LaneName, LaneName], photos: Sequence[Photo] = ()
    ) -> None:
        if scenario not in NAMES:
            raise ValueError(f"scenario {scenario!r}: known are {', '.join(NAMES)}")
        self._random = Random(seed)  # noqa: S311 a play, not a secret
        self._scenario = scenario
        self._pace = pace
        self._lanes = lanes
        self._photos = list(photos)
        self._random.shuffle(self._photos)
        self._drawn = 0

    def next(self, taken: Collection[Plate]) -> Visit:
        """Draw the next visit; its plate is not near any that is `taken`."""
        number = self._drawn
        self._drawn += 1
        plate, photo = self._plate(taken)
        entry, leave, person = self._manners(number)
        car = Car(
            CarName(f"car-{number + 1:05d}"),
            *self._lanes,
            dwell_s=self._dwell_min() * MINUTE_S / self._pace.speed,
            entry=entry,
            exit=leave,
        )
        return Visit(car, plate, photo, self._random.randrange(2**31), person, self._gap_s(number, entry))

    def replay(self, trips: Sequence[Trip]) -> list[Visit]:
        """Give a visit for each trip of a day; `after_s` counts from the day's beginning."""
        taken = [trip.plate for trip in trips if trip.plate is not None]
        visits = []
        for trip in trips:
            drawn = self.next(taken)
            taken.append(drawn.plate)
            car = replace(drawn.car, dwell_s=trip.stays_s / self._pace.speed)
            after_s = trip.after_s / self._pace.speed
            plate, photo = (trip.plate, None) if trip.plate is not None else (drawn.plate, drawn.photo)
            visits.append(replace(drawn, car=car, plate=plate, photo=photo, after_s=after_s))
        return visits

    def _plate(self, taken: Collection[Plate]) -> tuple[Plate, str | None]:
        for index, photo in enumerate(self._photos):
            if not any(is_near(photo.plate, other) for other in taken):
                self._photos.append(self._photos.pop(index))
                return photo.plate, photo.file
        while True:
            plate = draw_plate(self._random)
            if not any(is_near(plate, other) for other in taken):
                return plate, None

    def _dwell_min(self) -> float:
        low, high = self._pace.dwell_min
        return min(high, max(low, self._random.lognormvariate(0.0, 0.6) * self._pace.median_min))

    def _gap_s(self, number: int, entry: Manner) -> float:
        """Say how long after the car before; who follows too close comes right behind him."""
        gap_s = self._pace.every_s * self._random.uniform(0.5, 1.5)
        if number == 0:
            return 0.5
        return 0.5 if entry.habit is Habit.FOLLOWS_CLOSE else gap_s

    def _manners(self, number: int) -> tuple[Manner, Manner, Person]:
        """Give the manners at the entry and at the exit, and the driver."""
        pay_delay_s = self._random.uniform(0.5, 1.5)
        dead_phone = self._random.random() < SHARE_DEAD_PHONE
        turn = self._random.randrange(len(_PATHS)) if number >= len(_PATHS) else number
        if self._scenario == "normal":
            return Manner(), Manner(), Person(pay_delay_s)
        entry, leave, absent = _PATHS[turn]
        return entry, leave, Person(pay_delay_s, dead_phone=dead_phone and not absent, pays_for_absent=absent)


_PLAIN = Manner()
_DIRTY = Manner(dirty=True)
_CLOSE = Manner(Habit.FOLLOWS_CLOSE)
_AFTER = Manner(Habit.BACKS_OUT_AFTER)
_PATHS: tuple[tuple[Manner, Manner, bool], ...] = (
    (_PLAIN, _PLAIN, False),
    (_CLOSE, _PLAIN, False),
    (Manner(Habit.BACKS_OUT_BEFORE, patience_s=3.5, dirty=True), _PLAIN, False),
    (_AFTER, _PLAIN, False),
    (_PLAIN, Manner(Habit.BACKS_OUT_BEFORE, patience_s=2.5), False),
    (_DIRTY, _PLAIN, False),
    (_PLAIN, _DIRTY, False),
    (_PLAIN, _PLAIN, True),
    (_PLAIN, _CLOSE, False),
    (_PLAIN, _AFTER, False),
    (_PLAIN, _PLAIN, False),
    (_PLAIN, _PLAIN, False),
)
"""Entry, exit, and whether he pays while another car stands there: each once, then drawn."""


def draw_plate(random: Random) -> Plate:
    """Draw a valid plate: blue (five signs, at most two letters) or new-energy (D or F first, eight signs)."""
    head = random.choice(HOME if random.random() < SHARE_HOME else ELSEWHERE)
    if random.random() < SHARE_NEW_ENERGY:
        return Plate(head + random.choice("DF") + random.choice(LETTERS + DIGITS) + _digits(random, 4))
    signs = list(_digits(random, 5))
    for place in random.sample(range(5), random.randrange(3)):
        signs[place] = random.choice(LETTERS)
    return Plate(head + "".join(signs))


def _digits(random: Random, count: int) -> str:
    return "".join(random.choice(DIGITS) for _ in range(count))


def is_near(one: Plate, other: Plate) -> bool:
    """Say whether a reader may take one plate for the other: one sign different, or one dropped."""
    if len(one) == len(other):
        return sum(a != b for a, b in zip(one, other, strict=True)) <= 1
    if abs(len(one) - len(other)) != 1:
        return False
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return any(longer[:place] + longer[place + 1 :] == shorter for place in range(len(longer)))
