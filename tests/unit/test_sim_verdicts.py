"""Each scenario's verdict: good on the story it expects, and bad as soon as one part of it is not so."""

from collections.abc import Callable

import pytest

from scada.sim.scenarios import SCENARIOS
from scada.sim.scenarios.crowd import CARS
from scada.sim.scenarios.ways import ORDER
from scada.sim.stage.verdict import Findings, Verdict
from tests.support.story import Tale


def rush_hour(tale: Tale) -> None:
    for number in range(CARS):
        tale.visit(f"car{number}")


def back_out(tale: Tale) -> None:
    tale.passes("car", "in1", outcome="BACKED_OUT")
    tale.visit("car")


def fake_exit(tale: Tale) -> None:
    tale.passes("car", "out1", outcome="BACKED_OUT", note="FAKE_EXIT")
    tale.visit("car")


def plate_swap(tale: Tale) -> None:
    tale.visit("car", read_by="operator")
    tale.notes["down"] = True
    tale.cases.append({"lane": "out1", "why": "no open stay under this plate"})


def unplated_car(tale: Tale) -> None:
    tale.visit("car", read_by="driver")


def misread(tale: Tale) -> None:
    tale.visit("car")


def two_stays(tale: Tale) -> None:
    tale.visit("one")
    tale.visit("two")


def camera_off(tale: Tale) -> None:
    tale.visit("dark", read_by="driver")
    tale.visit("light", read_by="driver")
    tale.visit("later")


def late_notice(tale: Tale) -> None:
    tale.visit("car", paid_fen=0)
    tale.pays("car", source="query")


def double_payment(tale: Tale) -> None:
    tale.visit("car")
    tale.notes["results"] = ["ok", "paid"]


def another_car(tale: Tale) -> None:
    tale.visit("payer")
    tale.visit("other")
    tale.requests.append({"stay": "stay-payer", "state": "REFUSED"})
    tale.notes |= {"paid": "ok", "stayed down": True}


def wechat_off(tale: Tale) -> None:
    tale.visit("first", paid_fen=0)
    tale.visit("second")
    tale.notes["down"] = True


def pay_score(tale: Tale) -> None:
    tale.visit("car")
    tale.stays[-1]["exit_reason"] = "ACCEPTED"
    tale.orders.append({"stay": "stay-car", "kind": "PARKING", "state": "PAID"})


def scanner(tale: Tale) -> None:
    tale.visit("car")
    tale.stays[-1]["exit_reason"] = "PAID"
    for kind, state in (("QR", "CLOSED"), ("CODE", "PAID")):
        tale.orders.append({"stay": "stay-car", "kind": kind, "state": state})


def visitor(tale: Tale) -> None:
    tale.visit("visitor", paid_fen=0, arrears_fen=0)
    tale.stays[-1]["exit_reason"] = "PREPAID"
    tale.notes["greeted"] = True
    tale.entries_made.append({"id": "E1", "stay": "stay-visitor"})
    tale.postings.append({"entry": "E1", "account": "merchant", "amount_fen": 500})


def tailgater(tale: Tale) -> None:
    tale.visit("leader")
    tale.visit("follower", paid_fen=0, ending="EXIT_TAILGATE", led=False)
    tale.alarm("tailgate")


def boom_hit(tale: Tale) -> None:
    tale.visit("car", paid_fen=0, ending="EXIT_OPEN_LANE", led=False)
    tale.alarm("boom")
    tale.notes["broken"] = 1


def stuck_loop(tale: Tale) -> None:
    tale.visit("car")
    tale.alarm("safety_loop", "in1")
    tale.alarm("approach_loop")
    tale.notes |= {"stayed up": True, "stayed down": True}


def blind_loop(tale: Tale) -> None:
    tale.visit("unseen", ending=None)
    tale.visit("after")
    tale.alarm("safety_loop")
    tale.notes["stayed up"] = True


def fire(tale: Tale) -> None:
    for role in ("waiting", "parked"):
        tale.visit(role, paid_fen=0, arrears_fen=0, ending="EXIT_OPEN_LANE", led=False)
    tale.visit("after")
    tale.rise("in1", cause=4)
    tale.rise("out1", cause=4)
    tale.notes["stayed up"] = True


def hold_open(tale: Tale) -> None:
    tale.rise("out1", cause=3)
    for role in ("one", "two"):
        tale.visit(role, paid_fen=0, ending="EXIT_OPEN_LANE", led=False)
    tale.visit("third")


def plc_reboot(tale: Tale) -> None:
    tale.visit("car")
    tale.notes["stayed down"] = True


def uncertain_entry(tale: Tale) -> None:
    entry = tale.passes("car", "in1", outcome="UNCERTAIN", note="UNCERTAIN")
    tale.leaves("car", entry, read_by="operator")
    tale.doubts.append({"passage": entry, "outcome": "inside"})


def server_kill(tale: Tale) -> None:
    tale.visit("payer")
    tale.visit("after")
    tale.passes("under", "in1")
    tale.notes["paid"] = "ok"


def two_way_lane(tale: Tale) -> None:
    tale.way = ("gate1", "gate1")
    came: dict[str, str] = {}
    for role in ORDER:
        if role in came:
            tale.leaves(role, came[role])
        else:
            came[role] = tale.passes(role, "gate1")
    tale.notes |= {"met": "second-first second-third", "the last way out": "kept", "stayed down": True}


def power_cut(tale: Tale) -> None:
    tale.visit("cut")
    tale.visit("after")


STORIES: dict[str, Callable[[Tale], None]] = {
    "rush-hour": rush_hour,
    "back-out": back_out,
    "fake-exit": fake_exit,
    "plate-swap": plate_swap,
    "unplated-car": unplated_car,
    "misread": misread,
    "two-stays-one-plate-apart": two_stays,
    "camera-off": camera_off,
    "late-notice": late_notice,
    "double-payment": double_payment,
    "paid-then-another-car": another_car,
    "wechat-off": wechat_off,
    "pay-score": pay_score,
    "scanner": scanner,
    "visitor": visitor,
    "tailgater": tailgater,
    "boom-hit": boom_hit,
    "stuck-loop": stuck_loop,
    "blind-loop": blind_loop,
    "fire": fire,
    "hold-open": hold_open,
    "two-way-lane": two_way_lane,
    "plc-reboot": plc_reboot,
    "uncertain-entry": uncertain_entry,
    "server-kill": server_kill,
    "power-cut": power_cut,
}


def judged(name: str, spoil: Callable[[Tale], object] = lambda tale: None) -> Verdict:
    tale = Tale()
    STORIES[name](tale)
    spoil(tale)
    return SCENARIOS[name].judge(tale.told())


def change(table: str, row: int, **columns: object) -> Callable[[Tale], None]:
    def spoil(tale: Tale) -> None:
        getattr(tale, table)[row].update(columns)

    return spoil


def without(table: str, row: int = -1) -> Callable[[Tale], None]:
    def spoil(tale: Tale) -> None:
        del getattr(tale, table)[row]

    return spoil


def test_every_scenario_has_a_story_here_and_says_what_it_expects() -> None:
    assert set(STORIES) == set(SCENARIOS)
    assert all(len(one.expected) > 20 for one in SCENARIOS.values())


@pytest.mark.parametrize("name", STORIES)
def test_the_expected_story_is_good(name: str) -> None:
    verdict = judged(name)
    assert verdict.ok, verdict.happened


@pytest.mark.parametrize("name", STORIES)
def test_a_scenario_in_which_nothing_happened_is_not_good(name: str) -> None:
    tale = Tale()
    STORIES[name](tale)
    assert not SCENARIOS[name].judge(Tale(cast=tale.cast).told()).ok


@pytest.mark.parametrize("name", STORIES)
def test_a_scenario_that_ended_before_all_its_cars_had_come_is_judged_and_not_good(name: str) -> None:
    lone = Tale()
    lone.passes("passer-by", "in1")
    assert not SCENARIOS[name].judge(lone.told()).ok


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("rush-hour", without("stays")),
        ("rush-hour", without("intents", 0)),
        ("rush-hour", lambda tale: tale.rise("in1", number=1)),
        ("back-out", change("passages", 0, outcome="UNCERTAIN")),
        ("back-out", lambda tale: tale.stays.append({**tale.stays[0], "id": "2"})),
        ("fake-exit", change("passages", 0, note="")),
        ("fake-exit", lambda tale: tale.pays("car")),
        ("plate-swap", lambda tale: tale.notes.update(down=False)),
        ("plate-swap", without("cases")),
        ("plate-swap", change("stays", 0, exit_passage="out1-9")),
        ("unplated-car", change("passages", 1, read_by="camera")),
        ("unplated-car", without("settlements")),
        ("misread", change("stays", 0, ending=None)),
        ("two-stays-one-plate-apart", change("stays", 0, exit_passage="out1-2")),
        ("camera-off", change("passages", 0, read_by="camera")),
        ("camera-off", lambda tale: [one.update(read_by="driver") for one in tale.passages]),
        ("camera-off", without("stays")),
        ("late-notice", change("settlements", 0, source="notice")),
        ("late-notice", lambda tale: tale.intents.append(dict(tale.intents[-1]))),
        ("double-payment", lambda tale: tale.pays("car")),
        ("pay-score", lambda tale: tale.pays("car")),
        ("pay-score", lambda tale: tale.orders[-1].update(state="ACCEPTED")),
        ("pay-score", lambda tale: tale.intents.append(dict(tale.intents[-1]))),
        ("visitor", lambda tale: tale.notes.clear()),
        ("visitor", lambda tale: tale.postings[-1].update(account="discount")),
        ("visitor", lambda tale: tale.postings[-1].update(amount_fen=400)),
        ("visitor", lambda tale: tale.stays[-1].update(fee_fen=0)),
        ("visitor", lambda tale: tale.orders.append({"stay": "stay-visitor", "kind": "QR", "state": "OPEN"})),
        ("scanner", lambda tale: tale.orders[0].update(state="OPEN")),
        ("scanner", lambda tale: tale.pays("car", surplus=True)),
        ("scanner", lambda tale: tale.stays[-1].update(exit_reason="PREPAID")),
        ("double-payment", lambda tale: tale.pays("car", surplus=True)),
        ("double-payment", lambda tale: tale.intents.append(dict(tale.intents[-1]))),
        ("paid-then-another-car", lambda tale: tale.notes.update({"stayed down": False})),
        ("paid-then-another-car", lambda tale: tale.rise("out1", number=2)),
        ("paid-then-another-car", without("requests")),
        ("paid-then-another-car", lambda tale: tale.intents.append(dict(tale.intents[-1]))),
        ("wechat-off", lambda tale: tale.pays("first")),
        ("wechat-off", change("stays", 0, arrears_fen=0)),
        ("wechat-off", without("settlements")),
        ("tailgater", change("stays", 1, ending="EXIT")),
        ("tailgater", change("stays", 1, arrears_fen=0)),
        ("tailgater", without("journal")),
        ("tailgater", lambda tale: tale.intents.append({**tale.intents[-1], "lane": "out1"})),
        ("boom-hit", lambda tale: tale.rise("out1", cause=1)),
        ("boom-hit", change("stays", 0, ending=None)),
        ("boom-hit", without("journal")),
        ("stuck-loop", lambda tale: tale.notes.update({"stayed up": False})),
        ("stuck-loop", lambda tale: tale.rise("out1")),
        ("stuck-loop", without("journal", 0)),
        ("blind-loop", change("stays", 0, ending="EXIT")),
        ("blind-loop", lambda tale: tale.notes.update({"stayed up": False})),
        ("fire", change("stays", 0, arrears_fen=500)),
        ("fire", change("stays", 1, ending=None)),
        ("fire", lambda tale: tale.rise("out1", cause=4)),
        ("hold-open", change("stays", 0, ending="EXIT")),
        ("hold-open", without("settlements")),
        ("two-way-lane", lambda tale: tale.truth.append(tale.truth.pop(2))),
        ("two-way-lane", lambda tale: tale.rise("gate1", cause=2)),
        ("two-way-lane", lambda tale: tale.notes.update({"the last way out": "shut"})),
        ("two-way-lane", lambda tale: tale.notes.update({"stayed down": False})),
        ("two-way-lane", lambda tale: tale.notes.update({"met": "second-first"})),
        ("two-way-lane", lambda tale: tale.intents.append(dict(tale.intents[-1]))),
        ("two-way-lane", change("stays", 2, ending="EXIT_OPEN_LANE")),
        ("two-way-lane", without("settlements")),
        ("plc-reboot", lambda tale: tale.rise("out1", cause=9)),
        ("plc-reboot", lambda tale: tale.notes.update({"stayed down": False})),
        ("uncertain-entry", change("doubts", 0, outcome="gone")),
        ("uncertain-entry", without("doubts")),
        ("uncertain-entry", change("passages", 0, note="")),
        ("uncertain-entry", change("stays", 0, fee_fen=0)),
        ("uncertain-entry", without("settlements")),
        ("server-kill", without("settlements", 0)),
        ("server-kill", without("passages")),
        ("power-cut", without("settlements", 0)),
        ("power-cut", lambda tale: tale.truth.append({"what": "struck", "car": "cut"})),
    ],
)
def test_a_story_with_one_thing_wrong_is_not_good(name: str, spoil: Callable[[Tale], object]) -> None:
    assert not judged(name, spoil).ok


def test_findings_say_what_was_wanted_only_where_it_was_not_found() -> None:
    found = Findings()
    found.same("openings", 1, 1)
    found.same("payments", 0, 1)
    found.want(True, "the boom stayed down", "the boom moved")
    assert found.verdict() == Verdict("openings: 1; payments: 0, not 1; the boom stayed down", ok=False)


def test_without_any_finding_there_is_no_good_verdict() -> None:
    assert not Findings().verdict().ok
