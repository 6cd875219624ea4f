"""Five days of a 1,000-space car park in virtual time, all faults mixed in, and what the verdict would not overlook.

The year is in `make soak`.
"""

import json
from dataclasses import replace
from random import Random

import pytest

from scada.model.handshake import PassageOutcome
from scada.model.lane.words import Ending
from scada.model.money import Fen
from scada.sim.virtual import carpark
from scada.sim.virtual.__main__ import main
from scada.sim.virtual.carpark import CarPark
from scada.sim.virtual.reconcile import reconcile
from scada.sim.virtual.report import report_of
from scada.sim.virtual.verdict import judge

DAYS, STAYS_A_DAY = 5, 720


def small_park(seed: int = 3) -> CarPark:
    """One day with few cars."""
    park = CarPark(Random(seed), 100)  # noqa: S311 a play, not a secret
    park.run_day(0)
    park.close()
    return park


@pytest.mark.timeout(600)  # on a machine that has nothing else to do it takes half a minute
def test_five_virtual_days_with_every_fault_break_no_rule(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--days", str(DAYS), "--stays-a-day", str(STAYS_A_DAY), "--seed", "2", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["broken"] == []
    assert code == 0
    assert told["figures"]["stays"] > 3_000
    assert told["figures"]["rises"] == sum(lane["rises"] for lane in told["lanes"])
    assert {"server-restart", "plc-restart", "power-cut", "boom-jammed", "wechat-off"} <= set(told["periods"])


def test_a_day_is_told_to_people_and_to_programs(capsys: pytest.CaptureFixture[str]) -> None:
    few = ["--days", "1", "--stays-a-day", "40", "--seed", "5"]
    assert main([*few, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"]
    assert [lane["rises"] for lane in told["lanes"]] == [lane["causes"] for lane in told["lanes"]]
    assert main(few) == 0
    assert "no rule broken" in capsys.readouterr().out


def test_the_same_seed_gives_the_same_days() -> None:
    one, other = (report_of(small_park(), 1, 3, 0.0) for _ in range(2))
    assert one == other
    assert report_of(small_park(seed=4), 1, 3, 0.0) != one


def test_who_came_to_a_lane_as_the_days_ended_gets_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carpark, "CLOSING_MS", 0)
    park = CarPark(Random(3), 100)  # noqa: S311 a play, not a secret
    park.run_day(0)
    while not any(post.road.length for post in park.posts):
        park.agenda.run_until(park.agenda.now_ms + 1000)
    park.close()
    assert judge(park).broken == ()


def test_a_quiet_day_is_even_and_breaks_no_rule() -> None:
    park = small_park()
    assert judge(park).broken == ()
    assert all(row.is_even for row in reconcile(park))


def test_a_rise_without_a_cause_record_is_found() -> None:
    park = small_park()
    park.books.rises.pop()
    assert any("cause records" in sentence for sentence in judge(park).broken)
    assert not all(row.is_even for row in reconcile(park))


def test_a_rise_with_two_cause_records_is_found() -> None:
    park = small_park()
    park.books.rises.append(park.books.rises[-1])
    assert any("cause records" in sentence for sentence in judge(park).broken)


def test_a_fen_too_much_is_found() -> None:
    park = small_park()
    stay = next(stay for stay in park.till.stays.values() if stay.ending is Ending.EXIT and stay.paid_fen)
    stay.paid_fen = Fen(stay.paid_fen + 1)
    broken = judge(park).broken
    assert any(f"stay {stay.id}: fee" in sentence for sentence in broken)
    assert any("not what was settled" in sentence for sentence in broken)


def test_an_opening_that_nobody_had_leave_for_is_found() -> None:
    park = small_park()
    park.books.leaves.pop()
    assert any("nobody had leave" in sentence for sentence in judge(park).broken)


def test_a_stay_that_ended_on_a_passage_that_was_not_completed_is_found() -> None:
    park = small_park()
    exits = {stay.exit_passage for stay in park.till.stays.values() if stay.exit_passage}
    place = next(place for place, row in enumerate(park.books.passages) if row.id in exits)
    park.books.passages[place] = replace(park.books.passages[place], outcome=PassageOutcome.BACKED_OUT)
    assert any("without a completed passage" in sentence for sentence in judge(park).broken)


def test_a_car_that_leaves_on_the_stay_of_another_is_found() -> None:
    park = small_park()
    one, other = [stay for stay in park.till.stays.values() if stay.ending is Ending.EXIT][:2]
    one.exit_passage, other.exit_passage = other.exit_passage, one.exit_passage
    assert any("of another car" in sentence for sentence in judge(park).broken)


def test_a_stay_that_is_lost_is_found() -> None:
    park = small_park()
    post = next(post for post in park.posts if post.stays)
    number, stay = post.stays.popitem()
    assert any("in without a stay" in sentence for sentence in judge(park).broken), (number, stay)
