"""Two cameras at one lane, drawn scenes, real processes: one vote, and a unit's push as one more."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lpr.pool import CameraPool
from lpr.process.record import Captured
from lpr.push.recent import PushedReads
from lpr.push.words import Read
from scada.clock import SystemClock
from scada.model.lane.words import Direction
from scada.model.names import LaneName, PassageId
from scada.model.plate import PlateColour, PlateRead, PlateUnread
from scada.settings.cameras import Unit
from scada.sim.trial.ports import free_port
from tests.support.lpr import Feed, site, until, with_camera

IN = LaneName("in1")
CLOCK = SystemClock()
READY_S = 60.0
TRIES = 5
UNIT = Unit(name="unit-in1", lane="in1", make="vz", serial="VZ-1", address="10.0.0.5")


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Feed]:
    port = free_port()
    config = with_camera(site(tmp_path_factory.mktemp("site"), port, ("cam-in1",)), port, "cam-rear1")
    with Feed(config) as served:
        yield served


class Lane:
    """The pool of a lane with two cameras, and all that it tells of its captures."""

    def __init__(self, feed: Feed) -> None:
        self.told: list[Captured] = []
        self.pushed = PushedReads([UNIT])
        self.pool = CameraPool(feed.config, CLOCK, self.pushed, self.told.append)
        self._passages = 0

    async def comes(self) -> PlateRead | PlateUnread:
        """Let the car that stands there be read as a new passage."""
        self._passages += 1
        return await self.pool.capture(IN, PassageId(f"in1-20250101000000-{self._passages}"), Direction.ENTRY)

    async def is_read(self) -> PlateRead:
        """A machine under load may need more than one window."""
        for _ in range(TRIES):
            if isinstance(answer := await self.comes(), PlateRead):
                return answer
        pytest.fail(f"no plate was read: {self.told}")


@pytest.fixture
def built(feed: Feed) -> Lane:
    return Lane(feed)


@pytest.fixture
async def lane(built: Lane) -> AsyncIterator[Lane]:
    async with built.pool as pool:
        await until(lambda: len(pool.pids()) == 2 and pool.ok(IN), READY_S, "cameras ok")
        yield built


async def test_two_cameras_and_a_unit_give_one_plate(feed: Feed, lane: Lane) -> None:
    feed.show("cam-in1", "京A12345")
    feed.show("cam-rear1", "京A12345", seed=9)
    both = await lane.is_read()
    assert (both.text, len(both.appearance)) == ("京A12345", 128)
    assert {look.camera for look in lane.told[-1].looks} == {"cam-in1", "cam-rear1"}
    feed.show("cam-in1", None)
    assert (await lane.is_read()).text == "京A12345"
    feed.show("cam-rear1", "粤B12345")
    read = Read("VZ-1", "粤B12345", 0.99, PlateColour.BLUE, "1", datetime.now(UTC))
    lane.pushed.add(UNIT, read, CLOCK.now(), CLOCK.seconds(), None)
    lane.pushed.add(UNIT, replace(read, text="川A99999", key="2"), CLOCK.now(), CLOCK.seconds(), None)
    assert (await lane.is_read()).text == "粤B12345"


async def test_a_camera_looks_elsewhere_while_it_runs(feed: Feed, lane: Lane) -> None:
    feed.show("cam-in1", "京A12345")
    feed.show("cam-rear1", None)
    await lane.is_read()
    [front] = [camera for camera in feed.config.cameras if camera.name == "cam-in1"]
    corner = ((0.0, 0.0), (0.01, 0.0), (0.01, 0.01))
    lane.pool.aim(front.model_copy(update={"region": corner}))
    unread = await lane.comes()
    assert isinstance(unread, PlateUnread)
    assert "outside the region" in str(lane.told[-1].looks)
    lane.pool.aim(front)
    assert (await lane.is_read()).text == "京A12345"
