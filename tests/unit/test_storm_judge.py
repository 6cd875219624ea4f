"""What the judge of fault schedules holds of payments by code that were undone."""

from typing import Any

from tests.support.storm.judge import parted, undone


def _order(state: str) -> dict[str, dict[str, Any]]:
    return {"A1": {"state": state, "total": 500}}


def _back(number: str, amount: int = 500) -> dict[str, Any]:
    return {"out_refund_no": number, "out_trade_no": "A1", "amount": amount}


def test_what_the_undoing_of_an_order_gave_back_is_no_refund_of_ours() -> None:
    refunds, reversals = parted(_order("REVOKED"), [_back("REVA1"), _back("R2")])
    assert list(refunds) == ["R2"]
    assert list(reversals) == ["A1"]


def test_what_went_back_of_an_order_that_was_not_undone_stays_a_refund() -> None:
    refunds, reversals = parted(_order("REFUND"), [_back("REVA1")])
    assert list(refunds) == ["REVA1"]
    assert not reversals


def test_an_order_that_we_undid_and_that_went_back_whole_is_right() -> None:
    assert not list(undone(_order("REVOKED"), {"A1": _back("REVA1")}, {"A1": "REVERSED"}))


def test_an_order_undone_at_wechat_alone_or_in_part_is_wrong() -> None:
    assert len(list(undone(_order("REVOKED"), {"A1": _back("REVA1", 400)}, {"A1": "CLOSED"}))) == 2
