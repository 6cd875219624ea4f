"""The durable queue and the committer: order, budget, and what happens when the disk refuses."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from scada.clock import VirtualClock
from scada.store.db import StoreError
from scada.store.historian.committer import Committer
from scada.store.historian.files import reading
from scada.store.historian.queue import DeadLine, LineQueue
from tests.support.store import START, until


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[LineQueue]:
    made = LineQueue(tmp_path / "queue.db", VirtualClock(START), budget_bytes=10_000)
    made.open()
    yield made
    made.close()


def _numbers(first: int, count: int) -> list[str]:
    return [f"scada,lane=in1 value={n}.0 {n}" for n in range(first, first + count)]


def test_lines_come_out_in_the_order_they_went_in_in_segments_of_five_thousand(queue: LineQueue) -> None:
    lines = _numbers(0, 12_000)
    queue._budget = 10**9
    queue.put(lines)
    sizes: list[int] = []
    out: list[str] = []
    while (segment := queue.head()) is not None:
        sizes.append(len(segment.lines))
        out += segment.lines
        queue.finish(segment)
    assert sizes == [5000, 5000, 2000]
    assert out == lines
    assert queue.lost == 0


def test_what_waits_is_there_after_a_restart(queue: LineQueue, tmp_path: Path) -> None:
    queue.put(["a", "b"])
    again = LineQueue(tmp_path / "queue.db", VirtualClock(START))
    again.open()
    segment = again.head()
    assert segment is not None
    assert segment.lines == ("a", "b")
    again.close()


def test_dead_lines_are_kept_with_the_servers_words(queue: LineQueue) -> None:
    queue.put(["a", "b"])
    segment = queue.head()
    assert segment is not None
    queue.finish(segment, [DeadLine("b", "400 no")])
    assert queue.head() is None
    assert queue.dead() == [DeadLine("b", "400 no")]
    assert queue.lost == 1


def test_beyond_the_budget_the_oldest_history_goes_and_the_gap_is_written_down(
    queue: LineQueue, tmp_path: Path
) -> None:
    for first in range(0, 50_000, 1000):
        queue.put(_numbers(first, 1000))
    segment = queue.head()
    assert segment is not None
    oldest = int(segment.lines[0].split()[-1])
    assert 0 < oldest < 49_000
    assert queue.lost == oldest
    with reading(tmp_path / "queue.db") as connection:
        assert connection.execute("SELECT sum(lines), min(since) FROM gap").fetchone() == (
            oldest,
            START.isoformat(timespec="milliseconds"),
        )
        assert connection.execute("SELECT sum(length(body)) <= 10000 FROM segment").fetchone() == (1,)


def test_a_segment_the_server_has_is_not_sent_again_even_if_the_disk_refuses_to_forget_it(queue: LineQueue) -> None:
    queue.put(["a"])
    queue.put(["b"])
    segment = queue.head()
    assert segment is not None
    queue._connection.execute("PRAGMA query_only=ON")
    with pytest.raises(StoreError):
        queue.finish(segment, [DeadLine("a", "400 no")])
    following = queue.head()
    assert following is not None
    assert following.lines == ("b",)
    queue._connection.execute("PRAGMA query_only=OFF")
    queue.finish(following)
    assert queue.head() is None
    assert queue.dead() == [DeadLine("a", "400 no")]


def test_a_queue_that_the_disk_refused_takes_lines_again_afterwards(queue: LineQueue) -> None:
    queue._connection.execute("PRAGMA query_only=ON")
    with pytest.raises(StoreError):
        queue.put(["a"])
    queue._connection.execute("PRAGMA query_only=OFF")
    queue.put(["b"])
    segment = queue.head()
    assert segment is not None
    assert segment.lines == ("b",)


async def test_points_are_tried_again_until_the_disk_takes_them() -> None:
    stored: list[int] = []
    failures = iter([True, True, False])

    def commit(items: Sequence[int]) -> None:
        if next(failures, False):
            raise StoreError("no space left")
        stored.extend(items)

    committer = Committer("test-committer", commit)
    committer.put([1, 2])
    committer.start()
    await until(lambda: committer.committed == 2)
    committer.put([3])
    await asyncio.to_thread(committer.stop)
    assert stored == [1, 2, 3]
    assert (committer.committed, committer.dropped) == (3, 0)


def test_points_beyond_what_memory_may_hold_are_dropped_and_counted() -> None:
    stored: list[int] = []
    committer = Committer("test-committer", stored.extend, capacity=5)
    committer.put([1, 2, 3])
    committer.put([4, 5, 6, 7])
    assert committer.dropped == 2
    committer.start()
    committer.stop()
    assert stored == [1, 2, 3, 4, 5]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_committer_that_dies_is_heard_at_the_next_look() -> None:
    def commit(items: Sequence[int]) -> None:
        raise RuntimeError("a defect")

    committer = Committer("test-committer", commit)
    committer.start()
    committer.put([1])
    committer._thread.join(5)
    with pytest.raises(StoreError, match="no longer written"):
        assert committer.committed == 0
