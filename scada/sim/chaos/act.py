"""A drill with faults: one fault after the other while cars come and go, each timed until the site has recovered."""

import asyncio
import contextlib
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, Final

import structlog

from scada.clock import SystemClock
from scada.config import load
from scada.model.handshake import Mode
from scada.sim.carpark import CarPark, photos, sim_of, way
from scada.sim.chaos.deeds import DEEDS
from scada.sim.chaos.ground import Ground, make_ground
from scada.sim.chaos.hands import Hands
from scada.sim.chaos.kinds import Need, Proof
from scada.sim.chaos.machine import MachineError, make_shim, small_disk
from scada.sim.chaos.schedule import Act, Planned
from scada.sim.chaos.servers import running_servers
from scada.sim.people.operator import Desk
from scada.sim.people.pages import PageError
from scada.sim.scenario import Casting, Pace
from scada.sim.stage.switch import SwitchError
from scada.sim.trial.judge import judge_site
from scada.sim.trial.reported import Platform, ask_platform
from scada.sim.trial.running import SECOND, Say, TrialSite, running, truth_path, working
from scada.sim.trial.trust import let_them_meet
from scada.supervise import NotReady

log = structlog.get_logger()

EVERY_S: Final = 18.0
"""Ordinary traffic: a car pays and leaves in 12 s, so that a queue goes down again while others come."""
DWELL_MIN: Final = (6.0, 40.0)
MEDIAN_MIN: Final = 15.0
MOST_INSIDE: Final = 12
LOOK_S: Final = 0.5
UP_S: Final = 120.0
OUT_S: Final = 300.0
"""What the last cars may take to leave when all is well again."""
SHORT_QUEUE: Final = 3
UNMET: Final = "made, but it met nothing: no car needed what was spoilt"
WORLD: Final = "sim"
"""Where in the data folder the simulators and the truth are kept."""
PEOPLE: Final = 32
"""So many drivers and desks may wait for a page at once, and hold nobody else up: pages of what is down take long."""


@dataclass(slots=True)
class Injected:
    """What became of one fault. `recovered_s` counts from its end; None: not within the limit.

    `met`: somebody needed what was spoilt, while it was.
    """

    name: str
    where: str
    text: str
    text_zh: str
    at_s: float
    lasted_s: float
    limit_s: float
    recovered_s: float | None
    did: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    met: bool = True

    @property
    def survived(self) -> bool:
        """Say whether the site recovered within the limit."""
        return self.recovered_s is not None


class Watch:
    """Looks at the site's tags through the control room, and tells what a restarted PLC waits to hear."""

    def __init__(self, site: TrialSite) -> None:
        self.tags: dict[str, object] = {}
        self.looked_s = 0.0
        self.seen: set[str] = set()
        self._site = site
        web = site.config.web.control
        self._desk = Desk(f"http://{web.host}:{web.port}", SECOND, site.second["second_password"])

    async def run(self) -> None:
        """Look until cancelled."""
        is_in = False
        try:
            while True:
                try:
                    if not is_in:
                        await asyncio.to_thread(self._desk.sign_in)
                        is_in = True
                    began_s = self._site.clock.seconds()
                    self.tags = await asyncio.to_thread(self._desk.tags)
                    self.looked_s = began_s
                    self.seen |= set(self._troubles())
                    await self._resume()
                except PageError:
                    is_in = False
                    self.seen.add("control room without an answer")
                await asyncio.sleep(LOOK_S)
        finally:
            self._desk.close()

    def is_well(self, since_s: float) -> bool:
        """Say whether a look that began after `since_s` found every lane at work and every process up."""
        return self.looked_s > since_s and not list(self._troubles())

    def _troubles(self) -> list[str]:
        found = [f"{name} is down" for name, keeper in self._site.keepers.items() if not keeper.ready.is_set()]
        looked_at = {camera.lane for camera in self._site.config.cameras}
        for lane in self._site.config.lanes:
            mode = self.tags.get(f"{lane.name}.mode.now")
            if mode is None or self.tags.get(f"{lane.name}.lane.state") is None:
                found.append(f"{lane.name}: nothing heard from the PLC")
            elif mode != Mode.AUTO:
                found.append(f"{lane.name}: {Mode(int(str(mode))).name}")
            elif not self.tags.get(f"{lane.name}.claim.now"):
                found.append(f"{lane.name}: not held by the server")
            if self.tags.get(f"{lane.name}.lane.state") == _FAULTED:
                found.append(f"{lane.name}: at fault")
            if lane.name in looked_at and self.tags.get(f"{lane.name}.camera.ok") is not True:
                found.append(f"{lane.name}: no picture")
        return found + [str(self.tags[name])[:60] for name in _TROUBLES if self.tags.get(name)]

    async def _resume(self) -> None:
        for lane in self._site.config.lanes:
            if self.tags.get(f"{lane.name}.mode.now") == Mode.RESYNC:
                here = self._site.cars.look(lane.id)
                stands = f"{here.plate} waits" if here is not None else "nothing"
                await asyncio.to_thread(self._desk.tell, lane.id, "leave-resync", {"stands": stands})


_FAULTED: Final = "faulted"
_TROUBLES: Final = ("site.database_trouble", "site.history_trouble")


@dataclass(slots=True)
class Outcome:
    """What came of a drill: the faults, and what the judge found."""

    faults: list[Injected]
    judged: dict[str, Any]
    invited: int
    entered: int
    exited: int
    doubts: int
    """So many vehicles may be left to a stocktake: one for each fault that blinded the server."""

    def broken(self) -> list[str]:
        """Give what was broken, each as a sentence that begins with its rule."""
        found = [str(one) for one in self.judged["invariants_broken"]]
        if self.exited != self.invited:
            found.append(f"9: of {self.invited} cars {self.exited} got out after everything was well again")
        if self.judged["left_to_stocktake"] > self.doubts:
            found.append(f"6: {self.judged['left_to_stocktake']} cars left to a stocktake, {self.doubts} at most")
        if not self.judged["stays_open"] and self.judged["fees_fen"] != self.judged["settled_fen"]:
            found.append(f"10: fees {self.judged['fees_fen']} fen, settled {self.judged['settled_fen']} fen")
        return found

    def unmet(self) -> dict[str, str]:
        """Name the faults that have never met anything, and say so: they were made, and proved nothing."""
        met = {one.name for one in self.faults if one.met}
        return {one.name: UNMET for one in self.faults if one.name not in met}

    @property
    def good(self) -> bool:
        """Say whether every fault was survived and nothing was broken."""
        return all(one.survived for one in self.faults) and not self.broken()

    def told(self) -> dict[str, Any]:
        """Give all of it for a program."""
        faults = [{**asdict(one), "survived": one.survived} for one in self.faults]
        return {
            "faults": faults,
            "invited": self.invited,
            "entered": self.entered,
            "exited": self.exited,
            **self.judged,
            "broken": self.broken(),
        }


def together(played: Sequence[Outcome]) -> Outcome:
    """Take the acts of a drill for one: figures are added up, what was broken is put together."""
    first, *others = played
    if not others:
        return first
    names = {name for one in played for name in one.judged}
    return Outcome(
        [fault for one in played for fault in one.faults],
        {name: _added([one.judged[name] for one in played if name in one.judged]) for name in sorted(names)},
        sum(one.invited for one in played),
        sum(one.entered for one in played),
        sum(one.exited for one in played),
        sum(one.doubts for one in played),
    )


def _added(values: Sequence[Any]) -> Any:  # noqa: ANN401 whatever the judge tells
    if all(isinstance(one, int) for one in values):
        return sum(values)
    if all(isinstance(one, list) for one in values):
        return [item for one in values for item in one]
    return list(values)


async def play(acts: Sequence[Act], base: Path, folder: Path, seed: int, clock: SystemClock, say: Say) -> Outcome:
    """Play the acts of a drill, each on a site of its own. Raises NotReady or MachineError."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(PEOPLE, thread_name_prefix="people"))
    played = [
        await _act(act.faults, base, folder / str(number), seed + number, clock, say) for number, act in enumerate(acts)
    ]
    return together(played)


async def _act(plan: Sequence[Planned], base: Path, folder: Path, seed: int, clock: SystemClock, say: Say) -> Outcome:
    """Run a site, do to it what is planned, let everybody leave, stop it, judge."""
    async with contextlib.AsyncExitStack() as stack:
        ground = await _ground(stack, plan, base, folder, seed)
        faults, cars, platform = await _run(plan, ground, seed, clock, say)
        config = load(ground.site)
        judged = await asyncio.to_thread(judge_site, config, truth_path(config), platform)
    doubts = sum(one.kind.blinds for planned in plan for one in planned.parts)
    return Outcome(faults, judged, len(cars.park.visits), cars.entered, cars.exited, doubts)


async def _ground(
    stack: contextlib.AsyncExitStack, plan: Sequence[Planned], base: Path, folder: Path, seed: int
) -> Ground:
    """Make the site's ground with what the plan needs of its machine, and let its lines lead."""
    needs = {one.kind.needs for planned in plan for one in planned.parts}
    disk = await stack.enter_async_context(small_disk(folder / "data", WORLD)) if Need.DISK in needs else None
    servers = await stack.enter_async_context(running_servers(needs, folder / "servers"))
    ground = await asyncio.to_thread(make_ground, folder, base, seed, servers)
    shim = await asyncio.to_thread(make_shim, folder) if Need.SHIM in needs else None
    for line in ground.lines.values():
        await stack.enter_async_context(line)
    return replace(ground, disk=disk, shim=shim)


async def _run(
    plan: Sequence[Planned], ground: Ground, seed: int, clock: SystemClock, say: Say
) -> tuple[list[Injected], CarPark, Platform]:
    """Run the site from its start to its end; give the faults, the cars, and WeChat's books."""
    config = load(ground.site)
    await asyncio.to_thread(let_them_meet, load(ground.sims), clock.now())
    async with contextlib.AsyncExitStack() as stack:
        site = await stack.enter_async_context(
            running(ground.site, clock, say, sims=ground.sims, dressed=ground.dressed)
        )
        pace = Pace(EVERY_S, DWELL_MIN, MEDIAN_MIN, clock.speed)
        hands = Hands(site, ground, Casting("normal", seed, pace, way(config), photos(config)), EVERY_S)
        watch, stopped = Watch(site), asyncio.Event()
        async with working(watch.run(), _traffic(hands, stopped, Random(seed))):  # noqa: S311 a play, no secret
            faults = await _go_through(plan, hands, watch, say)
            stopped.set()
            await _drain(hands, say)
        platform = await asyncio.to_thread(ask_platform, sim_of(config).wechat_port)
        return faults, site.cars, platform


async def _traffic(hands: Hands, stopped: asyncio.Event, random: Random) -> None:
    """Let cars come until told to stop, fewer when many are here."""
    while not stopped.is_set():
        if len(hands.site.cars.plates()) < MOST_INSIDE:
            hands.send()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), EVERY_S * random.uniform(0.5, 1.5))
    await asyncio.Event().wait()


async def _go_through(plan: Collection[Planned], hands: Hands, watch: Watch, say: Say) -> list[Injected]:
    """Make one fault after the other; one that is not over makes the next ones later."""
    clock = hands.site.clock
    if await _until(lambda: watch.is_well(0.0), UP_S, hands) is None:
        raise NotReady(f"the site was not well within {UP_S:g} s: {', '.join(sorted(watch.seen))}")
    began_s, done = clock.seconds(), list[Injected]()
    for planned in plan:
        await asyncio.sleep(max(0.0, planned.at_s - (clock.seconds() - began_s)))
        one = await _one(planned, hands, watch, clock.seconds() - began_s)
        done.append(one)
        how = f"recovered in {one.recovered_s:.1f} s" if one.recovered_s is not None else "NOT RECOVERED"
        say(f"{len(done)}/{len(plan)} {one.name} ({one.where}): {how}; {', '.join(one.did)}")
    return done


async def _one(planned: Planned, hands: Hands, watch: Watch, at_s: float) -> Injected:
    site, kind = hands.site, planned.kind
    began_s = site.clock.seconds()
    hands.did, hands.met, hands.failed, watch.seen = [], True, False, set()
    blinded = list(filter(None, (_blinded(one, hands) for one in planned.parts)))
    for part in blinded:
        site.truth.write("killed", part=part)
    await asyncio.gather(*(_make(one, hands) for one in planned.parts))
    mended_s, paid = site.clock.seconds(), site.cars.counts.paid
    proofs = [one.kind.proof for one in planned.parts]
    recovered_s = await _until(
        lambda: all(_is_over(proof, hands, watch, mended_s, paid) for proof in proofs), planned.limit_s, hands
    )
    for part in blinded:
        site.truth.write("back", part=part)
    return Injected(
        kind.name,
        planned.where,
        kind.text,
        kind.text_zh,
        round(at_s, 1),
        round(mended_s - began_s, 1),
        planned.limit_s,
        None if hands.failed else recovered_s,
        hands.did,
        sorted(watch.seen),
        hands.met,
    )


async def _make(one: Planned, hands: Hands) -> None:
    """Make one fault, and mend it when its time is over."""
    try:
        async with DEEDS[one.kind.name](hands, one):
            await asyncio.sleep(one.lasts_s)
    except (NotReady, SwitchError, MachineError) as error:
        hands.did.append(str(error))


def _blinded(one: Planned, hands: Hands) -> str | None:
    """Name the process that is as good as away meanwhile, as the judge knows it."""
    if not one.kind.blinds:
        return None
    return hands.keeper(one.where).part.name if one.where.startswith("plc:") else "plant"


def _is_over(proof: Proof, hands: Hands, watch: Watch, since_s: float, paid: int) -> bool:
    if not watch.is_well(since_s):
        return False
    if proof is Proof.PAYMENT:
        return hands.site.cars.counts.paid > paid
    if proof is Proof.QUEUE:
        return all(len(road.everybody) <= SHORT_QUEUE for road in hands.site.cars.park.world.roads)
    return True


async def _until(condition: Any, within_s: float, hands: Hands) -> float | None:  # noqa: ANN401 any way to ask
    """Wait for a condition; give how long it took, None if it did not come."""
    clock = hands.site.clock
    began_s = clock.seconds()
    while not condition():
        if clock.seconds() - began_s > within_s:
            return None
        await asyncio.sleep(0.1)
    return round(clock.seconds() - began_s, 1)


async def _drain(hands: Hands, say: Say) -> None:
    """Let all cars leave and the lanes come to rest."""
    cars = hands.site.cars
    say(f"everything is well again; {len(cars.plates())} cars are still to leave")
    await _until(lambda: not cars.plates(), OUT_S, hands)
    await asyncio.sleep(8.0)
