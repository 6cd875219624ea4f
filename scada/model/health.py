"""How links, loops and booms do, reckoned from what was counted: what a technician should look at before it fails."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil
from statistics import median
from typing import Final

DRIFT: Final = 0.15
"""A boom that takes so much longer than it did wants to be looked at."""
EDGES_A_CAR: Final = 2
"""A loop turns on and off for each car."""
APART: Final = 0.2
"""Loop and cameras may differ by so much of the cars before somebody should look."""
LEAST_CARS: Final = 10
"""Of fewer cars nothing is concluded."""
FIRST_DAYS: Final = 3


@dataclass(frozen=True, slots=True)
class Spread:
    """How some times lie: how many, the middle one, what 99 of 100 keep to, and the longest."""

    count: int
    p50: float
    p99: float
    longest: float


def spread(times: Sequence[float]) -> Spread | None:
    """Say how times lie; None of none."""
    if not times:
        return None
    ordered = sorted(times)
    at = [ordered[max(0, ceil(share * len(ordered)) - 1)] for share in (0.5, 0.99)]
    return Spread(len(ordered), at[0], at[1], ordered[-1])


@dataclass(frozen=True, slots=True)
class Cycle:
    """One rise and fall of a boom, by its PLC."""

    day: date
    open_ms: int
    close_ms: int


@dataclass(frozen=True, slots=True)
class DayOfGate:
    """The middle times of a boom on one day."""

    day: date
    cycles: int
    open_ms: float
    close_ms: float


@dataclass(frozen=True, slots=True)
class GateHealth:
    """A boom's days, its drift since the first of them as a share, its faults, and how fast its PLC answers."""

    days: tuple[DayOfGate, ...]
    open_drift: float | None
    close_drift: float | None
    faults: Mapping[str, int]
    answer: Spread | None
    look: tuple[str, ...]


def gate_health(cycles: Sequence[Cycle], faults: Sequence[str], answers_ms: Sequence[float]) -> GateHealth:
    """Reckon a boom's health: the last day against the first ones, its no-starts and stops half way."""
    days = tuple(_day(day, [one for one in cycles if one.day == day]) for day in sorted({one.day for one in cycles}))
    opens = _drift([day.open_ms for day in days])
    closes = _drift([day.close_ms for day in days])
    counted = Counter(faults)
    look = [
        *(["opening takes longer than it did"] if (opens or 0) >= DRIFT else []),
        *(["closing takes longer than it did"] if (closes or 0) >= DRIFT else []),
        *(["the boom did not start"] if counted["NO_START"] else []),
        *(["the boom stopped half way"] if counted["MID"] else []),
        *(["the boom did not come down"] if counted["NOT_CLOSED"] else []),
    ]
    return GateHealth(days, opens, closes, dict(counted), spread(answers_ms), tuple(look))


def _day(day: date, cycles: Sequence[Cycle]) -> DayOfGate:
    opens, closes = median(one.open_ms for one in cycles), median(one.close_ms for one in cycles)
    return DayOfGate(day, len(cycles), opens, closes)


def _drift(of_days: Sequence[float]) -> float | None:
    """Give how much longer the last day was than the first ones; None if there are none before it."""
    first = of_days[:FIRST_DAYS] if len(of_days) > FIRST_DAYS else of_days[:-1]
    return of_days[-1] / median(first) - 1 if first and median(first) > 0 else None


@dataclass(frozen=True, slots=True)
class LoopHour:
    """One hour of a loop: how often it turned, how many seconds it was on, and how many cars the cameras saw."""

    edges: int
    on_s: float
    cars: int


@dataclass(frozen=True, slots=True)
class LoopHealth:
    """A loop over some hours: turns, cars by it and by the cameras, the mean time a car was on it."""

    edges: int
    by_loop: int
    by_camera: int
    on_s: float | None
    silent_hours: int
    look: tuple[str, ...]


def loop_health(hours: Sequence[LoopHour]) -> LoopHealth:
    """Hold a loop against the cameras: a deaf one misses cars, a nervous one sees what is none."""
    edges, cars = sum(hour.edges for hour in hours), sum(hour.cars for hour in hours)
    by_loop = edges // EDGES_A_CAR
    silent = sum(1 for hour in hours if hour.cars and not hour.edges)
    on_s = sum(hour.on_s for hour in hours) / by_loop if by_loop else None
    enough = max(by_loop, cars) >= LEAST_CARS
    look = [
        *(["the loop misses cars that the cameras see"] if enough and by_loop < cars * (1 - APART) else []),
        *(["the loop turns on without a car"] if enough and by_loop > cars * (1 + APART) else []),
        *(["cars were seen in hours in which the loop was silent"] if silent else []),
    ]
    return LoopHealth(edges, by_loop, cars, on_s, silent, tuple(look))
