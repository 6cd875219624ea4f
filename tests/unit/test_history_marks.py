"""Which hours at a server are not right: marks in the queue's file, through every order in which things may happen."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scada.clock import VirtualClock
from scada.model.tag import TagName
from scada.store.historian.queue.letters import retry
from scada.store.historian.queue.marks import Due, Marks, Rolled, look, marks
from scada.store.historian.queue.spool import DeadLine, LineQueue
from tests.support.store import START

UP, AMPS = TagName("in1.up"), TagName("in1.amps")
LATE = 100


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[LineQueue]:
    """A queue of a server that has been looked through."""
    made = LineQueue(tmp_path / "queue.db", VirtualClock(START))
    made.open()
    made.within(lambda connection: look(connection, "there", [], 0))
    yield made
    made.close()


def _send(queue: LineQueue) -> None:
    segment = queue.head()
    assert segment is not None
    queue.finish(segment)


def _due(queue: LineQueue) -> Due | None:
    return queue.due(queue.floor(), LATE)


def _dirty(queue: LineQueue, tmp_path: Path) -> list[int]:
    queue.due(queue.floor(), LATE)
    found = marks(tmp_path / "queue.db", "there", [UP])
    assert found is not None
    return found.of(UP, 0, LATE)


def test_an_hour_is_due_when_it_is_over_and_its_points_have_been_sent(queue: LineQueue) -> None:
    queue.put(["a"], [], [(UP, 7), (UP, LATE)])
    assert _due(queue) is None
    _send(queue)
    assert _due(queue) == Due(UP, ((7, 1),))
    queue.put(["b"], [], [(AMPS, 9)])
    assert _due(queue) == Due(UP, ((7, 1),)), "what waits is of another"


def test_tags_come_one_after_the_other(queue: LineQueue) -> None:
    queue.put(["a"], [], [(UP, 7), (AMPS, 7)])
    _send(queue)
    first = queue.due(queue.floor(), LATE)
    assert first == Due(AMPS, ((7, 1),))
    assert queue.due(queue.floor(), LATE, first.name) == Due(UP, ((7, 1),))
    assert queue.due(queue.floor(), LATE, UP) is None


def test_an_hour_is_taken_from_points_until_its_rollup_has_been_sent(queue: LineQueue, tmp_path: Path) -> None:
    queue.put(["a"], [], [(UP, 7)])
    _send(queue)
    due = _due(queue)
    assert due is not None
    queue.settle([Rolled(due, {7: "rollup", 8: "the next"})])
    assert (_due(queue), _dirty(queue, tmp_path)) == (None, [7, 8])
    segment = queue.head()
    assert segment is not None
    assert segment.lines == ("rollup", "the next")
    queue.finish(segment)
    assert _dirty(queue, tmp_path) == []


def test_an_hour_that_is_touched_while_it_is_reckoned_is_due_again(queue: LineQueue, tmp_path: Path) -> None:
    queue.put(["a"], [], [(UP, 7)])
    _send(queue)
    due = _due(queue)
    assert due is not None
    queue.put(["late"], [], [(UP, 7)])
    queue.settle([Rolled(due, {7: "rollup"})])
    _send(queue)
    assert _dirty(queue, tmp_path) == [7]
    again = _due(queue)
    assert again == Due(UP, ((7, 2),))
    queue.settle([Rolled(again, {7: "rollup"})])
    _send(queue)
    assert (_dirty(queue, tmp_path), queue.waiting_hours()) == ([], 0)


def test_an_hour_of_which_nothing_is_left_is_done_without_a_line(queue: LineQueue, tmp_path: Path) -> None:
    queue.put(["a"], [], [(UP, 7)])
    _send(queue)
    due = _due(queue)
    assert due is not None
    queue.settle([Rolled(due, {})])
    assert (_dirty(queue, tmp_path), queue.head()) == ([], None)


def test_a_dead_line_that_is_sent_again_marks_its_hour(queue: LineQueue, tmp_path: Path) -> None:
    line = "scada,lane=in1,point=up,site=demo quality=0i,value=1.0 25200000"
    queue.put([line, "no line"])
    segment = queue.head()
    assert segment is not None
    queue.finish(segment, [DeadLine(one, "400") for one in segment.lines])
    assert retry(tmp_path / "queue.db", None, START) == 2
    assert _due(queue) is None
    _send(queue)
    assert _due(queue) == Due(UP, ((7, 1),))


def test_of_another_server_or_before_it_was_looked_through_nothing_is_known(queue: LineQueue, tmp_path: Path) -> None:
    assert marks(tmp_path / "queue.db", "another", [UP]) is None
    assert marks(tmp_path / "none.db", "there", [UP]) is None
    queue.within(lambda connection: look(connection, "another", [AMPS], 5))
    assert marks(tmp_path / "queue.db", "there", [UP]) is None
    found = marks(tmp_path / "queue.db", "another", [UP])
    assert found == Marks(5, frozenset({AMPS}), {UP: []})
    assert found.of(UP, 3, 9) == [3, 4], "older hours are in points alone"
