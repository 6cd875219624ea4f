"""Money that comes while billing is answering: the lane hears of it at once, in whatever order the answers come.

Between two answers a payment finds no order that it could pay. It must not wait until the price runs out.
"""

from collections import deque
from dataclasses import dataclass, field, replace

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from scada.model.lane import commands as c
from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.paying import PAID_ALREADY
from scada.model.lane.words import Direction, OpenRequest, Quote, Reason
from scada.model.names import OrderId, PassageId, RequestId, StayId
from tests.support.lane import MINE, START, Bench, order_of, quote_of

STAY = StayId("S1")
MOVES = st.lists(st.sampled_from(["reckon", "tell", "tell", "reckon", "money", "operator"]), max_size=14)


@dataclass
class Billing:
    """Answers in the order in which it is asked, each reckoned at one time and told at a later one."""

    bench: Bench
    asked: deque[c.AskQuote | c.AskOrder] = field(default_factory=deque)
    reckoned: deque[e.Event] = field(default_factory=deque)
    paid: bool = False
    number: int = 0
    heard: int = 0

    def listen(self) -> None:
        """Take in what the lane has asked meanwhile."""
        for command in self.bench.commands[self.heard :]:
            if isinstance(command, c.AskQuote | c.AskOrder):
                self.asked.append(command)
        self.heard = len(self.bench.commands)

    def reckon(self) -> None:
        if self.asked:
            self.reckoned.append(self._answer(self.asked.popleft()))

    def _answer(self, question: c.AskQuote | c.AskOrder) -> e.Event:
        bench = self.bench
        match question:
            case c.AskQuote():
                self.number += 1
                free = Reason.PREPAID if self.paid else None
                quote = quote_of("S1", 0 if self.paid else 500, self.number, free)
                return e.Quoted(question.passage, quote, **bench.now)
            case c.AskOrder(quote=quote):
                return self._order(question, quote)

    def _order(self, question: c.AskOrder, quote: Quote) -> e.Event:
        now = self.bench.now
        if self.paid:
            return e.BillingFailed(question.passage, "order", "the quote is out of date", **now)
        return e.OrderMade(question.passage, quote, order_of(quote, self.number), self.bench.at_s + 90, **now)

    def tell(self) -> None:
        if self.reckoned:
            self.bench.hear(self.reckoned.popleft())
            self.listen()


def priced() -> Billing:
    """A car at an exit whose stay is being priced."""
    bench = Bench(Direction.EXIT)
    bench.arrives(1)
    bench.camera_reads(MINE)
    bench.has_stay("S1")
    billing = Billing(bench)
    billing.listen()
    return billing


def money(billing: Billing, *, ahead: bool) -> None:
    """A phone has paid: ahead, or asking the lane at which its car stands to open."""
    bench = billing.bench
    if billing.paid:
        return
    billing.paid = True
    if ahead:
        bench.hear(e.CreditChanged(bench.passage, STAY, **bench.now))
    else:
        request = OpenRequest(RequestId("r1"), STAY, OrderId("phone"), None, Reason.PAID, "billing", START)
        bench.hear(e.OpenRequested(replace(request, quote=quote_of("S1", 500, 99).id), **bench.now))
    billing.listen()


def operator(billing: Billing) -> None:
    """A person is called meanwhile."""
    billing.bench.hear(e.HelpCalled(billing.bench.passage, **billing.bench.now))
    billing.listen()


@settings(max_examples=150, deadline=None)
@given(moves=MOVES, ahead=st.booleans())
def test_a_payment_between_two_answers_opens_as_soon_as_the_answers_are_in(moves: list[str], ahead: bool) -> None:
    billing = priced()
    for move in [*moves, "money"]:
        match move:
            case "reckon":
                billing.reckon()
            case "tell":
                billing.tell()
            case "operator":
                operator(billing)
            case _:
                money(billing, ahead=ahead)
    while billing.asked or billing.reckoned:
        billing.reckon()
        billing.tell()
    assert isinstance(billing.bench.state, s.Opening)
    assert len(billing.bench.all(c.OpenGate)) == 1


def test_who_claims_his_stay_and_pays_at_the_boom_between_two_answers_goes_without_a_person() -> None:
    bench = Bench(Direction.EXIT)
    bench.arrives(1)
    bench.camera_fails()
    bench.has_stay("S1", by="driver")
    bench.hear(e.Quoted(bench.passage, quote_of("S1", 500, 1), **bench.now))
    request = OpenRequest(RequestId("r1"), STAY, OrderId("phone"), bench.passage, Reason.PAID, "billing", START)
    bench.hear(e.OpenRequested(request, **bench.now))
    bench.owes("S1", 0, 2, free=Reason.PREPAID)
    assert isinstance(bench.state, s.Opening)


@pytest.mark.parametrize(("here", "end"), [(True, s.Opening), (False, s.AwaitingOperator)])
def test_who_claims_his_stay_and_pays_at_the_boom_goes_even_if_the_price_hears_of_it_first(
    here: bool, end: type[s.State]
) -> None:
    bench = Bench(Direction.EXIT)
    bench.arrives(1)
    bench.camera_fails()
    bench.has_stay("S1", by="driver")
    bench.owes("S1", 0, 1, free=Reason.PREPAID)
    assert bench.state == s.AwaitingOperator(PAID_ALREADY, bench.at_s, only_person=True)
    passage = bench.passage if here else PassageId("out1-20260303020000-99")
    request = OpenRequest(RequestId("r1"), STAY, OrderId("phone"), passage, Reason.PAID, "billing", START)
    bench.hear(e.OpenRequested(request, **bench.now))
    bench.owes("S1", 0, 2, free=Reason.PREPAID)
    assert isinstance(bench.state, end)


def test_a_price_that_is_asked_for_again_does_not_take_the_code_of_the_old_one() -> None:
    billing = priced()
    billing.reckon()
    billing.tell()
    billing.reckon()
    bench = billing.bench
    bench.hear(e.CreditChanged(bench.passage, STAY, **bench.now))
    billing.tell()
    assert bench.state == s.Quoting(STAY, bench.at_s)
    assert not bench.all(c.CloseOrder)
    billing.reckon()
    billing.tell()
    billing.reckon()
    billing.tell()
    assert isinstance(bench.state, s.AwaitingPayment)
    assert bench.state.due.quote.id == quote_of("S1", 500, 2).id
