"""The durable queue and the committer: order, budget, and what happens when the disk refuses."""

import asyncio
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from math import sin
from pathlib import Path
from random import Random

import pytest

from scada.clock import VirtualClock
from scada.store.ballast import free_bytes
from scada.store.db import StoreError
from scada.store.historian.committer import Committer
from scada.store.historian.queue.letters import drop, letters, retry, waiting
from scada.store.historian.queue.room import Limits
from scada.store.historian.queue.spool import DeadLine, LineQueue
from scada.store.historian.queue.tables import Gap
from tests.support.store import START, until


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[LineQueue]:
    made = LineQueue(tmp_path / "queue.db", VirtualClock(START), LIMITS, lambda _folder: 10**9)
    made.open()
    yield made
    made.close()


LIMITS = Limits(budget_bytes=10_000, free_bytes=10**6, ballast_bytes=0)


def _numbers(first: int, count: int) -> list[str]:
    return [f"scada,lane=in1 value={n}.0 {n}" for n in range(first, first + count)]


def _wave(first: int, count: int, every_ms: int = 1000) -> list[str]:
    return [f"scada,point=p quality=0i,value={sin(n / 7):.3f} {n * every_ms}" for n in range(first, first + count)]


def _all(queue: LineQueue) -> list[str]:
    out: list[str] = []
    while (segment := queue.head()) is not None:
        out += segment.lines
        queue.finish(segment)
    return out


def test_lines_come_out_in_the_order_they_went_in_in_segments_of_five_thousand(queue: LineQueue) -> None:
    lines = _numbers(0, 12_000)
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


def test_beyond_the_budget_old_curves_are_thinned_then_dropped_and_no_event_ever_goes(queue: LineQueue) -> None:
    events = _numbers(0, 50)
    for n in range(200):
        queue.put(events[n // 4 : n // 4 + 1] if n % 4 == 0 else [], _wave(n * 100, 100, 60_000))
    gaps, left = queue.gaps(), _all(queue)
    assert [line for line in left if "in1" in line] == events
    curve = [line for line in left if "in1" not in line]
    assert {gap.why for gap in gaps} == {"thinned", "dropped"}
    assert sum(gap.lines for gap in gaps) == queue.lost == queue.thinned == 20_000 - len(curve)
    assert int(curve[0].split()[-1]) > 0, "what went altogether is the oldest"
    assert int(curve[-1].split()[-1]) >= 19_995 * 60_000
    assert curve == sorted(curve, key=lambda line: int(line.split()[-1]))


def test_a_curve_is_thinned_before_any_of_it_is_dropped(tmp_path: Path) -> None:
    queue = LineQueue(
        tmp_path / "queue.db", VirtualClock(START), Limits(60_000, 10**6, ballast_bytes=0), lambda _folder: 10**9
    )
    queue.open()
    for n in range(200):
        queue.put([], _wave(n * 100, 100))
    assert {gap.why for gap in queue.gaps()} == {"thinned"}
    left = _all(queue)
    queue.close()
    assert left[0] == _wave(0, 300)[int(left[0].split()[-1]) // 1000]
    assert int(left[0].split()[-1]) < 300_000, "of the oldest minutes something is there"


def test_events_that_alone_fill_the_budget_are_taken_up_to_twice_of_it_and_then_refused_aloud(queue: LineQueue) -> None:
    taken: list[str] = []
    chance = Random(1)  # noqa: S311 - no secret

    def until_refused() -> None:
        for n in range(100):
            lines = [f"e value={chance.random()} {n}" for _ in range(50)]
            queue.put(lines)
            taken.extend(lines)

    with pytest.raises(StoreError, match="events alone fill twice the budget"):
        until_refused()
    assert queue.is_over
    assert "twice the budget" in queue.refusal
    assert queue.lost == 0
    assert _all(queue) == taken
    queue.put(["later"])
    assert (queue.refusal, queue.is_over) == ("", False)


def test_a_disk_that_runs_full_gets_back_what_curves_took_and_then_nothing_more_is_written(tmp_path: Path) -> None:
    free = [10**9]
    queue = LineQueue(tmp_path / "queue.db", VirtualClock(START), LIMITS, lambda _folder: free[0])
    queue.open()
    queue.put(["event"], _wave(0, 300))
    free[0] = 600_000
    queue.put(["later"], [])
    assert queue.held.analog_lines == 0
    assert queue.thinned == 300
    free[0] = 400_000
    with pytest.raises(StoreError, match="of the disk are free"):
        queue.put(["refused"])
    assert _all(queue) == ["event", "later"]
    queue.close()


def test_a_disk_that_has_gone_is_a_trouble_and_not_the_end_of_the_queue(tmp_path: Path) -> None:
    there = [tmp_path]

    def free(_folder: Path) -> int:
        return free_bytes(there[0] / "away") if there else 10**9

    queue = LineQueue(tmp_path / "queue.db", VirtualClock(START), LIMITS, free)
    queue.open()
    with pytest.raises(StoreError, match="No such file"):
        queue.put(["a"])
    assert "No such file" in queue.refusal
    there.clear()
    queue.put(["b"])
    assert _all(queue) == ["b"]
    queue.close()


def test_what_is_under_way_to_the_server_is_not_taken_from_under_its_sender(queue: LineQueue) -> None:
    queue.put([], _wave(0, 500))
    under_way = queue.head()
    assert under_way is not None
    for n in range(5, 200):
        queue.put([], _wave(n * 100, 100))
    queue.finish(under_way)
    left = _all(queue)
    assert not set(left) & set(under_way.lines)
    assert len(under_way.lines) + len(left) + queue.lost == 500 + 195 * 100


def test_points_that_never_reached_the_disk_are_written_down_with_the_next_that_do(queue: LineQueue) -> None:
    queue.forgo(3, "2026-03-01T08:00:01", "2026-03-01T08:00:02")
    queue.forgo(4, "2026-03-01T08:00:03", "2026-03-01T08:00:04")
    assert queue.gaps() == []
    queue.put(["a"])
    assert queue.gaps() == [Gap(7, "2026-03-01T08:00:01", "2026-03-01T08:00:04", "memory")]


def test_the_age_of_the_oldest_line_is_known(tmp_path: Path) -> None:
    clock = VirtualClock(START)
    queue = LineQueue(tmp_path / "queue.db", clock, LIMITS, lambda _folder: 10**9)
    queue.open()
    assert queue.oldest() is None
    queue.put(["a"])
    queue.put(["b"])
    assert queue.oldest() == START
    assert _all(queue) == ["a", "b"]
    assert queue.oldest() is None
    assert (queue.held.lines, queue.held.bytes) == (0, 0)
    queue.close()


def test_a_file_of_an_earlier_version_is_emptied_like_any_other(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "queue.db")
    connection.executescript(
        "CREATE TABLE segment (id INTEGER PRIMARY KEY AUTOINCREMENT, lines INTEGER NOT NULL,"
        " raw_bytes INTEGER NOT NULL, body BLOB NOT NULL, made_at TEXT NOT NULL) STRICT;"
        "CREATE TABLE gap (id INTEGER PRIMARY KEY AUTOINCREMENT, lines INTEGER NOT NULL, since TEXT NOT NULL,"
        " until TEXT NOT NULL, at TEXT NOT NULL) STRICT;"
    )
    row = (1, 1, zlib.compress(b"old"), START.isoformat())
    connection.execute("INSERT INTO segment (lines, raw_bytes, body, made_at) VALUES (?, ?, ?, ?)", row)
    connection.commit()
    connection.close()
    queue = LineQueue(tmp_path / "queue.db", VirtualClock(START), LIMITS, lambda _folder: 10**9)
    queue.open()
    queue.put(["new"])
    assert _all(queue) == ["old", "new"]
    queue.close()


# --- dead letters, as a person handles them beside a running plant ---


def test_a_person_reads_retries_and_drops_dead_lines_while_the_queue_runs(queue: LineQueue, tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    queue.put(["a", "b", "c", "d"])
    segment = queue.head()
    assert segment is not None
    queue.finish(segment, [DeadLine(line, "400 no") for line in "abc"])
    assert [(one.line, one.error, one.at) for one in letters(path)] == [(line, "400 no", START) for line in "abc"]
    first, second, third = (one.id for one in letters(path))
    assert drop(path, [second, 999]) == 1
    assert retry(path, [third, first], START) == 2
    assert waiting(path).dead == 0
    again = queue.head()
    assert again is not None
    assert again.lines == ("a", "c")
    assert (queue.dead_rows, queue.held.event_lines) == (0, 2)
    queue.finish(again, [DeadLine("c", "400 still no")])
    assert [one.line for one in letters(path)] == ["c"]
    assert retry(path, None, START) == 1
    assert drop(path, None) == 0


def test_a_segment_the_server_has_is_not_sent_again_even_if_the_disk_refuses_to_forget_it(queue: LineQueue) -> None:
    queue.put(["a"])
    segment = queue.head()
    assert segment is not None
    queue.put(["b"])
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


def test_memory_that_runs_full_keeps_events_longer_than_curves_and_tells_what_it_lost() -> None:
    lost: list[int] = []
    committer = Committer("test", lambda _items: None, 4, lambda item: item < 0, lost.extend)
    committer.put([1, 2, 3, 4, 5, -1, -2])
    committer.put([-3, 6, -4, -5])
    assert lost == [5, 6, -5]
    assert (committer.dropped, committer.waiting) == (3, 8)


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
