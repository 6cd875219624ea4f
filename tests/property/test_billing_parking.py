"""What WeChat says of entries and deductions may come late, twice and in any order: no fen is lost or counted twice."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from billing.parking.decide import Break, Collect, PaidLate, Promise, Session, SessionState, hear, heard
from billing.pay.calls.parking import ParkedCar
from billing.pay.gateway import Deduction, Entrance
from billing.settle import NOTHING, OrderAccount, OrderState, StayAccount, Wrong
from scada.model.money import Fen
from scada.model.names import OrderId, StayId
from scada.model.plate import Plate, PlateColour

DUE = Fen(800)
CAR = ParkedCar(Plate("京A12345"), PlateColour.BLUE, datetime(2026, 3, 3, tzinfo=UTC), "示范停车场")
SESSION = Session(StayId("S1"), "P1", CAR, 900, SessionState.WANTED)


@dataclass
class Books:
    """One deduction and its stay, kept as the transactions keep them."""

    order: OrderAccount
    stay: StayAccount
    surplus: bool = False
    collected: int = 0

    def take(self, told: Deduction) -> None:
        for step in hear(self.order, told, self.stay, surplus=self.surplus):
            match step:
                case Promise(credits=credits):
                    self.order = replace(self.order, state=OrderState.ACCEPTED)
                    self.surplus = not credits
                    self._credit(DUE if credits else NOTHING)
                case Collect():
                    self.collected += 1
                    self.order = replace(self.order, state=OrderState.PAID, transaction_id=told.transaction_id)
                case Break(was_credited=was_credited):
                    self.order = replace(self.order, state=OrderState.FAILED)
                    self._credit(Fen(-DUE) if was_credited else NOTHING)
                case PaidLate():
                    self.collected += 1
                    self.order = replace(self.order, state=OrderState.PAID, transaction_id=told.transaction_id)
                    self._credit(DUE)
                case _:
                    pass

    def _credit(self, amount: Fen) -> None:
        owed = self.stay.arrears_fen if self.stay.is_open else Fen(self.stay.arrears_fen - amount)
        self.stay = replace(self.stay, paid_fen=Fen(self.stay.paid_fen + amount), arrears_fen=owed)


def opened(*, paid: int = 0, is_open: bool = True, state: OrderState = OrderState.UNKNOWN) -> Books:
    owed = NOTHING if is_open else Fen(DUE - paid)
    stay = StayAccount(StayId("S1"), is_open, Fen(paid), owed, None)
    return Books(OrderAccount(OrderId("DE1"), state, DUE, DUE, None), stay)


def said(state: str, *, repaid: bool = False, advanced: bool = False) -> Deduction:
    return Deduction(OrderId("DE1"), state, "43", DUE, advanced, repaid)


words = st.sampled_from(
    [said("ACCEPTED"), said("SUCCESS"), said("SUCCESS", advanced=True), said("SUCCESS", repaid=True), said("PAY_FAIL")]
)


@given(st.lists(words, max_size=8), st.booleans(), st.booleans())
def test_money_comes_once_and_a_state_never_goes_back(told: list[Deduction], is_open: bool, is_paid: bool) -> None:
    books = opened(paid=DUE if is_paid else 0, is_open=is_open)
    seen = [books.order.state]
    for one in told:
        books.take(one)
        seen.append(books.order.state)
    assert books.collected <= 1
    assert books.stay.paid_fen in (0, DUE, 2 * DUE)
    if OrderState.PAID in seen:
        assert set(seen[seen.index(OrderState.PAID) :]) == {OrderState.PAID}
    if not is_paid:
        has_credit = books.order.state in (OrderState.ACCEPTED, OrderState.PAID)
        assert books.stay.paid_fen == (DUE if has_credit else 0)


@given(st.permutations([said("ACCEPTED"), said("SUCCESS"), said("SUCCESS", repaid=True)]))
def test_a_fee_that_was_deducted_is_paid_in_whatever_order_it_is_told(told: list[Deduction]) -> None:
    books = opened()
    for one in told:
        books.take(one)
    assert (books.order.state, books.stay.paid_fen, books.collected) == (OrderState.PAID, DUE, 1)


def test_what_is_accepted_for_a_stay_that_owes_nothing_is_not_credited_and_opens_nothing() -> None:
    books = opened(paid=DUE)
    assert hear(books.order, said("ACCEPTED"), books.stay, surplus=False) == (Promise(credits=False, opens=False),)


def test_a_deduction_of_a_car_that_has_left_clears_its_arrears_and_opens_nothing() -> None:
    books = opened(is_open=False, state=OrderState.CLOSED)
    assert hear(books.order, said("ACCEPTED"), books.stay, surplus=False) == (Promise(credits=True, opens=False),)


def test_another_amount_is_wrong_and_changes_nothing() -> None:
    books = opened()
    told = replace(said("SUCCESS"), amount_fen=Fen(1))
    assert isinstance(hear(books.order, told, books.stay, surplus=False)[0], Wrong)
    assert isinstance(
        hear(books.order, replace(said("SUCCESS"), transaction_id=""), books.stay, surplus=False)[0], Wrong
    )


def entrance(state: str, changed_ms: int, name: str = "5K1") -> Entrance:
    return Entrance(name, "P1", state, "" if state == "NORMAL" else "PAUSE", changed_ms)


def test_the_newest_word_on_an_entry_counts_in_whatever_order_it_comes() -> None:
    words_ = [entrance("NORMAL", 0), entrance("BLOCKED", 1000), entrance("NORMAL", 2000), entrance("BLOCKED", 3000)]
    for order in permutations(words_):
        session = SESSION
        for one in order:
            session = heard(session, one) or session
        assert (session.state, session.changed_ms, session.parking_id) == (SessionState.BLOCKED, 3000, "5K1")


def test_the_answer_to_our_call_tells_the_entry_s_id_though_a_notice_was_faster() -> None:
    told = heard(SESSION, entrance("BLOCKED", 1000))
    assert told is not None
    assert heard(told, entrance("NORMAL", 0)) is None
    assert (told.state, told.parking_id, told.block_reason) == (SessionState.BLOCKED, "5K1", "PAUSE")


def test_an_entry_that_was_used_or_has_ended_stays_so() -> None:
    for state in (SessionState.USED, SessionState.ENDED, SessionState.REFUSED):
        told = heard(replace(SESSION, state=state), entrance("NORMAL", 1000))
        assert told is not None
        assert told.state is state


def test_word_of_another_entry_changes_nothing() -> None:
    known = replace(SESSION, parking_id="5K1")
    assert heard(known, entrance("BLOCKED", 1000, "5K2")) is None
    assert heard(known, replace(entrance("BLOCKED", 1000), out_parking_no="P2")) is None
