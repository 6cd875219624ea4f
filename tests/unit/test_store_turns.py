"""Who writes next: a lane first, others in company, and nobody never."""

import pytest

from scada.store.sql.turns import AGAIN_S, FEW, HELD_S, MOST, PATIENCE_S, Turns


def waiting(*, lanes: int = 0, others: int = 0, since_s: float = 0.0) -> Turns[str]:
    turns: Turns[str] = Turns()
    for number in range(others):
        turns.add(f"notice {number}", since_s, gives_way=True)
    for number in range(lanes):
        turns.add(f"lane {number}", since_s, gives_way=False)
    return turns


def group(turns: Turns[str], now_s: float) -> list[str]:
    """Take all that would share one transaction now."""
    taken: list[str] = []
    while (one := turns.sharing(now_s, len(taken))) is not None:
        taken.append(one)
    return taken


def test_lanes_go_first_in_their_order_each_by_itself() -> None:
    turns = waiting(lanes=2, others=3)
    assert [turns.alone(0.0), turns.alone(0.0), turns.alone(0.0)] == ["lane 0", "lane 1", None]


def test_others_share_a_transaction_up_to_a_limit() -> None:
    turns = waiting(others=MOST + 3)
    assert [len(group(turns, 0.0)), len(group(turns, 0.0)), len(group(turns, 0.0))] == [MOST, 3, 0]


def test_a_lane_that_comes_ends_a_shared_transaction() -> None:
    turns = waiting(others=5)
    assert turns.sharing(0.0, 0) == "notice 0"
    turns.add("lane", 0.0, gives_way=False)
    assert turns.sharing(0.0, 1) is None
    assert turns.alone(0.0) == "lane"


def test_after_a_lane_has_written_others_do_not_begin_for_a_moment() -> None:
    turns = waiting(others=2)
    turns.written(0.0)
    assert turns.sharing(AGAIN_S * 0.9, 0) is None
    assert turns.wait_s(AGAIN_S * 0.9) == pytest.approx(AGAIN_S * 0.1)
    assert group(turns, AGAIN_S) == ["notice 0", "notice 1"]


def test_that_moment_is_not_begun_again_and_again() -> None:
    turns = waiting(others=1)
    turns.written(HELD_S)
    assert turns.wait_s(HELD_S * 0.5) == pytest.approx(HELD_S * 0.5)
    assert turns.sharing(HELD_S, 0) == "notice 0"


def test_who_has_given_way_for_long_goes_in_turns_with_lanes_that_never_stop() -> None:
    turns = waiting(others=3 * FEW)
    order = []
    for number in range(6):
        turns.add(f"lane {number}", PATIENCE_S, gives_way=False)
        lane = turns.alone(PATIENCE_S)
        order.append(1 if lane else len(group(turns, PATIENCE_S)))
    assert order == [FEW, 1, FEW, 1, FEW, 1]


def test_until_then_lanes_that_never_stop_are_let_go_first() -> None:
    turns = waiting(lanes=5, others=3)
    assert [turns.alone(PATIENCE_S * 0.9) for _ in range(5)] == [f"lane {number}" for number in range(5)]


@pytest.mark.parametrize(("turns", "wait_s"), [(waiting(), None), (waiting(lanes=1), 0.0), (waiting(others=1), 0.0)])
def test_a_writer_knows_how_long_it_may_sleep(turns: Turns[str], wait_s: float | None) -> None:
    assert turns.wait_s(5.0) == wait_s
    assert turns.is_empty is (wait_s is None)
