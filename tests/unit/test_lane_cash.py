"""Cash at the exit: money that no order asked for opens for the car whose driver gave it, and for no other."""

import pytest

from scada.model.lane import commands as c
from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.words import OpenRequest, Reason, Refused, Taken
from scada.model.names import PassageId, RequestId, StayId
from tests.support.lane import START, Bench, at_the_boom, exit_lane


def cash(bench: Bench, stay: str | None = "S1", passage: PassageId | None = None) -> list[c.Command]:
    """An operator has taken cash, and billing asks for the car of that stay and passage."""
    where = bench.passage if passage is None else passage
    request = OpenRequest(RequestId("r"), None if stay is None else StayId(stay), None, where, Reason.PAID, "li", START)
    return bench.hear(e.OpenRequested(request, **bench.now))


def answer(bench: Bench) -> object:
    return bench.all(c.AnswerRequest)[-1].answer


def test_cash_for_the_car_at_the_boom_opens_once() -> None:
    bench = at_the_boom("S1")
    cash(bench)
    assert answer(bench) == Taken()
    cash(bench)
    assert isinstance(answer(bench), Refused)
    assert len(bench.all(c.OpenGate)) == 1


def test_cash_opens_while_a_person_is_called() -> None:
    bench = at_the_boom("S1")
    bench.waits(20.5)
    assert isinstance(bench.state, s.AwaitingOperator)
    cash(bench)
    assert len(bench.all(c.OpenGate)) == 1


@pytest.mark.parametrize("stay", ["S2", None])
def test_cash_of_another_stay_opens_nothing(stay: str | None) -> None:
    bench = at_the_boom("S1")
    cash(bench, stay)
    assert isinstance(answer(bench), Refused)
    assert not bench.all(c.OpenGate)


def test_cash_of_a_car_that_backed_out_opens_nothing_for_the_next_and_is_a_credit_when_it_is_back() -> None:
    bench = at_the_boom("S1")
    first = bench.passage
    bench.leaves()
    bench.arrives(2)
    bench.camera_reads("京B99999")
    bench.has_stay("S2")
    bench.owes("S2", 500, number=2)
    cash(bench, "S1", first)
    assert isinstance(answer(bench), Refused)
    assert not bench.all(c.OpenGate)
    bench.leaves()
    bench.arrives(3)
    bench.camera_reads("京A12345")
    bench.has_stay("S1")
    bench.owes("S1", 0, number=3, free=Reason.PREPAID)
    assert len(bench.all(c.OpenGate)) == 1


def test_cash_that_comes_a_passage_late_is_priced_anew() -> None:
    bench = at_the_boom("S1")
    cash(bench, "S1", PassageId("out1-20260501080000-9"))
    assert isinstance(answer(bench), Refused)
    assert isinstance(bench.state, s.Quoting)
    bench.owes("S1", 0, number=2, free=Reason.PREPAID)
    assert len(bench.all(c.OpenGate)) == 1


def test_cash_ends_no_doubt_whose_car_it_is() -> None:
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.hear(e.StayFound(bench.passage, StayId("S1"), "camera", doubt="two fake exits", **bench.now))
    cash(bench)
    assert answer(bench) == Refused("a person must look at this car first")
    assert not bench.all(c.OpenGate)
