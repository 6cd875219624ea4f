"""How a refund goes on, row by row; and its number, which never varies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.pay.gateway import Refund, Refused, Unknown
from billing.refunds.plan import ENDED, RefundState, Trouble, forward, is_absent, next_step
from billing.refunds.words import MOST_OF_AN_ORDER, refund_number, surplus_number
from scada.model.money import Fen
from scada.model.names import OrderId

ORDER = OrderId("DE260303ABC001")
WANTED, SENT, PROCESSING = RefundState.WANTED, RefundState.SENT, RefundState.PROCESSING
ABNORMAL, SUCCESS, CLOSED = RefundState.ABNORMAL, RefundState.SUCCESS, RefundState.CLOSED


def said(status: str) -> Refund:
    return Refund(f"R{ORDER}A", "503", ORDER, "42", status, Fen(5), Fen(5))


@pytest.mark.parametrize(
    ("state", "answer", "new", "trouble"),
    [
        (SENT, said("PROCESSING"), PROCESSING, None),
        (SENT, said("SUCCESS"), SUCCESS, None),
        (SENT, said("A_NEW_WORD"), PROCESSING, None),
        (PROCESSING, said("SUCCESS"), SUCCESS, None),
        (PROCESSING, said("ABNORMAL"), ABNORMAL, Trouble.ABNORMAL),
        (PROCESSING, said("CLOSED"), CLOSED, Trouble.CLOSED),
        (ABNORMAL, said("PROCESSING"), ABNORMAL, None),
        (ABNORMAL, said("SUCCESS"), SUCCESS, None),
        (SENT, Unknown("time-out"), SENT, None),
        (PROCESSING, Unknown("time-out"), PROCESSING, None),
        (SENT, Refused("FREQUENCY_LIMITED", ""), SENT, None),
        (SENT, Refused("NOT_ENOUGH", ""), SENT, Trouble.POOR),
        (SENT, Refused("USER_ACCOUNT_ABNORMAL", ""), ABNORMAL, Trouble.REFUSED),
        (SENT, Refused("RULE_LIMIT", ""), ABNORMAL, Trouble.REFUSED),
        (PROCESSING, Refused("SIGN_ERROR", ""), ABNORMAL, Trouble.REFUSED),
    ],
)
def test_what_wechat_says_moves_a_refund_on_and_tells_a_person_what_it_cannot(
    state: RefundState, answer: Refund | Refused | Unknown, new: RefundState, trouble: Trouble | None
) -> None:
    step = next_step(state, 0, answer)
    assert (step.state, step.trouble) == (new, trouble)
    assert step.wait_s > 0


@given(st.sampled_from(RefundState), st.lists(st.sampled_from([*(one.value for one in RefundState), "X"]), max_size=8))
def test_no_order_of_words_takes_a_refund_back(state: RefundState, words: list[str]) -> None:
    for word in words:
        new = next_step(state, 0, said(word)).state
        assert forward(state, new) is new
        assert state not in ENDED or new is state
        state = new


def test_a_request_too_many_waits_for_more_than_the_minute_between_two_refunds() -> None:
    assert next_step(SENT, 0, Refused("FREQUENCY_LIMITED", "")).wait_s > 60


def test_waits_grow_and_stay_at_the_longest() -> None:
    for answer in (Unknown(""), Refused("NOT_ENOUGH", ""), said("PROCESSING")):
        waits = [next_step(PROCESSING, tries, answer).wait_s for tries in range(12)]
        assert waits == sorted(waits)
        assert waits[-1] == waits[-2] >= 3600


@pytest.mark.parametrize("code", ["RESOURCE_NOT_EXISTS", "ORDER_NOT_EXIST"])
def test_only_an_answer_that_there_is_none_sends_a_number_again(code: str) -> None:
    assert is_absent(Refused(code, ""))
    assert not is_absent(Unknown("time-out"))
    assert not is_absent(said("CLOSED"))
    assert not is_absent(Refused("SIGN_ERROR", ""))


def test_the_numbers_of_an_order_are_fifty_and_each_its_own() -> None:
    numbers = [refund_number(ORDER, nth) for nth in range(1, MOST_OF_AN_ORDER + 1)]
    assert len(set(numbers)) == 50
    assert (numbers[0], numbers[1], numbers[26]) == (f"R{ORDER}A", f"R{ORDER}B", f"R{ORDER}27")
    assert numbers[0] == surplus_number(ORDER)
    assert all(len(number) <= 64 and number.isalnum() for number in numbers)
    with pytest.raises(ValueError, match="allows 50"):
        refund_number(ORDER, 51)
