"""A fault is held on until it has met something: what nobody used while it was spoilt has proved nothing."""

import asyncio
from collections.abc import Callable
from typing import Final

from scada.model.lane.words import Direction
from scada.model.names import LaneName
from scada.sim.carpark import CarPark
from scada.sim.road import What

LONGEST_S: Final = 60.0
"""So long at most a fault waits for somebody whom it could harm."""
PAYS_S: Final = 6.0
"""What a driver at the boom needs until his order has reached WeChat."""
SEEN_S: Final = 3.0
"""What a camera and a loop need to see a car that has come."""
_LOOK_S: Final = 0.2

Met = Callable[[], bool]


async def until_met(met: Met, then_s: float = 0.0) -> bool:
    """Keep a fault on until it has met something, and so much longer; False if it has met nothing."""
    try:
        async with asyncio.timeout(LONGEST_S):
            while not met():  # noqa: ASYNC110 cars tell nobody here
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        return False
    await asyncio.sleep(then_s)
    return True


def a_car_comes(cars: CarPark, lane: LaneName | None = None, way: Direction | None = None) -> Met:
    """Say whether a car has come to a boom since now: in this lane, this way, or any."""
    before = len(cars.happened)
    return lambda: any(
        one.what is What.ARRIVED and lane in (None, one.lane) and way in (None, one.way)
        for one in cars.happened[before:]
    )


def a_car_pays(cars: CarPark) -> Met:
    """Say whether a driver has paid since now."""
    before = cars.counts.paid
    return lambda: cars.counts.paid > before
