"""How each fault is made and mended."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from random import Random
from typing import Final

from scada.model.lane.words import Direction
from scada.sim.carpark import way
from scada.sim.chaos.flood import flooded
from scada.sim.chaos.ground import tear_log
from scada.sim.chaos.hands import Deed, Hands
from scada.sim.chaos.hold import PAYS_S, SEEN_S, Met, a_car_comes, a_car_pays, until_met
from scada.sim.chaos.line import Line, Spoilt, Trouble
from scada.sim.chaos.machine_deeds import clock_step, disk_full, disk_slow
from scada.sim.chaos.notices import doubled, forged
from scada.sim.chaos.schedule import Planned
from scada.sim.road import Field, Weather
from scada.sim.trial.backstage import SiteBackstage

TIMES_TEN: Final = 10
LIES: Final = ("bad_signature", "not_json", "system_error", "drop_after", "half_body", "old_timestamp", "rate_limited")
_SHARES: Final = {Spoilt.LOSES: 0.1, Spoilt.DOUBLES: 0.1, Spoilt.ALTERS: 0.3, Spoilt.CUTS: 0.05}
_SHARES_OF_FEW: Final = {Spoilt.LOSES: 0.5, Spoilt.DOUBLES: 0.5}
"""A payment is but a few pieces."""
_GONE_S: Final = 60.0
"""A hung process must have been ended within this."""


@asynccontextmanager
async def _kill(hands: Hands, planned: Planned) -> AsyncIterator[None]:
    hands.keeper(planned.where).kill()
    yield


@asynccontextmanager
async def _freeze(hands: Hands, planned: Planned) -> AsyncIterator[None]:
    pid = hands.keeper(planned.where).life.pid
    hands.met &= _signal(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(pid, signal.SIGCONT)


@asynccontextmanager
async def _hang(hands: Hands, planned: Planned) -> AsyncIterator[None]:
    """Stop a process for good: its keeper must find out and end it."""
    keeper = hands.keeper(planned.where)
    pid = keeper.life.pid
    hands.met &= _signal(pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(_GONE_S):
            while keeper.life.pid == pid:  # noqa: ASYNC110 a keeper tells nobody here
                await asyncio.sleep(0.2)
        hands.did.append("ended by its keeper")
        yield
    except TimeoutError:
        hands.failed = True
        hands.did.append(f"its keeper did not end it within {_GONE_S:g} s")
        yield
    finally:
        _signal(pid, signal.SIGCONT)


def _signal(pid: int | None, number: signal.Signals) -> bool:
    """Signal a process and its children; False if there is none."""
    try:
        if pid is not None:
            os.killpg(pid, number)
    except ProcessLookupError:
        return False
    return pid is not None


@asynccontextmanager
async def _power_cut(hands: Hands, planned: Planned) -> AsyncIterator[None]:
    """Kill all the site's processes at once, tear what was not synced, and start them: then power is back."""
    keepers = [hands.site.keepers[name] for name in ("plant", "control", "public", "devices")]
    for keeper in keepers:
        keeper.kill()
    await asyncio.gather(*(keeper.__aexit__() for keeper in keepers))
    try:
        hands.did += await asyncio.to_thread(
            lambda: list(tear_log(hands.site.config.data, Random(planned.seed)))  # noqa: S311 a play, no secret
        )
        yield
    finally:
        for keeper in keepers:
            await keeper.__aenter__()


@asynccontextmanager
async def _unplugged(hands: Hands, planned: Planned) -> AsyncIterator[None]:
    backstage, cars = SiteBackstage(hands.site), hands.site.cars
    met = a_car_comes(cars) if planned.where == "feed" else a_car_comes(cars, way=Direction.EXIT)
    await backstage.unplug(planned.where)
    try:
        yield
        hands.met &= await until_met(met, SEEN_S if planned.where == "feed" else PAYS_S)
    finally:
        await backstage.plug(planned.where)
        if planned.where == "feed":
            hands.site.cars.park.light_cameras()


def _spoilt(what: Spoilt) -> Deed:
    @asynccontextmanager
    async def deed(hands: Hands, planned: Planned) -> AsyncIterator[None]:
        line = hands.ground.lines[planned.where]
        before, is_pay = line.counts.copy(), planned.where == "wechat"
        share = (_SHARES_OF_FEW if is_pay else _SHARES).get(what, 1.0)
        met, then_s = meeting(hands, line, what)
        await line.spoil(Trouble(what, share=share, late_s=2.0 if is_pay else 0.3))
        try:
            yield
            hands.met &= await until_met(met, then_s)
        finally:
            await line.mend()
            hands.did += [f"{count} {name}" for name, count in (line.counts - before).items()]

    return deed


def meeting(hands: Hands, line: Line, what: Spoilt) -> tuple[Met, float]:
    """Say when a spoilt line has met somebody, and how much longer it must last for his need of it.

    Lines to WeChat are silent most of the time: a broken idle connection is nobody's trouble yet.
    """
    before, comes = line.counts.total(), a_car_comes(hands.site.cars, way=Direction.EXIT)
    match line.name:
        case "notices":
            return a_car_pays(hands.site.cars), SEEN_S
        case "wechat" if what is Spoilt.AWAY:
            return comes, PAYS_S  # who is refused leaves no trace on the line
        case "wechat":
            return lambda: comes() and line.counts.total() > before, PAYS_S
        case _:
            return lambda: line.counts.total() > before, 0.0


@asynccontextmanager
async def _blind_loop(hands: Hands, planned: Planned) -> AsyncIterator[None]:
    lane = way(hands.site.config)[planned.where == "exit"]
    met = a_car_comes(hands.site.cars, lane)
    hands.site.cars.park.change_field(lane, Field(blind=frozenset({"approach"})))
    try:
        yield
        hands.met &= await until_met(met, SEEN_S)
    finally:
        hands.site.cars.park.change_field(lane, Field())


@asynccontextmanager
async def _weather(hands: Hands, planned: Planned) -> AsyncIterator[None]:
    weather = Random(planned.seed).choice((Weather.FOG, Weather.RAIN, Weather.NIGHT))  # noqa: S311 a play, no secret
    hands.did.append(weather.value)
    met = a_car_comes(hands.site.cars)
    hands.site.cars.park.change_weather(weather)
    try:
        yield
        hands.met &= await until_met(met, SEEN_S)
    finally:
        hands.site.cars.park.change_weather(Weather.CLEAR)


@asynccontextmanager
async def _lies(hands: Hands, planned: Planned) -> AsyncIterator[None]:
    fault = Random(planned.seed).choice(LIES)  # noqa: S311 a play, no secret
    hands.did.append(fault)
    met = a_car_comes(hands.site.cars, way=Direction.EXIT)
    await asyncio.to_thread(hands.wechat.answers, fault, "", 0)
    try:
        yield
        hands.met &= await until_met(met, PAYS_S)
    finally:
        await asyncio.to_thread(hands.wechat.clear)


@asynccontextmanager
async def _rush(hands: Hands, planned: Planned) -> AsyncIterator[None]:
    cars = max(1, round(planned.lasts_s * TIMES_TEN / hands.every_s))
    for _ in range(cars):
        hands.send()
    hands.did.append(f"{cars} cars")
    yield


@asynccontextmanager
async def _server_down(hands: Hands, planned: Planned) -> AsyncIterator[None]:
    server = hands.ground.servers[planned.where]
    await server.kill()
    try:
        yield
    finally:
        await server.start()


LINES: Final = ("plc", "camera", "wechat", "notices", "postgres", "influx")
DEEDS: Final[Mapping[str, Deed]] = {
    **dict.fromkeys(("kill-plant", "kill-web", "plc-restart"), _kill),
    **dict.fromkeys(("freeze-plant", "freeze-web"), _freeze),
    "hang-plant": _hang,
    "power-cut": _power_cut,
    "clock-ahead": clock_step(1),
    "clock-back": clock_step(-1),
    "disk-full": disk_full,
    "disk-slow": disk_slow,
    **{f"{where}-{what.value}": _spoilt(what) for where in LINES for what in Spoilt},
    **dict.fromkeys(("postgres-down", "influx-down"), _server_down),
    "loop-lies": _blind_loop,
    "camera-fog": _weather,
    "cameras-off": _unplugged,
    "wechat-down": _unplugged,
    "wechat-lies": _lies,
    "notices-forged": forged,
    "notices-doubled": doubled,
    "rush-cars": _rush,
    "rush-pages": flooded,
}
