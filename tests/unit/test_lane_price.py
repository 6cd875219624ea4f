"""How long a price holds at an exit, and what follows when no order can be made for it."""

from scada.model.lane import commands as c
from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.timing import Timing
from scada.model.lane.words import Reason
from tests.support.lane import exit_lane, order_of, quote_of


def test_an_order_that_cannot_be_made_leads_to_a_new_price_since_it_may_be_paid_already() -> None:
    """The old order was paid in the moment in which its quote ended."""
    bench = exit_lane(Timing(t_help_s=200.0))
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.has_stay("S1")
    bench.owes("S1", 500)
    bench.waits(90.5)
    assert isinstance(bench.state, s.Quoting)
    bench.hear(e.Quoted(bench.passage, quote_of("S1", 500, 2), **bench.now))
    bench.pays("S1")
    bench.hear(e.BillingFailed(bench.passage, "order", "quote q2 is out of date", **bench.now))
    assert len(bench.all(c.AskQuote)) == 3
    bench.owes("S1", 0, number=3, free=Reason.PREPAID)
    assert [opening.authorisation.reason for opening in bench.all(c.OpenGate)] == [Reason.PREPAID]


def test_a_wechat_that_makes_no_order_leads_to_a_person_and_not_in_a_circle() -> None:
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.has_stay("S1")
    for number in (1, 2):
        bench.hear(e.Quoted(bench.passage, quote_of("S1", 500, number), **bench.now))
        bench.hear(e.BillingFailed(bench.passage, "order", "away", **bench.now))
    assert isinstance(bench.state, s.AwaitingOperator)
    assert bench.state.why == "no order: away"
    assert (len(bench.all(c.AskQuote)), len(bench.all(c.AskOrder))) == (2, 2)


def test_a_price_is_shown_no_longer_than_billing_lets_it_hold() -> None:
    """A car that comes back is given the quote it had: its rest, not its whole life anew."""
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.has_stay("S1")
    old = quote_of("S1", 500)
    bench.hear(e.Quoted(bench.passage, old, **bench.now))
    bench.hear(e.OrderMade(bench.passage, old, order_of(old), bench.at_s + 20, **bench.now))
    bench.waits(19.5)
    assert isinstance(bench.state, s.AwaitingPayment)
    bench.waits(1)
    assert isinstance(bench.state, s.Quoting)
