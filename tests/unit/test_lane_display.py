"""What the displays on either side of a lane for both ways say."""

from dataclasses import replace

import pytest

from scada.model.handshake import Mode
from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.commands import Message
from scada.model.lane.display import shown
from scada.model.lane.image import OFF
from scada.model.lane.states import Lane
from scada.model.lane.words import Direction
from scada.model.names import LaneName
from tests.support.lane import ON, Bench

ENTRY, EXIT = Direction.ENTRY, Direction.EXIT


@pytest.fixture
def bench() -> Bench:
    bench = Bench(ENTRY)
    bench.lane = Lane(LaneName("gate"), ENTRY, image=bench.image, rises=0, last=0, two_way=True)
    return bench


def said(bench: Bench) -> tuple[Message, Message]:
    """Give what those read who would come in, and those who would go out."""
    return shown(bench.lane, ENTRY).message, shown(bench.lane, EXIT).message


def test_while_one_side_has_its_turn_the_other_is_asked_to_wait_and_for_no_money(bench: Bench) -> None:
    assert said(bench) == (Message.WELCOME, Message.WELCOME)
    bench.shows(closing=ON, inner_side=True, passage_now=1)
    bench.shows(approach=ON)
    assert said(bench) == (Message.ONE_AT_A_TIME, Message.READING)
    bench.camera_reads("京A12345")
    assert said(bench) == (Message.ONE_AT_A_TIME, Message.WAIT)
    assert shown(bench.lane, ENTRY).plate == ""
    bench.shows(closing=OFF, inner_side=False, passage_now=2, passage_last=1)
    assert said(bench) == (Message.READING, Message.ONE_AT_A_TIME)


def test_against_the_tide_the_display_says_so_before_anybody_comes(bench: Bench) -> None:
    bench.hear(e.TideTurned(frozenset({EXIT}), "li", **bench.now))
    assert said(bench) == (Message.OTHER_WAY, Message.WELCOME)
    bench.shows(closing=ON, inner_side=True, passage_now=1)
    assert said(bench) == (Message.OTHER_WAY, Message.READING)


def test_a_car_that_had_its_turn_before_the_tide_turned_is_served_to_its_end(bench: Bench) -> None:
    bench.arrives(1)
    bench.hear(e.TideTurned(frozenset({EXIT}), "li", **bench.now))
    assert said(bench) == (Message.READING, Message.ONE_AT_A_TIME)


def test_what_closes_or_opens_the_whole_lane_is_said_on_both_sides(bench: Bench) -> None:
    bench.arrives(1)
    bench.lane = replace(bench.lane, state=s.Faulted(s.Fault.BOOM, 0.0))
    assert said(bench) == (Message.OUT_OF_ORDER, Message.OUT_OF_ORDER)
    bench.shows(mode=Mode.LOCKED)
    assert said(bench) == (Message.CLOSED, Message.CLOSED)


def test_a_lane_for_one_way_says_the_same_to_everybody() -> None:
    bench = Bench(EXIT)
    bench.arrives(1)
    assert said(bench) == (Message.READING, Message.READING)
