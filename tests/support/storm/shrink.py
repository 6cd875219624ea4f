"""Make a failing schedule small: what it fails without is left out, one after the other."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.support.storm.schedule import Schedule


def shrunk(schedule: Schedule, fails: Callable[[Schedule], bool]) -> Schedule:
    """Give a schedule that still fails and would not with any one of its faults or cars left out."""
    smaller = next((one for one in _without_one(schedule) if fails(one)), None)
    return schedule if smaller is None else shrunk(smaller, fails)


def _without_one(schedule: Schedule) -> Iterator[Schedule]:
    for at in range(len(schedule.faults)):
        yield replace(schedule, faults=schedule.faults[:at] + schedule.faults[at + 1 :])
    for at in range(len(schedule.cars)):
        if len(schedule.cars) > 1:
            yield replace(schedule, cars=schedule.cars[:at] + schedule.cars[at + 1 :])
