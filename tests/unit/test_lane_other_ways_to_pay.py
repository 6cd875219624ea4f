"""Beside the QR code: WeChat deducts by itself, or the driver holds his code before the scanner. One of them opens."""

from dataclasses import replace

import pytest

from scada.model.lane import commands as c
from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.commands import Message
from scada.model.lane.leave import due_of
from scada.model.lane.words import ByCode, Direction, OpenRequest, Reason, Refused, Taken
from scada.model.names import OrderId, QuoteId, RequestId, StayId
from tests.support.lane import MINE, START, Bench, quote_of


def at_the_boom(plate: str = MINE) -> Bench:
    bench = Bench(Direction.EXIT)
    bench.arrives(1)
    bench.camera_reads(plate)
    bench.has_stay("S1")
    return bench


def asked(reason: Reason, quote: str, stay: str = "S1", order: str = "other1") -> OpenRequest:
    return OpenRequest(RequestId("r"), StayId(stay), OrderId(order), None, reason, "billing", START, QuoteId(quote))


def answer(bench: Bench) -> object:
    return bench.all(c.AnswerRequest)[-1].answer


@pytest.mark.parametrize("reason", [Reason.PAID, Reason.ACCEPTED])
def test_what_pays_the_quote_on_the_display_opens_and_its_qr_code_is_closed(reason: Reason) -> None:
    bench = at_the_boom()
    bench.owes("S1", 500)
    bench.hear(e.OpenRequested(asked(reason, "q1"), **bench.now))
    assert isinstance(answer(bench), Taken)
    assert [one.authorisation.reason for one in bench.all(c.OpenGate)] == [reason]
    assert [one.order for one in bench.all(c.CloseOrder)] == [OrderId("order1")]


@pytest.mark.parametrize("reason", [Reason.PAID, Reason.ACCEPTED])
def test_what_pays_an_older_quote_opens_nothing_by_itself_but_the_stay_is_priced_anew(reason: Reason) -> None:
    bench = at_the_boom()
    bench.owes("S1", 500, number=2)
    bench.hear(e.OpenRequested(asked(reason, "q1"), **bench.now))
    assert isinstance(answer(bench), Refused)
    assert not bench.all(c.OpenGate)
    assert [one.order for one in bench.all(c.CloseOrder)] == [OrderId("order2")]
    bench.owes("S1", 0, free=Reason.PREPAID)
    assert len(bench.all(c.OpenGate)) == 1


@pytest.mark.parametrize("reason", [Reason.PAID, Reason.ACCEPTED])
def test_what_another_stay_pays_opens_nothing_and_closes_nothing(reason: Reason) -> None:
    bench = at_the_boom()
    bench.owes("S1", 500)
    bench.hear(e.OpenRequested(asked(reason, "q1", stay="S2"), **bench.now))
    assert isinstance(answer(bench), Refused)
    assert not bench.all(c.OpenGate)
    assert not bench.all(c.CloseOrder)


def test_a_deduction_does_not_open_where_a_person_must_look_first() -> None:
    bench = at_the_boom()
    bench.owes("S1", 500)
    due = due_of(bench.lane)
    bench.lane = bench.lane.becoming(s.AwaitingOperator("a clone?", bench.at_s, due, only_person=True))
    bench.hear(e.OpenRequested(asked(Reason.ACCEPTED, "q1"), **bench.now))
    assert isinstance(answer(bench), Refused)
    assert not bench.all(c.OpenGate)


def test_wechat_is_not_asked_to_charge_the_owner_of_a_plate_that_was_not_read_here() -> None:
    bench = at_the_boom("京B22222")
    bench.hear(e.Quoted(bench.passage, replace(quote_of("S1", 500), auto_deduct=True), **bench.now))
    assert not bench.all(c.AskAcceptance)
    assert len(bench.all(c.AskOrder)) == 1


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (ByCode.ASKED, Message.PAYING),
        (ByCode.CONFIRM, Message.CONFIRM_PAYMENT),
        (ByCode.INVALID, Message.CODE_INVALID),
        (ByCode.TOO_LITTLE, Message.TOO_LITTLE_MONEY),
        (ByCode.FAILED, Message.NOT_PAID),
    ],
)
def test_the_display_tells_how_a_payment_at_the_scanner_goes_and_keeps_the_qr_code(
    how: ByCode, message: Message
) -> None:
    bench = at_the_boom()
    bench.owes("S1", 500)
    bench.hear(e.PayingByCode(bench.passage, QuoteId("q1"), how, **bench.now))
    shown = bench.all(c.Show)[-1]
    assert (shown.message, shown.code_url) == (message, "weixin://pay/1")


def test_what_becomes_of_an_older_quote_is_not_told_to_the_driver() -> None:
    bench = at_the_boom()
    bench.owes("S1", 500, number=2)
    bench.hear(e.PayingByCode(bench.passage, QuoteId("q1"), ByCode.FAILED, **bench.now))
    assert bench.all(c.Show)[-1].message is Message.SCAN_PAY
