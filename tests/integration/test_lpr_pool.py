"""The cameras' processes against the simulated feed, both real."""

import asyncio
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from lpr.pool import CameraPool
from scada.clock import SystemClock
from scada.model.lane.words import Direction
from scada.model.names import LaneName, PassageId
from scada.model.plate import PlateRead, PlateUnread
from scada.sim.trial.ports import free_port
from tests.support.freezing import freeze, thaw
from tests.support.lpr import ROOT, Feed, site, stopwatch, until

IN, PASSAGE = LaneName("in1"), PassageId("in1-20250101000000-1")
CLOCK = SystemClock()
READY_S = 30.0
WINDOW_S = 2.5 + 1.0
"""A capture takes `t_read_s` and half a second; one more for a machine under load."""
PLANT = """
import asyncio, sys
from pathlib import Path
from lpr.pool import CameraPool
from scada.clock import SystemClock
from scada.config import load

async def main():
    async with CameraPool(load(Path(sys.argv[1])), SystemClock()) as pool:
        while not pool.ok("in1"):
            await asyncio.sleep(0.05)
        print(pool.pids()["cam-in1"], flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Feed]:
    with Feed(site(tmp_path_factory.mktemp("site"), free_port(), ("cam-in1",))) as feed:
        yield feed


@pytest.fixture
def feed(server: Feed) -> Iterator[Feed]:
    """Give the feed with an empty road, whatever the test before did to it."""
    server.show("cam-in1", None)
    yield server
    server.resume()


@pytest.fixture
def built(feed: Feed) -> CameraPool:
    """Build before the loop runs, as the composition root does: building resolves paths."""
    return CameraPool(feed.config, CLOCK)


@pytest.fixture
async def pool(built: CameraPool) -> AsyncIterator[CameraPool]:
    async with built as pool:
        await until(lambda: pool.ok(IN), READY_S, "camera ok")
        yield pool


async def read_car(pool: CameraPool) -> tuple[PlateRead, list[PlateUnread]]:
    """Capture until a plate is read: a machine under load may need more than one window. Gives the unread ones too."""
    unread: list[PlateUnread] = []
    end_s = CLOCK.seconds() + 20
    while CLOCK.seconds() < end_s:
        answer = await pool.capture(IN, PASSAGE, Direction.ENTRY)
        if isinstance(answer, PlateUnread):
            unread.append(answer)
        elif answer.picture is not None:
            return answer, unread
    pytest.fail(f"no plate was read: {unread}")


async def test_a_car_before_the_camera_is_read_with_its_picture(feed: Feed, pool: CameraPool) -> None:
    feed.show("cam-in1", "京A12345")
    read, _ = await read_car(pool)
    assert (read.text, read.agreeing >= 2, read.confidence >= 0.8) == ("京A12345", True, True)
    assert read.picture is not None
    assert (await asyncio.to_thread(feed.pictures.read, read.picture))[:2] == b"\xff\xd8"


async def test_each_camera_tells_which_back_end_reads_for_it_and_why_no_better_one(pool: CameraPool) -> None:
    by = pool.reads()["cam-in1"]
    assert by[:2] in ("B:", "C:")
    assert "ch_PP-OCRv4_rec_infer.onnx 48fc40f2" in by


async def test_an_empty_road_is_unread_within_the_lanes_time_and_has_a_picture(pool: CameraPool) -> None:
    with stopwatch() as passed_s:
        answer = await pool.capture(IN, PASSAGE, Direction.ENTRY)
        assert passed_s() <= WINDOW_S
    assert isinstance(answer, PlateUnread)
    assert answer.why == "no plate seen"
    assert answer.picture is not None
    assert answer.frames >= 1


async def test_a_snapshot_keeps_a_picture_of_now(feed: Feed, pool: CameraPool) -> None:
    picture = await pool.snapshot(IN, PASSAGE)
    assert picture is not None
    assert len(await asyncio.to_thread(feed.pictures.read, picture)) > 10_000


async def test_a_frame_of_the_previous_car_never_votes(feed: Feed, pool: CameraPool) -> None:
    feed.show("cam-in1", "京A12345")
    assert (await read_car(pool))[0].text == "京A12345"
    process = pool.pids()["cam-in1"]
    freeze(process)
    await asyncio.sleep(1.5)
    feed.show("cam-in1", "沪B67890")
    thaw(process)
    read, unread = await read_car(pool)
    assert read.text == "沪B67890"
    assert all(one.guess is None or one.guess.text[0] == "沪" for one in unread)
    assert read.agreeing == read.frames
    assert read.alternatives == ()


async def test_a_picture_that_is_wanted_meanwhile_does_not_end_a_capture(feed: Feed, pool: CameraPool) -> None:
    with stopwatch() as passed_s:
        capturing = asyncio.create_task(pool.capture(IN, PASSAGE, Direction.ENTRY))
        await asyncio.sleep(0.2)
        assert await pool.snapshot(IN, PASSAGE) is not None
        assert isinstance(await capturing, PlateUnread)
        assert passed_s() >= 1.0


async def test_a_newer_capture_overtakes_the_one_before(feed: Feed, pool: CameraPool) -> None:
    first = asyncio.create_task(pool.capture(IN, PASSAGE, Direction.ENTRY))
    await asyncio.sleep(0.3)
    with stopwatch() as passed_s:
        second = asyncio.create_task(pool.capture(IN, PASSAGE, Direction.ENTRY))
        assert isinstance(await first, PlateUnread)
        assert passed_s() <= WINDOW_S - 1
    assert isinstance(await second, PlateUnread)


async def test_a_stalled_camera_is_not_ok_and_comes_back_by_itself(feed: Feed, pool: CameraPool) -> None:
    process = pool.pids()["cam-in1"]
    feed.stall()
    await until(lambda: not pool.ok(IN), 4.0, "the stall is seen")
    with stopwatch() as passed_s:
        answer = await pool.capture(IN, PASSAGE, Direction.ENTRY)
        assert passed_s() <= WINDOW_S
    assert isinstance(answer, PlateUnread)
    assert answer.why == "no fresh frame"
    assert await pool.snapshot(IN, PASSAGE) is None
    feed.resume()
    await until(lambda: pool.ok(IN), 15.0, "camera ok again")
    assert pool.pids()["cam-in1"] == process
    feed.show("cam-in1", "粤B12345")
    assert (await read_car(pool))[0].text == "粤B12345"


async def test_a_camera_that_wants_more_memory_than_any_takes_ends_alone_and_is_started_anew(
    feed: Feed, pool: CameraPool
) -> None:
    process = pool.pids()["cam-in1"]
    assert resource.prlimit(process, resource.RLIMIT_DATA) == (2 << 30, 2 << 30)
    resource.prlimit(process, resource.RLIMIT_DATA, (1 << 20, 1 << 20))
    feed.show("cam-in1", "粤B12345")
    end_s = CLOCK.seconds() + READY_S
    while pool.pids().get("cam-in1") == process:
        assert CLOCK.seconds() < end_s, "reading a frame ends it"
        assert isinstance(await pool.capture(IN, PASSAGE, Direction.ENTRY), PlateUnread)
    await until(lambda: pool.ok(IN) and pool.pids().get("cam-in1") not in (None, process), READY_S, "another process")
    assert (await read_car(pool))[0].text == "粤B12345"


async def test_a_camera_that_was_switched_off_comes_back_by_itself(feed: Feed, pool: CameraPool) -> None:
    await asyncio.to_thread(feed.stop)
    await until(lambda: not pool.ok(IN), 5.0, "the break is seen")
    await asyncio.to_thread(feed.start)
    await until(lambda: pool.ok(IN), 15.0, "camera ok again")


async def test_a_killed_camera_process_is_started_anew(feed: Feed, pool: CameraPool) -> None:
    before = pool.pids()["cam-in1"]
    freeze(before)  # so that it has read nothing when it dies
    capture = asyncio.create_task(pool.capture(IN, PASSAGE, Direction.ENTRY))
    await asyncio.sleep(0.2)
    os.kill(before, signal.SIGKILL)
    with stopwatch() as passed_s:
        assert await capture == PlateUnread("camera gone", None)
        assert passed_s() <= WINDOW_S
    await until(lambda: pool.ok(IN), READY_S, "camera ok again")
    assert pool.pids()["cam-in1"] != before
    feed.show("cam-in1", "粤B12345")
    assert (await read_car(pool))[0].text == "粤B12345"


async def test_a_hung_camera_process_is_killed_and_started_anew(pool: CameraPool) -> None:
    before = pool.pids()["cam-in1"]
    freeze(before)
    with stopwatch() as passed_s:
        answer = await pool.capture(IN, PASSAGE, Direction.ENTRY)
        assert passed_s() <= WINDOW_S
    assert answer == PlateUnread("camera gone", None)
    await until(lambda: pool.pids().get("cam-in1") not in (None, before), 15.0, "a new process")
    await until(lambda: pool.ok(IN), READY_S, "camera ok again")


async def test_a_lane_without_a_camera_is_unread_at_once(pool: CameraPool) -> None:
    lane = LaneName("out1")
    assert await pool.capture(lane, PASSAGE, Direction.EXIT) == PlateUnread("no camera", None)
    assert await pool.snapshot(lane, PASSAGE) is None
    assert not pool.ok(lane)


async def test_no_camera_process_is_left_when_the_pool_ends(built: CameraPool) -> None:
    async with built as pool:
        await until(lambda: pool.ok(IN), READY_S, "camera ok")
        process = pool.pids()["cam-in1"]
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    assert built.pids() == {}


async def test_a_camera_process_does_not_outlive_a_killed_plant(feed: Feed) -> None:
    plant = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PLANT, str(feed.config.folder / "config.toml"), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert plant.stdout is not None
    camera = 0
    while camera == 0:
        line = await asyncio.wait_for(plant.stdout.readline(), READY_S)
        assert line, "the plant ended early"
        camera = int(line) if line.strip().isdigit() else 0
    plant.kill()
    await plant.wait()
    await until(lambda: not _runs(camera), 5.0, "the camera's process has gone")


def _runs(process: int) -> bool:
    """Say whether a process runs; one that has ended and waits to be collected does not."""
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"
