"""The virtual car park alive: every 20 ms the cars move, and PLCs and cameras feel and see them.

The product learns nothing from here: PLCs show their loops by their protocols, and a plate is
pixels on a camera.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from scada.clock import Clock
from scada.model.lane.words import Direction
from scada.model.names import LaneName
from scada.sim.road import (
    Board,
    CarName,
    Field,
    Happening,
    Manner,
    OnRoad,
    Weather,
    What,
    contacts,
    in_view,
    on_approach,
)
from scada.sim.scenario import Visit
from scada.sim.trial.truth import TruthLog
from scada.sim.wiring import FieldLink, FieldState, Numbers, Scenes
from scada.sim.world import World, advance, back_out, behave, change_field, come, come_now, go_home

log = structlog.get_logger()

CYCLE_S = 0.02


class Park:
    """The virtual car park alive: moves the cars, wires them to PLCs and cameras, and tells what happens."""

    def __init__(
        self,
        world: World,
        links: Sequence[FieldLink],
        scenes: Scenes,
        truth: TruthLog,
        clock: Clock,
        told: Callable[[Happening], None],
    ) -> None:
        self.world = world
        self.visits: dict[CarName, Visit] = {}
        self._links = links
        self._scenes = scenes
        self._truth = truth
        self._clock = clock
        self._told = told
        self._numbers = {road.lane: Numbers(road.lane, truth) for road in world.roads}

    def invite(self, visit: Visit, after_s: float) -> None:
        """Let a car come in `after_s`."""
        self.visits[visit.car.name] = visit
        self.world = come(self.world, visit.car, after_s)
        self._truth.write("car", car=visit.car.name, plate=visit.plate, photo=visit.photo)

    def back_out(self, car: CarName) -> None:
        """Let a car that stands at a boom put it in reverse."""
        self.world = back_out(self.world, car)

    def come_now(self, car: CarName, manner: Manner | None = None) -> None:
        """Let a car that is parked or has backed out come to its lane now."""
        self.world = come_now(self.world, car, manner)

    def behave(self, car: CarName, manner: Manner) -> None:
        """Let the driver of a car in a lane change his manner."""
        self.world = behave(self.world, car, manner)

    def go_home(self, car: CarName) -> None:
        """Let a car not come any more."""
        self.world = go_home(self.world, car)

    def change_field(self, lane: LaneName, field: Field) -> None:
        """Break, press, turn or mend something at a lane."""
        self.world = change_field(self.world, lane, field)
        self._truth.write("field", lane=lane, on=sorted(field.on), stuck=sorted(field.stuck), blind=sorted(field.blind))

    def change_weather(self, weather: Weather) -> None:
        """Let the weather change."""
        self.world = replace(self.world, weather=weather)

    def light_cameras(self) -> None:
        """Show the cameras everything anew: they have been off."""
        self._scenes.forget()

    def plc_of(self, lane: LaneName) -> str:
        """Name the device that is a lane's PLC. Raises StopIteration before it has answered."""
        return next(link.device for link in self._links if lane in link.states)

    def board(self, lane: LaneName) -> Board:
        """See boom and light of a lane."""
        state = next((link.states[lane] for link in self._links if lane in link.states), None)
        return _board(state) if state is not None else Board()

    def turn(self, lane: LaneName) -> Direction:
        """Say which way the car goes whose turn it is."""
        return self.world.road(lane).turn(inner=self.board(lane).inner)

    def at_boom(self, lane: LaneName, way: Direction) -> OnRoad | None:
        """Give the car on the loop before the boom that would go this way: anybody can see it there."""
        return on_approach(self.world.road(lane).queue(way))

    def is_wired(self) -> bool:
        """Say whether every lane's PLC answers."""
        return all(any(road.lane in link.states for link in self._links) for road in self.world.roads)

    async def run(self) -> None:
        """Move the cars until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._scenes.run())
                tasks.create_task(self._move())
        finally:
            for link in self._links:
                await link.close()

    async def _move(self) -> None:
        before_s = self._clock.seconds()
        while True:
            now_s = self._clock.seconds()
            await self._cycle(now_s - before_s, now_s)
            before_s = now_s
            await asyncio.sleep(max(0.0, CYCLE_S - (self._clock.seconds() - now_s)))

    async def _cycle(self, dt_s: float, now_s: float) -> None:
        states = {lane: state for link in self._links for lane, state in link.states.items()}
        boards = {lane: _board(state) for lane, state in states.items()}
        self.world, happened = advance(self.world, dt_s, boards)
        felt = {road.lane: contacts(road) for road in self.world.roads}
        await asyncio.gather(*(link.exchange(felt, now_s) for link in self._links))
        for link in self._links:
            for lane, state in link.states.items():
                self._numbers[lane].look(state, self.world.road(lane), now_s)
        for one in happened:
            self._tell(one)
        for road in self.world.roads:
            for way in road.ways:
                self._scenes.show(road.lane, way, self._scene(in_view(road.queue(way))))

    def _tell(self, happening: Happening) -> None:
        self._truth.write(happening.what.value, car=happening.car, lane=happening.lane, way=happening.way.value)
        if happening.what is What.STRUCK:
            log.error("a boom came down on a car", car=happening.car, lane=happening.lane)
        self._told(happening)

    def _scene(self, one: OnRoad | None) -> dict[str, object] | None:
        if one is None:
            return None
        visit = self.visits[one.car.name]
        worn = one.manner.shows or visit.plate
        photo = None if one.manner.dirty or one.manner.shows else visit.photo
        plate = "" if one.manner.dirty else worn
        weather = self.world.weather.value
        return {"plate": plate, "photo": photo, "seed": visit.scene_seed, "weather": weather}


def _board(state: FieldState) -> Board:
    return Board(state.boom, state.green, state.inner)
