"""The virtual car park of one site: its simulators as processes, its cars, and a driver in each."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from lpr.sim.catalogue import catalogue
from scada.clock import Clock
from scada.config import Config, Sim
from scada.model.lane.words import Direction
from scada.model.names import LaneName
from scada.model.plate import Plate
from scada.sim.park import Park
from scada.sim.people.driver import Counts, Driver, Mind, Surroundings
from scada.sim.people.operator import Seen
from scada.sim.people.scanner import Scanners
from scada.sim.road import CarName, Happening, Road, What
from scada.sim.scenario import Photo, Visit
from scada.sim.trial.ports import HOST
from scada.sim.trial.truth import TruthLog
from scada.sim.wiring import FieldLink, Scenes
from scada.sim.world import World
from scada.supervise import Keeper, NotReady, Part

log = structlog.get_logger()


def simulators(config: Config, path: Path) -> tuple[Part, ...]:
    """Give the simulators' processes in the order in which they start."""
    plcs = [(device, ("plc.sim.server", "--device", device)) for device in sim_of(config).field_ports]
    others = [("feed", ("lpr.sim.feed",)), ("wechat", ("billing.sim.wechat",))]
    return tuple(
        Part(name, (sys.executable, "-m", *command, "--config", str(path))) for name, command in (*plcs, *others)
    )


@asynccontextmanager
async def started(
    parts: Sequence[Part], clock: Clock, hear: Callable[[str, str], None]
) -> AsyncIterator[dict[str, Keeper]]:
    """Keep processes running while the body runs; they start and stop together. Gives them by name. Raises NotReady."""
    keepers = [Keeper(part, clock, hear, lambda trouble: log.warning(trouble)) for part in parts]
    try:
        for keeper in keepers:
            await keeper.__aenter__()
        for keeper in keepers:
            await ready(keeper)
        yield {keeper.part.name: keeper for keeper in keepers}
    finally:
        await asyncio.gather(*(keeper.__aexit__() for keeper in keepers))


async def ready(keeper: Keeper) -> None:
    """Wait until a process serves. Raises NotReady."""
    try:
        async with asyncio.timeout(keeper.part.ready_s):
            await keeper.ready.wait()
    except TimeoutError as error:
        raise NotReady(f"{keeper.part.name} did not come up within {keeper.part.ready_s:g} s") from error


def sim_of(config: Config) -> Sim:
    """Give the configuration's [sim]. Raises ValueError if it has none."""
    if config.sim is None:
        raise ValueError("the configuration has no [sim]: there is no virtual car park to run")
    return config.sim


def photos(config: Config) -> list[Photo]:
    """Give the labelled photographs, if their folder is there."""
    folder = sim_of(config).photos
    if folder is None or not config.beside(folder).is_dir():
        return []
    return [Photo(str(one.photo), one.plate) for one in catalogue(config.beside(folder))]


def way(config: Config) -> tuple[LaneName, LaneName]:
    """Give the first entry lane and the first exit lane. Raises ValueError if there is none."""
    found = {way: [lane.id for lane in config.lanes if lane.direction in (way.value, "both")] for way in Direction}
    if not all(found.values()):
        raise ValueError("a virtual car park needs an entry lane and an exit lane")
    return found[Direction.ENTRY][0], found[Direction.EXIT][0]


def _links(config: Config) -> list[FieldLink]:
    return [FieldLink(device, HOST, port) for device, port in sim_of(config).field_ports.items()]


def _scenes(config: Config) -> Scenes:
    """Say which camera shows whom. Raises ValueError if one should show the cars on both sides of a boom."""
    both = {lane.name for lane in config.lanes if lane.direction == "both"}
    if torn := [camera.name for camera in config.cameras if camera.lane in both and camera.way is None]:
        raise ValueError(f"in a virtual lane for both ways every camera has a way: {', '.join(torn)}")
    cameras = {
        (lane.id, way): [camera.name for camera in config.cameras if camera.looks_at(lane.id, way)]
        for lane in config.lanes
        for way in Direction
    }
    return Scenes(f"http://{HOST}:{sim_of(config).feed_port}", cameras)


class CarPark:
    """Cars and drivers. `entered` and `exited` count cars that went through; `back_outs` those that did not."""

    def __init__(self, config: Config, clock: Clock, speed: float, truth: TruthLog) -> None:
        self.counts = Counts()
        self.entered = 0
        self.exited = 0
        self.back_outs = 0
        self.changed = asyncio.Event()
        self.happened: list[Happening] = []
        self.minds: dict[CarName, Mind] = {}
        """Of everybody who is here or on the way."""
        self._clock = clock
        self._dismissed: set[CarName] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        devices, wechat = config.web.devices, sim_of(config).wechat_port
        world = World(tuple(Road(lane.id, lane.leads, two_way=lane.direction == "both") for lane in config.lanes))
        self.park = Park(world, _links(config), _scenes(config), truth, clock, self._told)
        self._scanners = Scanners(config)
        self._around = Surroundings(
            devices_url=f"http://{devices.host}:{devices.port}",
            wechat_url=f"http://{HOST}:{wechat}",
            at_boom=self._name_at_boom,
            back_out=self.park.back_out,
            clock=clock,
            speed=speed,
            counts=self.counts,
            scans=self._scanners.reads,
        )

    def invite(self, visit: Visit, after_s: float) -> None:
        """Let a car and its driver come."""
        self.minds[visit.car.name] = Mind(visit.car.name, visit.plate, visit.person)
        self.park.invite(visit, after_s)

    def dismiss(self, car: CarName) -> None:
        """Let a car go home: now if it is in no lane, else as soon as it has backed out."""
        self.park.back_out(car)
        self.park.go_home(car)
        if any(one.car.name == car for road in self.park.world.roads for one in road.everybody):
            self._dismissed.add(car)
        else:
            self.minds.pop(car, None)

    def plates(self) -> list[Plate]:
        """Give the plates of all cars that are here or on their way."""
        return [mind.plate for mind in self.minds.values()]

    def look(self, lane: LaneName) -> Seen | None:
        """See and hear what a person at the lane would."""
        way = self.park.turn(lane)
        here = self.park.at_boom(lane, way)
        if here is None:
            return None
        mind = self.minds[here.car.name]
        plate = here.manner.shows or mind.plate
        return Seen(plate, mind.person.dead_phone, mind.entered_at, way)

    async def run(self) -> None:
        """Let the cars drive until cancelled."""
        try:
            async with self._scanners.opened():
                await self.park.run()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _name_at_boom(self, lane: LaneName, way: Direction) -> CarName | None:
        here = self.park.at_boom(lane, way)
        return here.car.name if here is not None else None

    def _told(self, happening: Happening) -> None:
        """Keep the counts, and wake the driver whose car has come to a boom."""
        self.happened.append(happening)
        mind = self.minds.get(happening.car)
        if mind is None:
            return  # it was sent home in this very moment
        if happening.what is What.ARRIVED:
            attending = Driver(mind, self._around).attend(happening.lane, happening.way)
            task = asyncio.create_task(attending, name=f"driver {mind.car}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif happening.what is What.BACKED_OUT:
            self.back_outs += 1
        elif happening.what is What.TURNED_BACK:
            del self.minds[happening.car]
        elif happening.what is What.PASSED:
            self._passed(happening, mind)
        if happening.what in (What.BACKED_OUT, What.PASSED) and happening.car in self._dismissed:
            self._dismissed.discard(happening.car)
            self.dismiss(happening.car)
        self.changed.set()

    def _passed(self, happening: Happening, mind: Mind) -> None:
        if happening.way is Direction.ENTRY:
            self.entered += 1
            mind.entered_at = self._clock.now()
        else:
            self.exited += 1
            del self.minds[happening.car]
