"""The copper between the virtual cars and the virtual PLCs, and the scenes in front of the cameras.

Loops go to a PLC's field side, boom and lights come back; the feed is told which car to draw. What
the PLCs number and count is written down for the judge, with the car that really stood there.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress

import requests
import structlog
from pydantic import BaseModel, ConfigDict, TypeAdapter

from scada.model.lane.words import Direction
from scada.model.names import LaneName
from scada.sim.road import CarName, OnRoad, Road, on_approach
from scada.sim.trial.truth import TruthLog

log = structlog.get_logger()


REPLY_S = 1.0
RETRY_S = 0.2
POST_S = 3.0


class FieldState(BaseModel):
    """What a PLC's field side says of one lane; the rest of its words is nobody's business here."""

    model_config = ConfigDict(frozen=True, strict=True)

    boom: float
    green: bool
    side: int
    passage_now: int
    passage_next: int
    passage_last: int
    rise_count: int
    rise_cause: int
    rise_passage: int

    @property
    def inner(self) -> bool:
        """The live passage began on the inner side of a lane for both ways."""
        return self.side == _INNER


_INNER = 2
_Answer = TypeAdapter(dict[LaneName, FieldState])


class FieldLink:
    """The field side of one PLC, by TCP and JSON lines. It connects again by itself."""

    def __init__(self, device: str, host: str, port: int) -> None:
        self.device = device
        self.states: dict[LaneName, FieldState] = {}
        self._address = (host, port)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._sent: dict[LaneName, dict[str, bool | None]] = {}
        self._again_s = 0.0

    async def exchange(self, felt: Mapping[LaneName, Mapping[str, bool]], now_s: float) -> None:
        """Send the changed contacts of this device's lanes and take what it answers."""
        if self._streams is None and not await self._connect(now_s):
            return
        changes = {lane: made for lane in self.states if (made := self._changes(lane, felt.get(lane, {})))}
        try:
            await asyncio.wait_for(self._ask(changes), REPLY_S)
        except (OSError, TimeoutError, ValueError) as error:
            log.warning("field side lost", plc=self.device, why=repr(error))
            await self.close()
            return
        for lane, made in changes.items():
            self._sent.setdefault(lane, {}).update(made)

    def _changes(self, lane: LaneName, felt: Mapping[str, bool]) -> dict[str, bool]:
        """Give the contacts that are not as the PLC was last told; one that is not named any more is open."""
        sent = self._sent.get(lane, {})
        wanted = {**dict.fromkeys(sent, False), **felt}
        return {name: on for name, on in wanted.items() if sent.get(name) is not on}

    async def close(self) -> None:
        """Let the connection go; what was sent is sent again on the next one."""
        streams, self._streams = self._streams, None
        self._sent = {lane: dict.fromkeys(sent) for lane, sent in self._sent.items()}
        if streams is not None:
            streams[1].close()
            with suppress(OSError):
                await streams[1].wait_closed()

    async def _connect(self, now_s: float) -> bool:
        if now_s < self._again_s:
            return False
        self._again_s = now_s + RETRY_S
        try:
            self._streams = await asyncio.wait_for(asyncio.open_connection(*self._address), REPLY_S)
            await asyncio.wait_for(self._ask({}), REPLY_S)
        except (OSError, TimeoutError, ValueError):
            await self.close()
            return False
        log.info("field side connected", plc=self.device, lanes=sorted(self.states))
        return True

    async def _ask(self, changes: Mapping[LaneName, object]) -> None:
        assert self._streams is not None  # noqa: S101 for mypy: both callers have just looked
        reader, writer = self._streams
        writer.write(json.dumps(changes).encode() + b"\n")
        await writer.drain()
        line = await reader.readline()
        if not line.endswith(b"\n"):
            raise ConnectionResetError(f"{self.device}: the field side closed after {line!r}")
        self.states = _Answer.validate_json(line)


class Scenes:
    """Puts cars in front of the cameras: the feed is told what to draw, latest only.

    `cameras`: those that look at the cars which go one way through a lane.
    """

    def __init__(self, url: str, cameras: Mapping[tuple[LaneName, Direction], Sequence[str]]) -> None:
        self._url = url
        self._cameras = cameras
        self._wanted: dict[str, dict[str, object] | None] = {}
        self._shown: dict[str, dict[str, object] | None] = {}
        self._changed = asyncio.Event()

    def forget(self) -> None:
        """Show everything again: the cameras have been off."""
        self._shown.clear()
        self._changed.set()

    def show(self, lane: LaneName, way: Direction, scene: dict[str, object] | None) -> None:
        """Show this car (None: an empty road) on the cameras that look that way."""
        for camera in self._cameras.get((lane, way), ()):
            if self._wanted.get(camera, {}) != scene:
                self._wanted[camera] = scene
                self._changed.set()

    async def run(self) -> None:
        """Tell the feed of every change until cancelled; what it did not take is told again."""
        with requests.Session() as session:
            while True:
                await self._changed.wait()
                self._changed.clear()
                for camera, scene in list(self._wanted.items()):
                    if self._shown.get(camera, {}) != scene:
                        await self._tell(session, camera, scene)

    async def _tell(self, session: requests.Session, camera: str, scene: dict[str, object] | None) -> None:
        try:
            answer = await asyncio.to_thread(
                session.post, f"{self._url}/scene", json={"camera": camera, "car": scene}, timeout=POST_S
            )
            answer.raise_for_status()
        except requests.RequestException as error:
            log.warning("scene not shown", camera=camera, why=str(error))
            await asyncio.sleep(RETRY_S)
            self._changed.set()
            return
        self._shown[camera] = scene


class Numbers:
    """Keeps count of which car has which of a lane's passage numbers, and of the boom's rises."""

    def __init__(self, lane: LaneName, truth: TruthLog) -> None:
        self._lane = lane
        self._truth = truth
        self._highest: int | None = None
        self._rises: int | None = None
        self._recent: tuple[CarName, float] | None = None

    def look(self, state: FieldState, road: Road, now_s: float) -> None:
        """Compare what the PLC says with where the cars are."""
        way = road.turn(inner=state.inner)
        here = on_approach(road.queue(way))
        if here is not None:
            self._recent = (here.car.name, now_s)
        highest = max(state.passage_now, state.passage_next, state.passage_last)
        if self._highest is None or self._rises is None:
            self._highest, self._rises = highest, state.rise_count
            self._truth.write("start", lane=self._lane, number=highest, rise_count=state.rise_count)
            return
        for number in range(self._highest + 1, highest + 1):
            car = _newest(road.queue(way), number, state)
            self._truth.write("passage", lane=self._lane, number=number, car=car, way=way.value)
        self._highest = max(self._highest, highest)
        for count in range(self._rises + 1, state.rise_count + 1):
            self._rise(state, count, now_s)
        self._rises = max(self._rises, state.rise_count)

    def _rise(self, state: FieldState, count: int, now_s: float) -> None:
        is_last = count == state.rise_count
        car, age_s = (self._recent[0], now_s - self._recent[1]) if self._recent else (None, None)
        self._truth.write(
            "rise",
            lane=self._lane,
            count=count,
            cause=state.rise_cause if is_last else None,
            number=state.rise_passage if is_last else None,
            car=car,
            age_s=age_s,
        )


def _newest(cars: Sequence[OnRoad], number: int, state: FieldState) -> CarName | None:
    """Give the car that a new number was given to: the hindmost on the loops; before it, the one the number leads."""
    felt = [one for one in cars if one.covers(_LOOPS_M)]
    if not felt:
        return None
    is_older = number < max(state.passage_now, state.passage_next)
    return felt[-2 if is_older and len(felt) > 1 else -1].car.name


_LOOPS_M = (-4.8, 0.8)
