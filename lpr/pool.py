"""All cameras by lane, each in a process of its own: `scada.ports.Cameras` on real pictures."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType

from lpr.process.passage import Capture
from lpr.process.post import CameraPost
from lpr.process.record import Captured
from lpr.process.turns import Turns, cores
from lpr.process.wire import Settings
from lpr.push.recent import T_HINT_S, Pushed, PushedReads
from scada.clock import Clock
from scada.config import Config
from scada.model.camera.figures import SceneFigures
from scada.model.lane.words import Direction
from scada.model.names import LaneName, PassageId, PictureId
from scada.model.plate import PlateRead, PlateUnread
from scada.settings.cameras import Camera

_BEFORE_S = 1.0
"""How long before the order frames may support those after it: longer, and the car was not there yet."""


@dataclass(slots=True)
class _Edge:
    """The car a lane looks at: since when, since when what was seen may be its own, when it was looked at last."""

    passage: PassageId
    since_s: float
    before_s: float
    looked_s: float


class CameraPool:
    """Starts the cameras' processes on entering and ends them on leaving."""

    def __init__(
        self,
        config: Config,
        clock: Clock,
        pushed: PushedReads | None = None,
        hear: Callable[[Captured], None] = lambda _: None,
        at_once: int | None = None,
    ) -> None:
        """`pushed`: what units have read; `hear`: who counts what the cameras do, once a capture: it never blocks.

        `at_once`: how many cameras may read at the same time; as many as there are cores.
        """
        self._clock = clock
        self._pushed = pushed or PushedReads(())
        self._hear = hear
        self._edges: dict[LaneName, _Edge] = {}
        self._timing = {lane.id: lane.waits for lane in config.lanes}
        turns = Turns(at_once or cores(), clock)
        self._posts = [(camera, CameraPost(_settings(camera, config), clock, turns)) for camera in config.cameras]
        self._group = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "CameraPool":
        """Start one process a camera; they get ready by themselves."""
        await self._group.__aenter__()
        for post in self._all():
            self._tasks.append(self._group.create_task(post.run(), name=f"camera {post.name}"))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all processes; returns when they are gone."""
        for task in self._tasks:
            task.cancel()
        await self._group.__aexit__(kind, error, trace)

    async def capture(self, lane: LaneName, passage: PassageId, way: Direction) -> PlateRead | PlateUnread:
        """Read the plate of the car on the approach loop: one vote over all the cameras that look at it."""
        posts = [post for camera, post in self._posts if camera.looks_at(lane, way)]
        timing, at, began_s = self._timing[lane], self._clock.now(), self._clock.seconds()
        edge = self._edge(lane, passage, began_s)

        def pushed() -> Sequence[Pushed]:
            return self._pushed.about(lane, way, edge.before_s, edge.since_s, timing.confidence)

        has_units = self._pushed.look_at(lane, way)
        if not posts and not has_units:
            return PlateUnread("no camera", None)
        before_s = min(_BEFORE_S, began_s - edge.before_s)
        capture = Capture(dict.fromkeys(posts, before_s), timing, self._clock, pushed, has_units=has_units)
        reading = await capture.run(passage, way.value)
        edge.looked_s = self._clock.seconds()
        ms = round((edge.looked_s - began_s) * 1000, 1)
        self._hear(Captured(lane, passage, way, at, ms, reading, capture.looks()))
        return reading

    def _edge(self, lane: LaneName, passage: PassageId, now_s: float) -> "_Edge":
        """Note since when a car is looked at; what was seen while the one before was looked at is not its own."""
        known = self._edges.get(lane)
        if known is None or known.passage != passage:
            before_s = now_s - T_HINT_S if known is None else known.looked_s
            known = self._edges[lane] = _Edge(passage, now_s, before_s, now_s)
        return known

    async def snapshot(self, lane: LaneName, passage: PassageId | None) -> PictureId | None:
        """Keep one picture of now, of this passage; the first camera of the lane that can."""
        for post in self._of(lane):
            picture = await post.snapshot(passage or "")
            if picture is not None:
                return picture
        return None

    async def glance(self, lane: LaneName) -> tuple[str, float] | None:
        """Give a small picture of what a camera of the lane sees now, and its age; the first one that has one."""
        for post in self._of(lane):
            seen = await post.glance()
            if seen is not None:
                return seen
        return None

    def ok(self, lane: LaneName) -> bool:
        """Say whether any camera of the lane gives fresh frames."""
        return any(post.is_ok for post in self._of(lane))

    def measures(self) -> Mapping[str, tuple[str, SceneFigures]]:
        """Give of every camera what is wrong with it, empty if nothing is, and what it measures of itself."""
        return {post.name: (post.trouble, post.scene) for post in self._all()}

    def reads(self) -> Mapping[str, str]:
        """Give of every camera which back end reads for it, with which files, and why no better one."""
        return {post.name: post.reads for post in self._all()}

    def relearn(self, camera: str) -> bool:
        """Let a camera take what it sees now for its view; False if it cannot."""
        return any(post.relearn() for post in self._all() if post.name == camera)

    def aim(self, camera: Camera) -> None:
        """Let a camera look where its region and corners say from now on."""
        for post in self._all():
            if post.name == camera.name:
                post.aim(camera.region, camera.perspective)

    def pids(self) -> dict[str, int]:
        """Give the process numbers of the cameras that run, by camera."""
        return {post.name: post.pid for post in self._all() if post.pid is not None}

    def _of(self, lane: LaneName) -> list[CameraPost]:
        return [post for camera, post in self._posts if camera.lane == lane]

    def _all(self) -> list[CameraPost]:
        return [post for _, post in self._posts]


def _settings(camera: Camera, config: Config) -> Settings:
    return Settings(
        camera=camera.name,
        source=camera.source if "://" in camera.source else str(config.beside(camera.source)),
        region=camera.region,
        min_plate_px=camera.min_plate_px,
        pictures=str(config.data / "pictures"),
        memory=str(config.data / "cameras" / f"{camera.name}.npz"),
        back_end=config.lpr.back_end,
        calibration=config.lpr.calibration,
        user=camera.user,
        password_file="" if camera.password_file is None else str(config.secret(camera.password_file)),
        transport=camera.transport,
        perspective=camera.perspective,
    )
