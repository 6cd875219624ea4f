"""What goodwill would waive is known only while a price for this car's own stay holds."""

from dataclasses import replace
from datetime import timedelta

import pytest

from scada.model.lane.goodwill import waived, why_second
from scada.model.lane.states import AwaitingOperator
from scada.model.money import Fen
from scada.model.names import StayId
from tests.support.lane import START, at_the_boom, entry, exit_lane


def test_what_the_driver_is_asked_for_is_what_goodwill_waives() -> None:
    bench = at_the_boom(due=500)
    assert waived(bench.lane, START) == 500
    bench.waits(60)
    assert isinstance(bench.state, AwaitingOperator)
    assert waived(bench.lane, START) == 500


def test_a_price_that_has_run_out_is_unknown() -> None:
    assert waived(at_the_boom().lane, START + timedelta(hours=1)) is None


def test_the_price_of_another_stay_is_unknown() -> None:
    lane = at_the_boom("S1").lane
    assert lane.live is not None
    assert waived(replace(lane, live=replace(lane.live, stay=StayId("S2"))), START) is None
    assert waived(replace(lane, live=None), START) is None


def test_without_a_price_the_amount_is_unknown_and_at_a_way_in_it_is_nothing() -> None:
    leaves, comes = exit_lane(), entry()
    leaves.arrives(1)
    comes.arrives(1)
    assert waived(leaves.lane, START) is None
    assert waived(comes.lane, START) == 0


@pytest.mark.parametrize(("amount", "needed"), [(0, False), (2000, False), (2001, True), (None, True)])
def test_above_the_limit_and_for_an_unknown_amount_a_second_person_is_needed(amount: int | None, needed: bool) -> None:
    why = why_second(None if amount is None else Fen(amount), Fen(2000))
    assert ("second person" in why) is needed
