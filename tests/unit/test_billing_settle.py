"""What a payment means for a stay, row by row; and what a stay owes when its car leaves."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from billing.settle import (
    Decision,
    Due,
    Duplicate,
    Final,
    GivenBack,
    Merchant,
    NotSuccess,
    OrderAccount,
    OrderState,
    Settles,
    StayAccount,
    Surplus,
    Transaction,
    Wrong,
    close_account,
    due,
    settle,
)
from billing.tariff import Priced
from scada.model.lane.words import OPERATOR_REASONS, Ending, Reason
from scada.model.money import Fen
from scada.model.names import OrderId, StayId

NOW = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
US = Merchant("1900007291", "wxdaozhademo0000001")
ORDER = OrderAccount(OrderId("DE260303ABC001"), OrderState.OPEN, Fen(500), Fen(500), None)
PAID = replace(ORDER, state=OrderState.PAID, transaction_id="42001")
STAY = StayAccount(StayId("S"), is_open=True, paid_fen=Fen(0), arrears_fen=Fen(0), paid_until=None)
GONE = replace(STAY, is_open=False)
WORD = Transaction(US.mchid, US.appid, ORDER.id, "SUCCESS", "42001", Fen(500), "CNY", NOW)


@pytest.mark.parametrize(
    ("order", "word", "stay", "expected"),
    [
        (ORDER, WORD, STAY, Settles(opens=True)),
        (replace(ORDER, state=OrderState.UNKNOWN), WORD, STAY, Settles(opens=True)),
        (replace(ORDER, state=OrderState.CLOSED), WORD, STAY, Settles(opens=True)),
        (ORDER, replace(WORD, appid=""), STAY, Settles(opens=True)),
        (PAID, WORD, replace(STAY, paid_fen=Fen(500)), Duplicate()),
        (ORDER, WORD, replace(STAY, paid_fen=Fen(500)), Surplus()),
        (ORDER, WORD, replace(STAY, paid_fen=Fen(1)), Settles(opens=True, surplus_fen=Fen(1))),
        (ORDER, WORD, replace(STAY, paid_fen=Fen(501)), Surplus()),
        (replace(ORDER, total_fen=Fen(900)), WORD, replace(STAY, paid_fen=Fen(400)), Settles(opens=True)),
        (ORDER, WORD, replace(STAY, paid_fen=Fen(300), credit_fen=Fen(200)), Surplus()),
        (ORDER, WORD, replace(STAY, credit_fen=Fen(200)), Settles(opens=True, surplus_fen=Fen(200))),
        (replace(ORDER, credit_fen=Fen(200)), WORD, replace(STAY, credit_fen=Fen(200)), Settles(opens=True)),
        (ORDER, WORD, GONE, Surplus()),
        (ORDER, WORD, replace(GONE, arrears_fen=Fen(499)), Settles(opens=False, surplus_fen=Fen(1))),
        (ORDER, WORD, replace(GONE, arrears_fen=Fen(500)), Settles(opens=False)),
        (replace(ORDER, state=OrderState.REVERSING), WORD, STAY, NotSuccess("REVERSING")),
        (replace(ORDER, state=OrderState.REVERSED), replace(WORD, trade_state="REVOKED"), STAY, NotSuccess("REVERSED")),
        (ORDER, replace(WORD, trade_state="NOTPAY"), STAY, NotSuccess("NOTPAY")),
        (ORDER, replace(WORD, trade_state="USERPAYING"), STAY, NotSuccess("USERPAYING")),
        (ORDER, replace(WORD, trade_state="PAYERROR"), STAY, NotSuccess("PAYERROR")),
        (ORDER, replace(WORD, trade_state="REFUND"), STAY, GivenBack()),
        (PAID, replace(WORD, trade_state="REFUND"), replace(STAY, paid_fen=Fen(500)), Duplicate()),
        (ORDER, replace(WORD, trade_state="REVOKED"), STAY, GivenBack()),
        (ORDER, replace(WORD, trade_state="REVOKED", transaction_id=""), STAY, NotSuccess("REVOKED")),
    ],
)
def test_the_first_payment_of_what_is_owed_settles_and_every_other_does_not(
    order: OrderAccount, word: Transaction, stay: StayAccount, expected: Decision
) -> None:
    assert settle(order, word, stay, US) == expected


@pytest.mark.parametrize(
    ("order", "word", "verdict"),
    [
        (None, WORD, "unknown_order"),
        (ORDER, replace(WORD, mchid="1900000001"), "wrong_merchant"),
        (ORDER, replace(WORD, appid="wxsomebodyelse"), "wrong_merchant"),
        (ORDER, replace(WORD, amount_fen=Fen(501)), "wrong_amount"),
        (ORDER, replace(WORD, amount_fen=Fen(0)), "wrong_amount"),
        (ORDER, replace(WORD, currency="USD"), "wrong_amount"),
        (ORDER, replace(WORD, transaction_id=""), "incomplete"),
        (ORDER, replace(WORD, paid_at=None), "incomplete"),
        (PAID, replace(WORD, transaction_id="42002"), "other_transaction"),
    ],
)
def test_a_message_that_contradicts_our_books_is_wrong(
    order: OrderAccount | None, word: Transaction, verdict: str
) -> None:
    decision = settle(order, word, STAY, US)
    assert isinstance(decision, Wrong)
    assert decision.verdict == verdict


def priced(total: int) -> Priced:
    return Priced(Fen(total), 60, ())


@pytest.mark.parametrize(
    ("total", "paid", "paid_until", "fen", "reason"),
    [
        (0, 0, None, 0, Reason.FREE),
        (500, 0, None, 500, None),
        (500, 500, NOW - timedelta(hours=1), 0, Reason.PREPAID),
        (1000, 500, NOW + timedelta(seconds=1), 0, Reason.PREPAID),
        (1000, 500, NOW, 0, Reason.PREPAID),
        (1000, 500, NOW - timedelta(seconds=1), 500, None),
    ],
)
def test_what_is_due_counts_credits_and_grace(
    total: int, paid: int, paid_until: datetime | None, fen: int, reason: Reason | None
) -> None:
    account = replace(STAY, paid_fen=Fen(paid), paid_until=paid_until)
    what = due(priced(total), account, NOW)
    assert (what.due_fen, what.free_reason) == (fen, reason)


OWING = {Reason.PAID_NOT_ARRIVED, Reason.MISREAD, Reason.EQUIPMENT, Reason.QUEUE}


@pytest.mark.parametrize("reason", OPERATOR_REASONS)
def test_an_operators_reason_decides_between_arrears_and_waiver(reason: Reason) -> None:
    expected = (Fen(700), Fen(0)) if reason in OWING else (Fen(0), Fen(700))
    assert close_account(Fen(500), Fen(700), reason, Ending.EXIT) == Final(Fen(1200), *expected)


@pytest.mark.parametrize("reason", [Reason.FREE, Reason.PREPAID, Reason.PAID, Reason.MONTH, Reason.WHITE_LIST])
def test_who_was_promised_to_go_owes_nothing_for_the_minutes_since(reason: Reason) -> None:
    assert close_account(Fen(500), Fen(500), reason, Ending.EXIT) == Final(Fen(500), Fen(0), Fen(0))


@pytest.mark.parametrize(
    ("ending", "arrears", "waived"),
    [(Ending.EXIT_TAILGATE, 700, 0), (Ending.EXIT_OPEN_LANE, 0, 700), (Ending.EXIT_UNSEEN, 0, 700)],
)
def test_a_tailgater_owes_and_who_left_unseen_cannot_be_charged(ending: Ending, arrears: int, waived: int) -> None:
    assert close_account(Fen(0), Fen(700), Reason.PAID, ending) == Final(Fen(700), Fen(arrears), Fen(waived))


@pytest.mark.parametrize("reason", [Reason.MONTH, Reason.WHITE_LIST, Reason.SPECIAL])
def test_a_right_lets_a_stay_off_whatever_it_costs(reason: Reason) -> None:
    assert due(priced(4000), STAY, NOW, reason) == Due(Fen(0), reason)


@pytest.mark.parametrize(
    ("ending", "reason", "arrears", "waived"),
    [
        (Ending.EXIT_TAILGATE, Reason.TAILGATE, 700, 0),
        (Ending.EXIT_OPEN_LANE, Reason.OPEN_LANE, 0, 700),
        (Ending.EXIT_OPEN_LANE, Reason.FIRE, 0, 700),
        (Ending.EXIT_TAILGATE, Reason.FIRE, 0, 700),
        (Ending.EXIT, Reason.FIRE, 0, 700),
    ],
)
def test_an_open_lane_is_lost_revenue_on_record_and_fire_lets_everybody_out(
    ending: Ending, reason: Reason, arrears: int, waived: int
) -> None:
    assert close_account(Fen(300), Fen(700), reason, ending) == Final(Fen(1000), Fen(arrears), Fen(waived))
