"""One person's questions to the history do not keep the others waiting."""

from pathlib import Path

import pytest

from hmi.control.turns import A_MINUTE, AT_ONCE, BUSY_S, WINDOW_S, Turns
from scada.bridge import Value
from scada.clock import VirtualClock
from scada.config import load
from tests.support.hmi_pages import ControlRoom
from tests.support.house import site_beside
from tests.support.store import START


def test_so_many_at_a_time_and_each_answer_makes_room_for_one_more() -> None:
    turns = Turns(VirtualClock(START))
    assert [turns.take("wang") for _ in range(AT_ONCE + 1)] == [0] * AT_ONCE + [BUSY_S]
    assert turns.take("li") == 0, "of another person it is another matter"
    turns.give_back("wang")
    assert [turns.take("wang") for _ in range(2)] == [0, BUSY_S]


def test_so_many_in_a_minute_and_the_oldest_is_forgotten_when_it_is_over() -> None:
    clock = VirtualClock(START)
    turns = Turns(clock, a_minute=3)
    for _ in range(3):
        assert turns.take("wang") == 0
        turns.give_back("wang")
        clock.advance(10.0)
    assert turns.take("wang") == WINDOW_S - 30
    clock.advance(WINDOW_S - 30)
    assert turns.take("wang") == 0


@pytest.mark.parametrize("path", ["/api/v1/trends?tag=a", "/api/v1/trends.csv?tag=a"])
def test_who_asks_too_much_is_told_when_to_ask_again_and_an_answer_counts_until_it_is_sent(
    tmp_path: Path, path: str
) -> None:
    room = ControlRoom("auditor", config=load(site_beside(tmp_path, ("# data = ", 'data = "data"  # '))))
    room.plant.verbs["trends"] = lambda _args: Value({})
    room.sign_in()
    turns = room.app.extensions["room"].turns
    for _ in range(AT_ONCE + 1):
        answer = room.get(path)
        assert answer.status_code != 429
        answer.close()
    for _ in range(A_MINUTE - AT_ONCE - 1):
        assert turns.take("wang") == 0
        turns.give_back("wang")
    answer = room.get(path)
    assert answer.status_code == 429
    assert answer.json
    assert "one after the other" in answer.json["why"]
    assert 0 < int(answer.headers["Retry-After"]) <= WINDOW_S
