"""The stage of a scenario: it sends cars, looks at lanes and displays, throws switches, pulls cables.

What only a drill can do, because the site itself belongs to it, is behind the curtain: the operator's desk,
and processes that are killed or kept down.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import date

import structlog

from billing.versions.files import read_folder
from scada.clock import Clock
from scada.config import Config
from scada.model.handshake import Mode
from scada.model.lane.commands import Message
from scada.model.lane.words import Direction
from scada.model.names import LaneName
from scada.model.plate import Plate
from scada.sim.carpark import CarPark, sim_of
from scada.sim.people.driver import Sign
from scada.sim.people.pages import Browser, PageError
from scada.sim.road import Board, CarName, Field, Manner, Weather, What
from scada.sim.scenario import Casting, Visit
from scada.sim.stage.backstage import Backstage, NoCurtain
from scada.sim.stage.guests import PLAIN, Guest, How
from scada.sim.stage.switch import Switch

log = structlog.get_logger()

LOOK_S = 0.1
WITHIN_S = 60.0
INFINITE_S = 1e9
"""A car stays parked until the scenario calls it."""


class Missed(Exception):
    """Something that a scenario waited for did not happen."""


class Stage:
    """The stage of one scenario."""

    def __init__(
        self,
        title: str,
        config: Config,
        cars: CarPark,
        casting: Casting,
        clock: Clock,
        speed: float,
        way: tuple[LaneName, LaneName],
        backstage: Backstage | None,
    ) -> None:
        self.way_in, self.way_out = way
        self.cast: dict[str, str] = {}
        self.notes: dict[str, object] = {}
        self.wechat = Switch(f"http://127.0.0.1:{sim_of(config).wechat_port}")
        self._title = title
        self._config = config
        self._cars = cars
        self._casting = casting
        self._clock = clock
        self._speed = speed
        self._backstage = backstage
        self._eyes = Browser()
        self._first = len(cars.happened)

    # --- cars ---

    def bring(self, role: str, how: How = PLAIN) -> Guest:
        """Send a car. It comes to the entry, parks there, and leaves when it is called."""
        drawn = self._casting.next(self._cars.plates())
        car = replace(
            drawn.car,
            name=CarName(f"{self._title}-{role}"),
            dwell_s=INFINITE_S,
            entry=how.entry,
            exit=how.leave,
            length_m=how.length_m,
            entry_lane=how.at or drawn.car.entry_lane,
        )
        plate, photo = (how.plate, None) if how.plate else (drawn.plate, drawn.photo)
        self._cars.invite(Visit(car, plate, photo, drawn.scene_seed, how.person, how.after_s), how.after_s)
        self.cast[role] = car.name
        return Guest(role, car.name, plate)

    async def park(self, role: str, how: How = PLAIN, *, owing: bool = True) -> Guest:
        """Send a car and wait until it has come in, and until it owes something."""
        guest = self.bring(role, how)
        await self.passed(guest, self.way_in)
        if owing:
            await self.owes(guest)
        return guest

    async def fill(self, *roles: tuple[str, How]) -> list[Guest]:
        """Send several cars, one behind the other, and wait until all have come in and owe something."""
        guests = [self.bring(role, how) for role, how in roles]
        for guest in guests:
            await self.passed(guest, self.way_in)
        await self.owes(guests[-1])
        return guests

    async def owes(self, guest: Guest) -> None:
        """Wait until a car's free time is over."""
        folder = await asyncio.to_thread(read_folder, self._config.beside(self._config.tariff.folder))
        free_minutes = max(file.tariff.free.minutes for file in folder.files)
        await asyncio.sleep((free_minutes + 1) * 60 / self._speed)

    def call(self, guest: Guest, manner: Manner | None = None) -> None:
        """Let a car that is parked, or has backed out, come to its lane now."""
        self._cars.park.come_now(guest.car, manner)

    def insist(self, guest: Guest, plate: Plate) -> None:
        """Let a driver say that this is his plate."""
        mind = self._cars.minds[guest.car]
        mind.person = replace(mind.person, claims=plate)

    def back_out(self, guest: Guest) -> None:
        """Let a car at the boom put it in reverse."""
        self._cars.park.back_out(guest.car)

    def did(self, guest: Guest, what: What, lane: LaneName | None = None) -> int:
        """Say how often something happened to a car."""
        return sum(
            one.car == guest.car and one.what is what and lane in (None, one.lane)
            for one in self._cars.happened[self._first :]
        )

    async def passed(self, guest: Guest, lane: LaneName, within_s: float = 90.0) -> None:
        """Wait until a car has gone through a lane."""
        await self.until(f"{guest.role} goes through {lane}", lambda: self.did(guest, What.PASSED, lane) > 0, within_s)

    async def stands(self, guest: Guest, lane: LaneName, within_s: float = WITHIN_S) -> None:
        """Wait until a car is on a lane's approach loop."""
        await self.until(f"{guest.role} stands at {lane}", lambda: self.is_at(guest, lane), within_s)

    def is_at(self, guest: Guest, lane: LaneName) -> bool:
        """Say whether a car is the foremost on a loop before a lane's boom, whichever way it would go."""
        here = (self._cars.park.at_boom(lane, way) for way in Direction)
        return any(one is not None and one.car.name == guest.car for one in here)

    def is_under(self, guest: Guest, lane: LaneName) -> bool:
        """Say whether a car is under a lane's boom."""
        cars = self._cars.park.world.road(lane).everybody
        return any(one.car.name == guest.car and one.covers((0.0, 0.0)) for one in cars)

    async def code(self, guest: Guest, beyond: int = 0, within_s: float = WITHIN_S) -> str:
        """Wait until a driver who keeps his codes has scanned one more than `beyond`, and give it."""
        codes = self._cars.minds[guest.car].codes
        await self.until(f"{guest.role} scans a code", lambda: len(codes) > beyond, within_s)
        return codes[beyond]

    async def pays_any(self, guest: Guest) -> bool:
        """Pay the newest of a driver's codes that WeChat still takes; say whether there was one."""
        for code_url in reversed(self._cars.minds[guest.car].codes):
            if await self.pay(guest, code_url) in ("ok", "paid"):
                return True
        return False

    async def pay(self, guest: Guest, code_url: str) -> str:
        """Pay a code from a driver's phone."""
        return await asyncio.to_thread(self.wechat.pay, code_url, f"o-{guest.car}")

    # --- what anybody sees ---

    def board(self, lane: LaneName) -> Board:
        """See boom and light."""
        return self._cars.park.board(lane)

    def is_down(self, lane: LaneName) -> bool:
        """Say whether a boom is down."""
        return self.board(lane).boom <= 0.0

    async def holds(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Say whether something stays so for a while."""
        until_s = self._clock.seconds() + seconds
        so = condition()
        while so and self._clock.seconds() < until_s:
            await asyncio.sleep(LOOK_S)
            so = condition()
        return so

    async def comes_down(self, lane: LaneName) -> None:
        """Wait until a boom is down."""
        await self.until(f"the boom of {lane} comes down", lambda: self.is_down(lane), 30)

    def plc_of(self, lane: LaneName) -> str:
        """Name the process of a lane's PLC."""
        return self._cars.park.plc_of(lane)

    def light_cameras(self) -> None:
        """Show the cameras what stands before them: they have been off."""
        self._cars.park.light_cameras()

    async def until(
        self, what: str, condition: Callable[[], bool | Awaitable[bool]], within_s: float = WITHIN_S
    ) -> None:
        """Wait for something. Raises Missed."""
        try:
            async with asyncio.timeout(within_s):
                while True:
                    so = condition()
                    if so if isinstance(so, bool) else await so:
                        return
                    await asyncio.sleep(LOOK_S)
        except TimeoutError as error:
            raise Missed(f"after {within_s:.0f} s it had not come to this: {what}") from error

    async def shows(self, lane: LaneName, *messages: Message, within_s: float = WITHIN_S) -> None:
        """Wait until a lane's display shows one of these."""
        words = " or ".join(message.value for message in messages)
        await self.until(f"{lane} shows {words}", lambda: self._is_shown(lane, messages), within_s)

    async def _is_shown(self, lane: LaneName, messages: tuple[Message, ...]) -> bool:
        return await self.sign(lane) in messages

    async def sign(self, lane: LaneName) -> Message | None:
        """Read a lane's display; a dark one says nothing."""
        devices = self._config.web.devices
        url = f"http://{devices.host}:{devices.port}/display/{lane}/state"
        try:
            return Sign.of(await asyncio.to_thread(self._eyes.json, url)).message
        except PageError:
            return None

    # --- the field, the weather, cables ---

    def field(self, lane: LaneName, *, stuck: str = "", blind: str = "", on: str = "") -> None:
        """Break, press or turn exactly these (words) at a lane, and mend the rest."""
        self._cars.park.change_field(
            lane, Field(frozenset(stuck.split()), frozenset(blind.split()), frozenset(on.split()))
        )

    def weather(self, weather: Weather) -> None:
        """Let the weather change before the cameras."""
        self._cars.park.change_weather(weather)

    def note(self, what: str, value: object) -> None:
        """Keep something for the verdict."""
        self.notes[what] = value

    @property
    def today(self) -> date:
        """The day by the site's clocks."""
        return self._clock.now().astimezone(self._config.site.zone_info).date()

    @property
    def behind(self) -> Backstage:
        """What only a drill can do. Raises NoCurtain."""
        if self._backstage is None:
            raise NoCurtain(f"{self._title}: the site is not ours")
        return self._backstage

    async def cameras_back(self) -> None:
        """Switch the cameras on again, and show them what stands there."""
        await self.behind.plug("feed")
        self.light_cameras()

    async def order(self, lane: LaneName, path: str, **content: object) -> None:
        """Give an order at the control room, and again while it is refused. Raises Missed if it stays so."""
        await self.until(f"{path} at {lane} is accepted", lambda: self._is_accepted(lane, path, content), 20)

    async def _is_accepted(self, lane: LaneName, path: str, content: Mapping[str, object]) -> bool:
        answer = await self.behind.tell(lane, path, content)
        return isinstance(answer, dict) and answer.get("accepted") is True

    async def resumes(self, lane: LaneName, stands: str) -> None:
        """Wait until a lane whose PLC has restarted is in AUTO again; a person says what stands there, if need be."""
        await self.until(f"{lane} leaves RESYNC", lambda: self._is_resumed(lane, stands), 90)

    async def _is_resumed(self, lane: LaneName, stands: str) -> bool:
        tags = await self.behind.tags()
        if tags.get(f"{lane}.mode.now") == Mode.AUTO and tags.get(f"{lane}.claim.now"):
            return True
        if tags.get(f"{lane}.mode.now") == Mode.RESYNC:
            await self.behind.tell(lane, "leave-resync", {"stands": stands})
        return False

    async def is_alarmed(self, lane: LaneName, code: str) -> bool:
        """Say whether this alarm has been raised at a lane since the scenario began."""
        return await self.behind.alarms(lane, code) > 0

    def close(self) -> None:
        """Send home whoever is still parked, and put everything in the field right."""
        for lane in (self.way_in, self.way_out):
            self.field(lane)
        self.weather(Weather.CLEAR)
        for car in self.cast.values():
            self._cars.dismiss(CarName(car))
        self._eyes.close()
