"""The scene of one lesson: the stage, the site's processes, and whose car it is about."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Final

from scada.clock import SystemClock
from scada.config import Config
from scada.model.lane.commands import Message
from scada.model.names import LaneName
from scada.model.plate import Plate
from scada.sim.carpark import CarPark, ready
from scada.sim.road import Manner, What
from scada.sim.scenario import Person, draw_plate
from scada.sim.stage.guests import PLAIN, Guest, How
from scada.sim.stage.stage import Missed, Stage
from scada.sim.training.assistant import Assistant
from scada.sim.training.books import SiteBooks
from scada.sim.training.deeds import Asked, Told
from scada.sim.training.smaller import write_spaces
from scada.sim.trial.terminal import command
from scada.supervise import Keeper

LOOK_S = 0.5
BOOKS_S = 20.0
"""How long the books may lag behind the lanes."""
HELP_S = 0.8
"""How long a finger stays on the button."""


RIGHTS: Final = {"month": ("month", -30, 30), "locked": ("locked", -1, 30), "black": ("black", -1, 30)}
"""What the office gives a plate: the kind, and from which day to which, counted from today."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What every scene of a training is played on."""

    config: Config
    clock: SystemClock
    cars: CarPark
    keepers: dict[str, Keeper]
    books: SiteBooks
    assistant: Assistant

    @property
    def file(self) -> Path:
        """Where the configuration stands."""
        return self.config.folder / "config.toml"


class Scene:
    """What one lesson is played on. `asked` says what is right about it, for the judge."""

    def __init__(self, stage: Stage, ground: Ground, chance: Random) -> None:
        self.stage = stage
        self.asked = Asked(frozenset())
        self.plate = ""
        self.began_at = ground.clock.now()
        self.is_mended = False
        self._ground = ground
        self._cars = ground.cars
        self._keepers = ground.keepers
        self._books = ground.books
        self._chance = chance
        self._down: set[str] = set()
        self._is_small = False

    @property
    def way_in(self) -> LaneName:
        """The lane that leads in."""
        return self.stage.way_in

    @property
    def way_out(self) -> LaneName:
        """The lane that leads out."""
        return self.stage.way_out

    def about(self, lane: LaneName, plate: Plate | str = "", *, paper: str = "") -> None:
        """Say where it happens from now on, and whose car it is, or which kind of paper it leaves."""
        self.asked = Asked(frozenset((lane,)), str(plate), paper=paper)
        self.began_at = self._ground.clock.now()
        self.plate = str(plate)

    async def owns(self, *plates: str) -> None:
        """Say that the stays under these plates are the right ones to be picked. Raises Missed if there is none."""

        async def begun() -> bool:
            stays = await asyncio.to_thread(self._books.stays_of, *plates)
            self.asked = replace(self.asked, stays=stays)
            return bool(stays)

        await self.stage.until("the car's stay has begun under its own plate", begun, BOOKS_S)

    async def park(self, role: str, how: How = PLAIN) -> Guest:
        """Send a car and wait until it has come in; the tariff of a training lets everybody owe at once."""
        guest = self.stage.bring(role, how)
        await self.comes_in(guest)
        return guest

    async def comes_in(self, guest: Guest) -> None:
        """Wait until a car has come in; the assistant helps it if need be."""
        async with self._helped(self._ground.assistant.lets_in(self.way_in, guest.plate)):
            await self.stage.passed(guest, self.way_in)

    @staticmethod
    @asynccontextmanager
    async def _helped(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
        """Let the assistant work until the body is over."""
        helping = asyncio.create_task(work)
        try:
            yield
        finally:
            helping.cancel()
            await asyncio.gather(helping, return_exceptions=True)

    def becomes(self, guest: Guest, person: Person) -> None:
        """Change a driver's mind."""
        mind = self._cars.minds.get(guest.car)
        if mind is not None:
            mind.person = person

    def behaves(self, guest: Guest, manner: Manner) -> None:
        """Change how a driver in a lane drives on."""
        self._cars.park.behave(guest.car, manner)

    async def is_let_out(self, guest: Guest) -> None:
        """Wait until a car that no lane lets out has gone: the assistant opens for it."""
        async with self._helped(self._ground.assistant.lets_out(self.way_out)):
            await self.stage.passed(guest, self.way_out)

    async def comes_out(self, guest: Guest, manner: Manner | None = None) -> None:
        """Call a parked car and wait until it stands at the exit."""
        self.stage.call(guest, manner)
        await self.stage.stands(guest, self.way_out)

    async def waits_for_help(self, lane: LaneName) -> None:
        """Wait until the lane has given its driver up to a person, or asks for something."""
        await self.stage.shows(lane, Message.HELP_COMES, Message.SCAN_PLATE, Message.SCAN_PAY)

    async def press_help(self, lane: LaneName) -> None:
        """Press the lane's button for help."""
        self.stage.field(lane, on="help")
        await asyncio.sleep(HELP_S)
        self.stage.field(lane)

    def is_gone(self, guest: Guest, lane: LaneName) -> bool:
        """Say whether a car has left a lane, forward or backward."""
        return any(self.stage.did(guest, what, lane) for what in (What.PASSED, What.BACKED_OUT))

    async def kill(self, part: str) -> None:
        """Kill a process and wait until it serves again."""
        self._keepers[part].kill()
        await ready(self._keepers[part])

    async def unplug(self, part: str) -> None:
        """Keep a process down until the lesson is over."""
        self._down.add(part)
        await self._keepers[part].__aexit__()

    def since(self, told: Told) -> float:
        """Say how long ago the case arose."""
        arose = told.arose_at
        return 0.0 if arose is None else (self._ground.clock.now() - arose).total_seconds()

    def a_plate(self) -> Plate:
        """Draw a plate that nobody here has."""
        taken = self._cars.plates()
        return next(plate for _ in range(1000) if (plate := draw_plate(self._chance)) not in taken)

    async def gives_right(self, plate: Plate, name: str) -> None:
        """Have the office give a plate a right. Raises Missed."""
        kind, since, until = RIGHTS[name]
        first, last = (str(self.stage.today + timedelta(days=days)) for days in (since, until))
        words = ("rights", "add", plate, "--kind", kind, "--from", first, "--until", last)
        if await command(self._ground.file, *words):
            raise Missed(f"the office could not give {plate} the right {kind}")

    async def takes_right(self, plate: Plate, name: str) -> None:
        """Have the office end a plate's right now. Raises Missed."""
        if await command(self._ground.file, "rights", "remove", plate, "--kind", RIGHTS[name][0]):
            raise Missed(f"the office could not end the right of {plate}")

    async def shrink(self, to: int) -> None:
        """Make the car park so small for the time of the lesson; the plant starts anew with it."""
        self._is_small = True
        await asyncio.to_thread(write_spaces, self._ground.file, to)
        await self.kill("plant")
        await self.stage.until("the lanes are lit again", self._is_lit)

    async def _is_lit(self) -> bool:
        return await self.stage.sign(self.way_in) is not None

    def mends(self, lane: LaneName) -> None:
        """Put a lane's field right."""
        self.is_mended = True
        self.stage.field(lane)

    def is_here(self, guest: Guest) -> bool:
        """Say whether a car is still about."""
        return guest.car in self._cars.minds

    def goes_home(self, guest: Guest) -> None:
        """Let a car back out and not come again."""
        self._cars.dismiss(guest.car)

    async def tidy(self) -> None:
        """Put everything right that the lesson left, and wait until the lanes are idle."""
        self.stage.close()
        await asyncio.to_thread(self.stage.wechat.clear)
        for part in sorted(self._down):
            await self._keepers[part].__aenter__()
            await ready(self._keepers[part])
        if "feed" in self._down:
            self.stage.light_cameras()
        self._down.clear()
        park = self._cars.park
        while any(road.everybody for road in park.world.roads):  # noqa: ASYNC110 - the road does not tell when
            await asyncio.sleep(LOOK_S)
        if self._is_small:
            self._is_small = False
            await asyncio.to_thread(write_spaces, self._ground.file, None)
            await self.kill("plant")
        await self._ground.assistant.put_right()
