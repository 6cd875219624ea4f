"""Notices that WeChat never sent as they are, and true ones that come twice, late and out of order."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import cycle, islice
from random import Random
from typing import Final

from scada.sim.chaos.hands import Hands
from scada.sim.chaos.hold import PAYS_S, SEEN_S, a_car_pays, until_met
from scada.sim.chaos.schedule import Planned
from scada.sim.stage.switch import Switch, SwitchError

FORGERIES: Final = (
    "bad_signature",
    "other_amount",
    "signtest",
    "wrong_serial",
    "unknown_order",
    "altered",
    "other_merchant",
    "replay",
    "other_app",
)
"""Ways in which a notice is wrong: its signature, its seal, its age, or what it says of the payment."""
DOUBLINGS: Final = ("duplicate", "delayed", "duplicate", "swapped")
FORGED_EVERY_S: Final = 0.2
FORGED_AT_ONCE: Final = 3
"""So many wrong words of an order each time: it is open for moments only."""
PLANNED: Final = 12
"""So many notices to come are spoilt; what is left over is taken back."""


@asynccontextmanager
async def forged(hands: Hands, planned: Planned) -> AsyncIterator[None]:
    """Say of every open order that it was paid, in all wrong ways, and spoil each true notice's first attempt."""
    manners = list(FORGERIES)
    Random(planned.seed).shuffle(manners)  # noqa: S311 a play, no secret
    answers: Counter[str] = Counter()
    await _spoil(hands.wechat, manners)
    forging = asyncio.create_task(_forge(hands.wechat, manners, answers))
    try:
        yield
        hands.met &= await until_met(lambda: bool(answers), PAYS_S)
    finally:
        forging.cancel()
        await asyncio.gather(forging, return_exceptions=True)
        await asyncio.to_thread(hands.wechat.clear)
        hands.did += [f"{count} {what}" for what, count in sorted(answers.items())]


async def _forge(wechat: Switch, manners: list[str], answers: Counter[str]) -> None:
    """Forge until cancelled. What is answered 401 was not believed; 204: WeChat's own hand, looked into, no payment."""
    turn = cycle(manners)
    while True:
        with suppress(SwitchError):
            for code in await asyncio.to_thread(wechat.unpaid):
                for manner in islice(turn, FORGED_AT_ONCE):
                    answers[f"{manner}: {await asyncio.to_thread(wechat.forge, code, manner)}"] += 1
        await asyncio.sleep(FORGED_EVERY_S)


@asynccontextmanager
async def doubled(hands: Hands, planned: Planned) -> AsyncIterator[None]:
    """Send true notices twice, the first attempt never, and after the next one."""
    before, met = hands.site.cars.counts.paid, a_car_pays(hands.site.cars)
    await _spoil(hands.wechat, list(DOUBLINGS))
    try:
        yield
        hands.met &= await until_met(met, SEEN_S)
    finally:
        await asyncio.to_thread(hands.wechat.clear)
        hands.did.append(f"{hands.site.cars.counts.paid - before} payments")


async def _spoil(wechat: Switch, manners: list[str]) -> None:
    for number in range(PLANNED):
        await asyncio.to_thread(wechat.notices, manners[number % len(manners)])
