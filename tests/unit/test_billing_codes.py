"""Payment by a payer's code: it ends sure, whatever WeChat says on the way."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.pay.codes import GIVE_UP_S, REVERSE_FROM_S, Ask, Said, Step, Sure, Undo, next_step, take
from billing.pay.gateway import Refused, Reversed, Unknown
from billing.settle import Transaction
from scada.model.names import OrderId

T = TypeVar("T")
ORDER = OrderId("DE1")
LOST, FAST, NEVER = Unknown("lost"), Refused("FREQUENCY_LIMITED", ""), Refused("ORDER_NOT_EXIST", "")


def is_now(state: str) -> Transaction:
    return Transaction("1900000001", "wx1", ORDER, state, transaction_id="42")


@dataclass
class WeChat:
    """Says what it was told to say, call by call; afterwards it undoes what it is asked to undo."""

    queries: list[Transaction | Refused | Unknown]
    reversals: list[Reversed | Refused | Unknown] = field(default_factory=list)
    now_s: float = 0.0
    reversed_at_s: list[float] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def query(self, order: OrderId) -> Transaction | Refused | Unknown:
        return self.queries.pop(0) if self.queries else is_now("USERPAYING")

    def reverse(self, order: OrderId) -> Reversed | Refused | Unknown:
        self.reversed_at_s.append(self.now_s)
        return self.reversals.pop(0) if self.reversals else Reversed()

    async def call(self, call: Callable[[], T]) -> T:
        return call()

    async def _sleep(self, seconds: float) -> None:
        self.now_s += seconds

    def sleep(self, seconds: float) -> Awaitable[None]:
        return self._sleep(seconds)

    def seconds(self) -> float:
        return self.now_s


async def taken(
    wechat: WeChat, first: Transaction | Refused | Unknown, *, elapsed_s: float = 0.0, undoing: bool = False
) -> Transaction | None:
    async def heard(_said: Said, step: Step) -> None:
        wechat.steps.append(step)

    return await take(ORDER, first, wechat, wechat, heard, elapsed_s=elapsed_s, undoing=undoing)


async def test_a_code_that_pays_at_once_is_paid_at_once() -> None:
    wechat = WeChat([])
    assert await taken(wechat, is_now("SUCCESS")) == is_now("SUCCESS")
    assert wechat.now_s == 0


async def test_a_payer_who_types_a_password_is_waited_for() -> None:
    wechat = WeChat([is_now("USERPAYING"), LOST, is_now("SUCCESS")])
    assert await taken(wechat, is_now("USERPAYING")) == is_now("SUCCESS")
    assert wechat.reversed_at_s == []


async def test_a_payer_who_never_types_one_is_given_up_and_the_order_is_undone_until_it_is() -> None:
    wechat = WeChat([], [LOST, FAST, Refused("TRADE_ERROR", "")])
    assert await taken(wechat, LOST) is None
    assert wechat.reversed_at_s == [GIVE_UP_S, GIVE_UP_S + 10, GIVE_UP_S + 20, GIVE_UP_S + 30]


async def test_a_refused_code_is_undone_but_not_before_wechat_likes_it() -> None:
    wechat = WeChat([])
    assert await taken(wechat, Refused("NOT_ENOUGH", "")) is None
    assert wechat.reversed_at_s == [REVERSE_FROM_S]


async def test_an_order_that_wechat_never_had_is_over() -> None:
    wechat = WeChat([NEVER], [NEVER])
    assert await taken(wechat, LOST) is None


async def test_what_never_left_the_house_is_over_at_once() -> None:
    wechat = WeChat([])
    assert await taken(wechat, Refused("AUTH_CODE_INVALID", "")) is None
    assert wechat.reversed_at_s == []


async def test_what_was_being_undone_before_a_restart_is_undone_and_counts_no_more() -> None:
    wechat = WeChat([])
    assert await taken(wechat, is_now("SUCCESS"), elapsed_s=60, undoing=True) is None
    assert len(wechat.reversed_at_s) == 1


async def test_what_was_being_asked_for_before_a_restart_is_paid_if_wechat_says_so() -> None:
    assert await taken(WeChat([]), is_now("SUCCESS"), elapsed_s=600) == is_now("SUCCESS")


async def test_an_undoing_is_told_before_wechat_is_asked_for_it() -> None:
    wechat = WeChat([])
    await taken(wechat, Refused("NOT_ENOUGH", ""))
    assert [type(step) for step in wechat.steps] == [Undo, Sure]


@pytest.mark.parametrize("state", ["REVOKED", "CLOSED", "REFUND"])
def test_what_is_undone_is_sure(state: str) -> None:
    assert next_step(is_now(state), 1, undoing=False) == Sure(None)


answers = st.sampled_from([is_now("SUCCESS"), is_now("USERPAYING"), is_now("PAYERROR"), LOST, FAST, NEVER, Reversed()])


@given(answers, st.floats(0, 200))
def test_once_it_is_being_undone_nothing_counts_as_paid(said: Said, elapsed_s: float) -> None:
    step = next_step(said, elapsed_s, undoing=True)
    assert not isinstance(step, Ask)
    assert not (isinstance(step, Sure) and step.paid)


@given(answers, st.floats(GIVE_UP_S, 1e6), st.booleans())
def test_after_its_time_it_is_sure_or_being_undone(said: Said, elapsed_s: float, undoing: bool) -> None:
    assert isinstance(next_step(said, elapsed_s, undoing=undoing), Sure | Undo)
