"""What a drill's reports say is held against the world's own record and WeChat's: each difference is a sentence."""

from dataclasses import replace

import pytest

from scada.reports.daysheet import Identity, Sheet
from scada.reports.lot.traffic import Cell
from scada.reports.money.dues import DuesBook
from scada.reports.money.monthcards import CardMoney
from scada.sim.trial.facts import Facts
from scada.sim.trial.reported import Platform, Reported, wrong_in_reports
from scada.sim.trial.truth import Truth

HOLDS = Identity("inside", 1, 1, is_money=False)
SHEET = Sheet(0, 1, Cell(came=2, left=1), DuesBook((), ()), CardMoney(0, 0, 0, 0, 0), 3, 0, (HOLDS,))
TOLD = Reported(SHEET, 700, 200)
RISE = {"lane": "in1", "count": 1, "cause": 1}
TRUTH = Truth({}, [RISE] * 3, [], {}, crossings=[{"lane": lane, "car": "a"} for lane in ("in1", "in1", "out1")])
ORDERS = [{"out_trade_no": "O1", "state": "PAID"}, {"out_trade_no": "O2", "state": "OPEN"}]
FACTS = Facts(orders=ORDERS, refunds=[{"out_refund_no": "R1", "state": "SUCCESS"}], entries=frozenset({"in1"}))
PLATFORM = Platform({"O1": 700, "O2": 500}, {"R1": 200})


def wrong(told: Reported = TOLD, truth: Truth = TRUTH, platform: Platform = PLATFORM, excused: int = 0) -> list[str]:
    return wrong_in_reports(told, truth, FACTS, platform, excused=excused)


def test_reports_that_say_what_happened_are_right_and_payments_that_nobody_has_told_us_of_are_no_difference() -> None:
    assert wrong() == []


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (replace(TOLD, taken_fen=699), "report: 699 fen taken, WeChat says 700"),
        (replace(TOLD, given_back_fen=0), "report: 0 fen given back, WeChat says 200"),
        (replace(TOLD, sheet=replace(SHEET, openings=4)), "report: 4 openings, the booms rose 3 times"),
        (replace(TOLD, sheet=replace(SHEET, inside_after=2)), "report: 2 cars inside, truly 1, of which 0 have a name"),
        (
            replace(TOLD, sheet=replace(SHEET, identities=(replace(HOLDS, right=2),))),
            "report: inside: 1 on one side, 2 on the other",
        ),
    ],
)
def test_each_figure_that_the_world_knows_otherwise_is_told(told: Reported, sentence: str) -> None:
    assert wrong(told) == [sentence]


def test_a_car_that_slipped_through_is_excused_and_a_second_one_is_not() -> None:
    unseen = replace(SHEET, traffic=Cell(came=1, left=1), inside_after=0)
    assert wrong(replace(TOLD, sheet=unseen), excused=1) == []
    assert len(wrong(replace(TOLD, sheet=unseen), excused=0)) == 2


def test_a_paid_order_that_our_books_do_not_know_is_a_difference() -> None:
    assert wrong(platform=Platform({"O1": 700, "O9": 1}, {"R1": 200})) == ["report: 700 fen taken, WeChat says 701"]
