"""The judge finds each rule that is broken: every one is broken by hand here."""

from pathlib import Path

import pytest
from sqlalchemy import Connection, update

from scada.model.names import LaneName
from scada.ports import JournalEntry
from scada.sim.trial.judge import spread
from scada.store import schema
from tests.support.books import Books


def broken(books: Books, folder: Path) -> list[str]:
    found = books.judged(folder)["invariants_broken"]
    assert isinstance(found, list)
    return [str(one) for one in found]


def rules(books: Books, folder: Path) -> set[str]:
    return {one.partition(":")[0] for one in broken(books, folder)}


def test_a_good_day_is_counted_and_nothing_is_broken(tmp_path: Path) -> None:
    result = Books().judged(tmp_path)
    assert result["invariants_broken"] == []
    counted = {name: result[name] for name in ("stays_open", "stays_closed", "orders_paid", "gate_openings")}
    assert counted == {"stays_open": 0, "stays_closed": 2, "orders_paid": 1, "gate_openings": 4}
    assert (result["fees_fen"], result["settled_fen"], result["arrears_fen"]) == (500, 500, 0)
    assert (result["plates_read"], result["plates_exact"]) == (4, 4)
    assert (result["unexplained_openings"], result["wrong_car_openings"]) == (0, 0)
    assert result["loop_to_command_ms"] == {"p50": 901.5, "p99": 902.0, "max": 902.0}
    assert result["payment_to_command_ms"] == {"p50": None, "p99": None, "max": None}


def test_a_fee_that_wechat_has_promised_counts_as_paid_though_the_money_is_still_to_come(tmp_path: Path) -> None:
    books = Books()
    books.promise()
    result = books.judged(tmp_path)
    assert (result["fees_fen"], result["settled_fen"], result["invariants_broken"]) == (500, 500, [])


def test_a_promise_of_what_nobody_owed_is_no_payment(tmp_path: Path) -> None:
    books = Books()
    books.promise(surplus=True)
    assert rules(books, tmp_path) == {"10"}


def test_a_debt_that_a_later_stay_paid_is_paid(tmp_path: Path) -> None:
    books = Books()
    books.pays_debt(300)
    result = books.judged(tmp_path)
    assert (result["fees_fen"], result["settled_fen"], result["invariants_broken"]) == (800, 800, [])
    books.quotes[0]["older"] = [["stay-1", 200]]
    (tmp_path / "less").mkdir()
    assert rules(books, tmp_path / "less") == {"10"}


def test_a_boom_on_a_car_breaks_the_first_rule(tmp_path: Path) -> None:
    books = Books()
    books.say("struck", car="car-1", lane="in1")
    assert rules(books, tmp_path) == {"1"}


def test_a_rise_while_another_car_stood_there_is_a_wrong_car(tmp_path: Path) -> None:
    books = Books()
    rise = next(row for row in books.truth if row["what"] == "rise" and row["lane"] == "out1")
    rise["car"] = "car-2"
    assert books.judged(tmp_path)["wrong_car_openings"] == 1


def test_a_rise_after_the_car_had_gone_is_a_wrong_car(tmp_path: Path) -> None:
    books = Books()
    rise = next(row for row in books.truth if row["what"] == "rise" and row["lane"] == "out1")
    rise["age_s"] = 3.0
    assert books.judged(tmp_path)["wrong_car_openings"] == 1


def test_two_cars_that_leave_on_each_others_stays_are_wrong_cars(tmp_path: Path) -> None:
    books = Books()
    books.stays[0]["exit_passage"], books.stays[1]["exit_passage"] = "out1-2", "out1-1"
    books.passages[1]["stay"], books.passages[3]["stay"] = "stay-2", "stay-1"
    assert books.judged(tmp_path)["wrong_car_openings"] == 2


def test_an_authorised_rise_without_a_command_breaks_the_third_rule(tmp_path: Path) -> None:
    books = Books()
    books.intents[0]["number"] = 99
    assert "3" in rules(books, tmp_path)


def test_a_car_that_goes_through_on_anothers_leave_breaks_the_fifth_rule(tmp_path: Path) -> None:
    books = Books()
    books.say("passage", lane="out1", number=3, car="car-3")
    books.say("passed", car="car-3", lane="out1")
    assert broken(books, tmp_path) == ["5: car-3 went through out1 without a leave of its own"]


def test_a_tailgater_who_is_on_record_breaks_no_rule(tmp_path: Path) -> None:
    books = Books()
    books.follows("in1", "car-3")
    books.follows("out1", "car-3")
    assert broken(books, tmp_path) == []


def test_a_tailgater_in_whose_stay_goes_on_breaks_no_rule(tmp_path: Path) -> None:
    books = Books()
    books.stays.append({**books.stays[0], "id": "stay-3", "entry_passage": str(books.follows("in1", "car-3")["id"])})
    books.stays[-1].update(ending="EXIT_TAILGATE", exit_passage=books.follows("out1", "car-3")["id"])
    assert broken(books, tmp_path) == []


def test_a_tailgater_whose_stay_ended_as_a_lawful_exit_breaks_the_sixth_rule(tmp_path: Path) -> None:
    books = Books()
    books.stays.append({**books.stays[0], "id": "stay-3", "entry_passage": str(books.follows("in1", "car-3")["id"])})
    books.stays[-1].update(ending="EXIT", exit_passage=books.follows("out1", "car-3")["id"])
    assert rules(books, tmp_path) == {"6"}


@pytest.mark.parametrize("cause", [3, 4, 9])
def test_a_car_that_goes_through_a_boom_that_is_up_for_everybody_must_be_on_record(tmp_path: Path, cause: int) -> None:
    books = Books()
    books.say("rise", lane="out1", count=3, cause=cause, number=0, car=None, age_s=None)
    books.rises.append({**books.rises[-1], "count": 3, "cause": "HOLD_OPEN" if cause != 4 else "FIRE", "number": 0})
    books.rises[-1]["cause"] = {3: "HOLD_OPEN", 4: "FIRE", 9: "UNKNOWN"}[cause]
    books.entries.append(JournalEntry("alarm", "lane", "unexplained_rise", LaneName("out1")))
    books.follows("out1", "car-3")["outcome"] = "UNCERTAIN"
    assert broken(books, tmp_path) == []


def test_a_car_that_goes_through_an_open_lane_and_is_on_no_record_breaks_the_fifth_rule(tmp_path: Path) -> None:
    books = Books()
    books.say("field", lane="out1", on=["detached"], stuck=[], blind=[])
    books.follows("out1", "car-3")
    del books.passages[-1]
    assert broken(books, tmp_path) == ["5: car-3 went through the open out1 and is on no record"]


def test_a_stay_that_an_open_lane_could_tell_and_did_not_end_breaks_the_fifth_rule(tmp_path: Path) -> None:
    books = Books()
    books.say("field", lane="out1", on=[], stuck=["safety"], blind=[])
    books.stays[0]["ending"] = None
    books.follows("out1", "car-3").update(outcome="UNCERTAIN", stay="stay-1")
    assert "5: car-3 went through the open out1 and is on no record" in broken(books, tmp_path)


def test_a_rise_without_a_cause_that_was_told_to_a_person_breaks_no_rule(tmp_path: Path) -> None:
    books = Books()
    books.say("rise", lane="in1", count=3, cause=9, number=0, car=None, age_s=None)
    books.rises.append({**books.rises[0], "count": 3, "cause": "UNKNOWN", "number": 0})
    assert rules(books, tmp_path) == {"7"}
    books.entries.append(JournalEntry("alarm", "lane", "unexplained_rise", LaneName("in1")))
    folder = tmp_path / "told"
    folder.mkdir()
    assert broken(books, folder) == []


def test_a_rise_while_the_server_was_down_may_be_on_record_without_its_cause_if_a_person_was_told(
    tmp_path: Path,
) -> None:
    books = Books()
    books.truth.insert(0, {"what": "killed", "part": "plant", "at": books.truth[0]["at"], "at_s": -1.0})
    books.say("back", part="plant")
    books.rises[0]["cause"] = "UNKNOWN"
    books.entries.append(JournalEntry("alarm", "lane", "unseen_rises", LaneName("in1")))
    assert broken(books, tmp_path) == []


def test_a_command_whose_end_nobody_knows_may_be_followed_by_one_more(tmp_path: Path) -> None:
    books = Books()
    books.intents[2]["state"] = "UNKNOWN"
    books.intents.append({**books.intents[2], "seq": 50, "state": "DONE"})
    assert broken(books, tmp_path) == []


def test_an_annulled_stay_rests_on_no_completed_passage(tmp_path: Path) -> None:
    books = Books()
    books.say("passage", lane="in1", number=3, car="car-3")
    books.stays.append({**books.stays[0], "id": "stay-3", "entry_passage": "in1-3", "ending": "ANNULLED"})
    books.stays[-1]["exit_passage"] = None
    assert broken(books, tmp_path) == []


def test_a_stay_of_a_car_that_backed_out_breaks_the_sixth_rule(tmp_path: Path) -> None:
    books = Books()
    books.passages[0]["outcome"] = "BACKED_OUT"
    books.truth = [row for row in books.truth if not (row["what"] == "passed" and row["car"] == "car-1")]
    assert rules(books, tmp_path) == {"6"}


def test_a_stay_that_ended_on_a_passage_nobody_made_breaks_the_sixth_rule(tmp_path: Path) -> None:
    books = Books()
    books.stays[0]["exit_passage"] = "out1-77"
    assert "6" in rules(books, tmp_path)


def test_a_car_that_came_in_without_a_stay_breaks_the_sixth_rule(tmp_path: Path) -> None:
    books = Books()
    del books.stays[0]
    books.passages[1]["stay"] = None
    assert broken(books, tmp_path) == ["6: car-1 came in 1 times and has 0 stays"]


def test_a_car_that_came_in_unseen_and_stands_on_the_uncertain_list_is_left_to_a_stocktake(tmp_path: Path) -> None:
    books = Books()
    del books.stays[0]
    books.passages[1]["stay"] = None
    books.doubts_at(("in1", 1))
    result = books.judged(tmp_path)
    assert (result["invariants_broken"], result["left_to_stocktake"]) == ([], 1)


def test_a_car_that_was_found_inside_has_its_stay_by_the_passage_in_doubt(tmp_path: Path) -> None:
    books = Books()
    books.passages[0]["outcome"] = "UNCERTAIN"
    books.doubts_at(("in1", 1))
    books.doubts[0] |= {"outcome": "inside", "settled_by": "li"}
    result = books.judged(tmp_path)
    assert (result["invariants_broken"], result["left_to_stocktake"]) == ([], 0)


def test_a_car_that_a_restarted_plc_took_for_two_is_left_to_a_stocktake_once(tmp_path: Path) -> None:
    books = Books()
    books.passages[0]["outcome"] = "UNCERTAIN"
    books.truth.append({**next(row for row in books.truth if row["what"] == "passage"), "number": 9})
    books.doubts_at(("in1", 9), ("in1", 1))
    books.doubts[0] |= {"outcome": None, "settled_by": None}
    books.doubts[1] |= {"outcome": "inside", "settled_by": "li"}
    result = books.judged(tmp_path)
    assert (result["invariants_broken"], result["left_to_stocktake"]) == ([], 0)


@pytest.mark.parametrize("found", [{}, {"outcome": "gone", "settled_by": "li"}, {"outcome": "inside"}])
def test_nobody_s_word_but_that_it_is_inside_begins_a_stay_on_a_passage_in_doubt(
    tmp_path: Path, found: dict[str, object]
) -> None:
    books = Books()
    books.passages[0]["outcome"] = "UNCERTAIN"
    books.doubts_at(("in1", 1))
    books.doubts[0] |= found
    assert "6" in rules(books, tmp_path)


def test_a_car_that_was_found_inside_and_has_no_stay_breaks_the_sixth_rule(tmp_path: Path) -> None:
    books = Books()
    del books.stays[0]
    books.passages[1]["stay"] = None
    books.doubts_at(("in1", 1))
    books.doubts[0] |= {"outcome": "inside", "settled_by": "li"}
    assert broken(books, tmp_path) == ["6: car-1 came in 1 times and has 0 stays"]


def test_a_doubt_about_another_passage_explains_no_car_without_a_stay(tmp_path: Path) -> None:
    books = Books()
    del books.stays[0]
    books.passages[1]["stay"] = None
    books.doubts_at(("in1", 77), ("in1", 2), ("out1", 1))
    assert broken(books, tmp_path) == ["6: car-1 came in 1 times and has 0 stays"]


def test_a_rise_whose_cause_its_plc_has_forgotten_and_of_which_nobody_was_told_breaks_the_seventh_rule(
    tmp_path: Path,
) -> None:
    books = Books()
    books.say("rise", lane="out1", count=3, cause=0, number=0, car=None, age_s=None)
    books.rises.append({**books.rises[-1], "count": 3, "cause": "UNKNOWN", "number": 0})
    assert "7: rise 3 of out1 has no cause" in broken(books, tmp_path)


@pytest.mark.parametrize("told", ["NONE", "UNKNOWN"])
def test_a_rise_whose_cause_its_plc_has_forgotten_is_on_record_as_unknown_with_an_alarm(
    tmp_path: Path, told: str
) -> None:
    books = Books()
    books.say("rise", lane="out1", count=3, cause=0, number=0, car=None, age_s=None)
    books.rises.append({**books.rises[-1], "count": 3, "cause": told, "number": 0})
    books.entries.append(JournalEntry("alarm", "lane", "unseen_rises", LaneName("out1")))
    assert broken(books, tmp_path) == ([] if told == "UNKNOWN" else ["7: rise 3 of out1 has no cause"])


@pytest.mark.parametrize("cause", ["UNKNOWN", "NONE", None])
def test_a_rise_without_a_cause_is_unexplained(tmp_path: Path, cause: str | None) -> None:
    books = Books()
    if cause is None:
        del books.rises[0]
    else:
        books.rises[0]["cause"] = cause
    result = books.judged(tmp_path)
    assert result["unexplained_openings"] == 1
    assert "7: rise 1 of in1 has no cause" in str(result["invariants_broken"])


def test_a_rise_on_record_twice_or_never_seen_or_of_another_cause_breaks_the_seventh_rule(tmp_path: Path) -> None:
    books = Books()
    books.rises += [dict(books.rises[0]), {**books.rises[0], "count": 44}]
    books.rises[1]["cause"] = "REOPEN"
    assert broken(books, tmp_path) == [
        "7: rise 1 of in1 has 2 records",
        "7: rise 44 of in1 is on record and never happened",
        "7: rise 1 of out1 is on record as REOPEN, the PLC says 1",
    ]


def test_a_command_that_lives_too_long_or_was_never_settled_or_given_twice_breaks_the_eighth_rule(
    tmp_path: Path,
) -> None:
    books = Books()
    books.intents[0]["ttl_ms"] = 6000
    books.intents[1]["state"] = "OPEN"
    books.intents.append({**books.intents[2], "seq": 50})
    assert [one[:3] for one in broken(books, tmp_path)] == ["8: ", "8: ", "8: "]


def test_a_command_that_was_taken_back_may_be_given_again(tmp_path: Path) -> None:
    books = Books()
    books.intents += [{**books.intents[2], "seq": 50, "code": 3}, {**books.intents[2], "seq": 51}]
    assert broken(books, tmp_path) == []


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("stays", "paid_fen", 400),
        ("stays", "fee_fen", 900),
        ("orders", "state", "OPEN"),
        ("orders", "amount_fen", 400),
        ("settlements", "surplus_fen", 100),
    ],
)
def test_money_that_does_not_agree_on_both_sides_breaks_the_tenth_rule(
    tmp_path: Path, table: str, column: str, value: object
) -> None:
    books = Books()
    getattr(books, table)[-1][column] = value
    assert rules(books, tmp_path) == {"10"}


@pytest.mark.parametrize(
    ("spoilt", "says"),
    [
        ("UPDATE ledger_posting SET amount_fen = 400 WHERE account = 'clearing:wechat'", "sums to -100 fen"),
        ("UPDATE ledger_posting SET amount_fen = 400 WHERE account = 'clearing:wechat'", "paid:D1 moved 500 fen"),
        ("DELETE FROM ledger_entry WHERE kind = 'ended'", "belongs to no entry"),
        ("DELETE FROM ledger_posting WHERE entry = 'ended:stay-2'", "holds -500 fen receivable instead of 0"),
        ("UPDATE stay SET arrears_fen = 7", "owes 7 fen, the ledger says 0"),
    ],
)
def test_books_that_do_not_balance_or_do_not_agree_break_the_tenth_rule(tmp_path: Path, spoilt: str, says: str) -> None:
    def spoil(connection: Connection) -> None:
        for trigger in ("ledger_entry_no_delete", "ledger_posting_no_delete", "ledger_posting_no_update"):
            connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
        connection.exec_driver_sql(spoilt)

    broken_rules = Books().judged(tmp_path, spoil)["invariants_broken"]
    assert says in str(broken_rules)
    assert {one[:2] for one in broken_rules} == {"10"}  # type: ignore[attr-defined]


@pytest.mark.parametrize("ending", ["EXIT", "EXIT_TAILGATE", "EXIT_OPEN_LANE"])
def test_whose_fee_is_neither_paid_nor_owed_nor_waived_breaks_the_tenth_rule(tmp_path: Path, ending: str) -> None:
    books = Books()
    books.stays[0].update(ending=ending, fee_fen=500)
    assert broken(books, tmp_path) == ["10: stay stay-1: fee 500, but 0 paid, 0 owed, 0 waived"]


def test_arrears_and_waived_money_are_no_income(tmp_path: Path) -> None:
    books = Books()
    books.stays[0].update(fee_fen=1500, arrears_fen=1000, waived_fen=500)
    result = books.judged(tmp_path)
    assert (result["fees_fen"], result["settled_fen"], result["arrears_fen"]) == (500, 500, 1000)
    assert result["invariants_broken"] == []


def test_a_changed_journal_breaks_the_tenth_rule(tmp_path: Path) -> None:
    change = update(schema.journal).where(schema.journal.c.n == 2).values(actor="somebody else")
    result = Books().judged(tmp_path, lambda connection: connection.execute(change))
    assert result["invariants_broken"] == ["10: the journal's chain is broken at row 2"]


def test_a_misread_plate_is_read_and_not_exact(tmp_path: Path) -> None:
    books = Books()
    books.passages[0]["plate"] = "京A10007"
    books.passages[1]["read_by"] = "operator"
    result = books.judged(tmp_path)
    assert (result["plates_read"], result["plates_exact"]) == (3, 2)


def test_the_spread_of_a_hundred_figures_is_by_nearest_rank() -> None:
    assert spread([float(figure) for figure in range(1, 101)]) == {"p50": 50.5, "p99": 99.0, "max": 100.0}


def test_a_good_day_at_one_gate_for_both_ways_breaks_no_rule(tmp_path: Path) -> None:
    books = Books()
    books.by_one_gate()
    assert broken(books, tmp_path) == []


def test_at_one_gate_the_leave_to_come_in_is_none_to_go_out(tmp_path: Path) -> None:
    books = Books()
    books.by_one_gate()
    books.intents = [row for row in books.intents if row["number"] != 12]
    assert "5: car-2 went through gate1 without a leave of its own" in broken(books, tmp_path)


def test_at_one_gate_a_car_that_came_in_and_has_no_stay_breaks_the_sixth_rule(tmp_path: Path) -> None:
    books = Books()
    books.by_one_gate()
    del books.stays[0]
    assert broken(books, tmp_path) == ["6: car-1 came in 1 times and has 0 stays"]


def test_at_one_gate_a_stay_that_ends_before_its_car_has_gone_out_breaks_the_sixth_rule(tmp_path: Path) -> None:
    books = Books()
    books.by_one_gate()
    books.truth = [
        row for row in books.truth if (row["what"], row.get("car"), row.get("way")) != ("passed", "car-1", "exit")
    ]
    assert broken(books, tmp_path) == ["6: stay stay-1 ended with car-1, who did not go through gate1"]


def test_at_one_gate_two_cars_that_leave_on_each_others_stays_are_wrong_cars(tmp_path: Path) -> None:
    books = Books()
    books.stays[0]["exit_passage"], books.stays[1]["exit_passage"] = "out1-2", "out1-1"
    books.passages[1]["stay"], books.passages[3]["stay"] = "stay-2", "stay-1"
    books.by_one_gate()
    assert books.judged(tmp_path)["wrong_car_openings"] == 2
