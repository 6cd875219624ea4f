"""What is done to the site's machine: its disk runs full or gets slow, its clock steps."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Final

from scada.model.lane.words import Direction
from scada.sim.chaos.hands import Deed, Hands
from scada.sim.chaos.hold import PAYS_S, SEEN_S, a_car_comes, until_met
from scada.sim.chaos.machine import Shim, SmallDisk
from scada.sim.chaos.schedule import Planned

STEPS_S: Final = (20.0, 90.0, 400.0)
"""By so much clocks step: the last one is more than WeChat's signatures bear."""
SYNCS_S: Final = (0.1, 0.5, 2.0)
"""So much longer a slow disk takes for each sync."""
SQUEEZED_S: Final = 0.5
"""So soon others take what was freed."""


@asynccontextmanager
async def disk_full(hands: Hands, planned: Planned) -> AsyncIterator[None]:
    """Let others take all that is free, and after a third of the time also what the site throws off."""
    disk = hands.ground.disk
    assert disk is not None  # noqa: S101 the plan needs one
    megabytes = await asyncio.to_thread(disk.fill)
    hands.did.append(f"nothing free beside {megabytes} MB")
    met = a_car_comes(hands.site.cars)
    squeezing = asyncio.create_task(_squeeze(disk, planned.lasts_s / 3))
    try:
        yield
        hands.met &= await until_met(met, SEEN_S)
    finally:
        squeezing.cancel()
        await asyncio.gather(squeezing, return_exceptions=True)
        await asyncio.to_thread(disk.clear)


def _shim(hands: Hands) -> Shim:
    assert hands.ground.shim is not None  # noqa: S101 the plan needs one
    return hands.ground.shim


async def _squeeze(disk: SmallDisk, after_s: float) -> None:
    await asyncio.sleep(after_s)
    while True:
        await asyncio.to_thread(disk.fill)
        await asyncio.sleep(SQUEEZED_S)


@asynccontextmanager
async def disk_slow(hands: Hands, planned: Planned) -> AsyncIterator[None]:
    """Let every sync take longer."""
    shim = _shim(hands)
    sync_s = Random(planned.seed).choice(SYNCS_S)  # noqa: S311 a play, no secret
    hands.did.append(f"{sync_s:g} s more for each sync")
    met = a_car_comes(hands.site.cars)
    shim.slow_syncs(sync_s)
    try:
        yield
        hands.met &= await until_met(met, SEEN_S)
    finally:
        shim.slow_syncs(0)


def clock_step(sign: int) -> Deed:
    """Let the wall clock of the site's machine step, and step back at the end."""

    @asynccontextmanager
    async def deed(hands: Hands, planned: Planned) -> AsyncIterator[None]:
        shim = _shim(hands)
        step_s = sign * Random(planned.seed).choice(STEPS_S)  # noqa: S311 a play, no secret
        hands.did.append(f"{step_s:+.0f} s")
        met = a_car_comes(hands.site.cars, way=Direction.EXIT)
        shim.step_clock(step_s)
        try:
            yield
            hands.met &= await until_met(met, PAYS_S)
        finally:
            shim.step_clock(0)

    return deed
