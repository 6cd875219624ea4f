"""A schedule: cars and what their drivers do, and what goes wrong when; all of it drawn from one seed."""

from dataclasses import dataclass
from random import Random
from typing import Final

MOST_CARS: Final = 6
SPAN_S: Final = 2 * 3600.0
"""Within this time everything goes wrong that does."""


@dataclass(frozen=True, slots=True)
class Car:
    """One car. `pays` says how its driver pays at the exit, one word a try; the last one is repeated."""

    plate: str
    arrives_s: float
    parks_s: float
    pays: tuple[str, ...]
    after_s: float
    """How long after the code is shown a phone pays it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong at a moment; `what` says whose it is: notices, answers, door, plant, bank, clock."""

    at_s: float
    kind: str
    what: str
    path: str = ""
    times: int = 1
    wait_s: float = 0.0

    def __str__(self) -> str:
        more = f" {self.path}" if self.path else ""
        return f"{self.at_s:7.1f} s  {self.kind}: {self.what}{more} × {self.times}, {self.wait_s:.1f} s"


@dataclass(frozen=True, slots=True)
class Schedule:
    """What happens."""

    seed: int
    cars: tuple[Car, ...]
    faults: tuple[Fault, ...]


PAYS: Final = (
    "pays",
    "code_and_qr",
    "cash",
    "cash_and_qr",
    "two_phones",
    "old_code",
    "leaves_then_pays",
    "pays_and_leaves",
    "pays_nothing",
    "slow",
)
NOTICES: Final = (
    "drop",
    "delayed",
    "duplicate",
    "swapped",
    "bad_signature",
    "signtest",
    "altered",
    "other_amount",
    "unknown_order",
    "other_merchant",
    "replay",
    "wrong_serial",
)
ANSWERS: Final = (
    "drop_before",
    "drop_after",
    "system_error",
    "rate_limited",
    "heard",
    "reset_after",
    "half_body",
    "bad_signature",
    "unsigned",
    "not_json",
    "elsewhere",
)
PATHS: Final = ("", "/native", "/close", "/out-trade-no/", "/refund")
DOORS: Final = ("lose_before", "lose_after", "late", "kill_after_answer")
POINTS: Final = ("commit before", "commit after", "call before", "call after")


def drawn(seed: int) -> Schedule:
    """Draw the schedule of a seed."""
    random = Random(seed)  # noqa: S311 - a play, no secret
    cars = tuple(_car(random, number) for number in range(random.randint(1, MOST_CARS)))
    faults = sorted((_fault(random) for _ in range(random.randint(2, 9))), key=lambda fault: fault.at_s)
    return Schedule(seed, cars, tuple(faults))


def _car(random: Random, number: int) -> Car:
    arrives_s = random.uniform(0, 1800)
    parks_s = random.choice((random.uniform(60, 600), random.uniform(1000, 5000), random.uniform(3500, 3700)))
    pays = tuple(random.choice(PAYS) for _ in range(random.randint(1, 3)))
    return Car(
        f"京A{number}{random.randint(1000, 9999)}", arrives_s, parks_s, pays, random.choice((2.0, 20.0, 85.0, 95.0))
    )


def _fault(random: Random) -> Fault:
    at_s = random.uniform(600, SPAN_S)
    kind = random.choices(
        ("notices", "answers", "door", "outage", "kill_plant", "kill_at", "kill_bank", "slow", "skew"),
        weights=(6, 6, 5, 1, 2, 4, 2, 1, 1),
    )[0]
    times = random.choice((1, 1, 2, 4))
    wait_s = random.choice((3.0, 20.0, 120.0, 900.0))
    match kind:
        case "notices":
            return Fault(at_s, kind, random.choice(NOTICES), times=times)
        case "answers":
            return Fault(at_s, kind, random.choice(ANSWERS), random.choice(PATHS), times)
        case "door":
            return Fault(at_s, kind, random.choice(DOORS), times=times, wait_s=wait_s)
        case "kill_at":
            return Fault(at_s, kind, random.choice(POINTS), times=random.randint(1, 12), wait_s=wait_s)
        case "outage":
            return Fault(at_s, kind, random.choice(("drop_before", "system_error", "drop_after")), wait_s=wait_s)
        case "skew":
            return Fault(at_s, kind, random.choice(("-240", "200", "-60", "120")), wait_s=wait_s)
        case _:
            return Fault(at_s, kind, "", wait_s=wait_s)
