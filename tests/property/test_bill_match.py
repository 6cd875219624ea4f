"""Random books with random differences: each difference stands in exactly one list, and nothing else does."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from billing.reconcile.compare.match import BORDER, SUCCESS, UNDER_WAY, Side, Trade, What, decided, match
from scada.model.money import Fen

SINCE = datetime(2026, 3, 2, 16, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=1)
NOON = SINCE + timedelta(hours=12)
CHANGES: dict[str, Callable[[Trade], Trade]] = {
    "amount": lambda one: replace(one, amount_fen=Fen(one.amount_fen + 1)),
    "state": lambda one: replace(one, state="CLOSED"),
    "wechat_id": lambda one: replace(one, wechat_id=f"{one.wechat_id}9"),
    "order": lambda one: replace(one, order=f"{one.order}X"),
}


@dataclass(frozen=True)
class Fate:
    """What becomes of one trade on the two sides."""

    what: What
    amount: int
    seconds: int
    fate: str


fates = st.builds(
    Fate,
    st.sampled_from([What.PAYMENT, What.REFUND]),
    st.integers(0, 10**7),
    st.integers(int(BORDER.total_seconds()), 86_399 - int(BORDER.total_seconds())),
    st.sampled_from(["same", "ours", "theirs", "late", *CHANGES]),
)


def changed(one: Trade, fate: str) -> Trade:
    return CHANGES[fate](one) if fate in CHANGES else one


def made(n: int, fate: Fate) -> Trade:
    at = SINCE + timedelta(seconds=fate.seconds)
    return Trade(fate.what, f"N{n}", f"O{n}", f"42{n}", Fen(fate.amount), SUCCESS, at)


@given(st.lists(fates, max_size=30), st.randoms(use_true_random=False))
def test_each_difference_stands_in_exactly_one_list_and_nothing_else_does(given_: list[Fate], shuffle: Random) -> None:
    trades = [(made(n, fate), fate) for n, fate in enumerate(given_)]
    ours = [replace(one, wechat_id="") if fate.fate == "late" else one for one, fate in trades if fate.fate != "theirs"]
    theirs = [changed(one, fate.fate) for one, fate in trades if fate.fate != "ours"]
    shuffle.shuffle(ours)
    shuffle.shuffle(theirs)
    found = match(ours, theirs, SINCE, UNTIL)
    expected = {
        Side.ONLY_OURS: {one.key for one, fate in trades if fate.fate == "ours"},
        Side.ONLY_THEIRS: {one.key for one, fate in trades if fate.fate == "theirs"},
        Side.DIFFERS: {one.key for one, fate in trades if fate.fate in CHANGES},
    }
    assert {side: {one.trade.key for one in found.of(side)} for side in Side} == expected
    assert len(found.differences) == sum(len(keys) for keys in expected.values())
    same = [one for one, fate in trades if fate.fate in ("same", "late")]
    assert found.agreed == len(same)
    assert found.agreed_fen == sum(one.amount_fen if one.what is What.PAYMENT else -one.amount_fen for one in same)
    assert found.waiting == ()


@given(st.lists(fates, max_size=20))
def test_the_same_books_agree_whatever_is_in_them(given_: list[Fate]) -> None:
    trades = [made(n, fate) for n, fate in enumerate(given_)]
    found = match(trades, reversed(trades), SINCE, UNTIL)
    assert (found.differences, found.waiting, found.agreed) == ((), (), len(trades))


def trade(number: str = "N1", at: datetime = NOON, what: What = What.PAYMENT, **changes: object) -> Trade:
    return replace(Trade(what, number, "O1", "42", Fen(500), SUCCESS, at), **changes)  # type: ignore[arg-type]


def test_a_trade_that_stands_twice_in_the_bill_is_once_too_often_there() -> None:
    found = match([trade()], [trade(), trade()], SINCE, UNTIL)
    assert found.agreed == 1
    assert [one.side for one in found.differences] == [Side.ONLY_THEIRS]


def test_what_was_paid_just_before_midnight_waits_for_the_neighbours_bill_and_no_longer() -> None:
    late, noon = trade(at=UNTIL - timedelta(seconds=1)), trade("N2")
    found = match([late, noon], [], SINCE, UNTIL)
    assert found.waiting == (late,)
    assert [one.trade for one in found.differences] == [noon]
    then = decided(found, lambda _: True)
    assert then.waiting == ()
    assert [one.trade for one in then.of(Side.ONLY_OURS)] == [noon, late]
    assert decided(found, lambda _: False) == found


def test_a_payment_of_another_day_by_our_clock_agrees_if_the_bill_has_it() -> None:
    late = trade(at=SINCE - timedelta(minutes=1))
    found = match([late], [trade(at=SINCE)], SINCE, UNTIL)
    assert (found.agreed, found.differences) == (1, ())
    assert match([late], [], SINCE, UNTIL).differences == ()


def test_a_refund_may_be_further_here_than_in_the_mornings_bill_but_not_behind_it() -> None:
    here, going = trade(what=What.REFUND), trade(what=What.REFUND, state=UNDER_WAY)
    assert match([here], [going], SINCE, UNTIL).differences == ()
    (behind,) = match([going], [here], SINCE, UNTIL).differences
    assert (behind.side, behind.why) == (Side.DIFFERS, "PROCESSING here, SUCCESS in the bill")
    assert match([going], [], SINCE, UNTIL).differences == ()


def test_a_payment_by_code_that_wechat_undid_itself_is_no_difference() -> None:
    paid, undone = trade("O1"), trade("O1", what=What.REVERSAL)
    found = match([], [paid, undone], SINCE, UNTIL)
    assert (found.undone, found.differences) == (1, ())
    half = replace(undone, amount_fen=Fen(200))
    assert len(match([], [paid, half], SINCE, UNTIL).differences) == 2
    assert [one.trade for one in match([paid], [paid, undone], SINCE, UNTIL).differences] == [undone]


def test_a_trade_of_nothing_is_compared_like_any_other() -> None:
    assert match([trade(amount_fen=Fen(0))], [trade(amount_fen=Fen(0))], SINCE, UNTIL).agreed == 1
