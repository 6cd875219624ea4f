"""A voucher given while its driver stands at the exit: he is asked for the rest at once."""

from scada.model.lane import commands as c
from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.words import Direction, Reason
from scada.model.names import OrderId, StayId
from tests.support.lane import MINE, Bench


def owing() -> Bench:
    bench = Bench(Direction.EXIT)
    bench.arrives(1)
    bench.camera_reads(MINE)
    bench.has_stay("S1")
    bench.owes("S1", 500)
    return bench


def test_a_driver_who_is_asked_to_pay_is_quoted_again_and_the_old_code_is_closed() -> None:
    bench = owing()
    asked = len(bench.all(c.AskQuote))
    bench.hear(e.CreditChanged(bench.passage, StayId("S1"), **bench.now))
    assert len(bench.all(c.AskQuote)) == asked + 1
    assert [one.order for one in bench.all(c.CloseOrder)] == [OrderId("order1")]
    bench.owes("S1", 0, free=Reason.PREPAID)
    assert len(bench.all(c.OpenGate)) == 1


def test_a_car_whose_case_a_person_decides_is_quoted_again_too() -> None:
    bench = owing()
    assert isinstance(bench.lane.state, s.AwaitingPayment)
    bench.lane = bench.lane.becoming(s.AwaitingOperator("he calls", bench.at_s, bench.lane.state.due))
    bench.hear(e.CreditChanged(bench.passage, StayId("S1"), **bench.now))
    assert isinstance(bench.lane.state, s.AwaitingOperator)
    assert [one.order for one in bench.all(c.CloseOrder)] == [OrderId("order1")]


def test_another_cars_voucher_changes_nothing_here() -> None:
    bench = owing()
    bench.hear(e.CreditChanged(bench.passage, StayId("S2"), **bench.now))
    assert isinstance(bench.lane.state, s.AwaitingPayment)
    assert not bench.all(c.CloseOrder)
