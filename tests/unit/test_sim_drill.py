"""When a drill is good, and what it leaves behind."""

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest
from rich.console import Console

from scada.sim.drill import is_good, main, report, report_plays, until_told
from scada.sim.trial.series import Plan, Result, merged, plans
from scada.sim.trial.shape import Shape

GOOD: dict[str, object] = {
    "cars": 2,
    "entered": 2,
    "exited": 2,
    "fees_fen": 500,
    "settled_fen": 500,
    "unexplained_openings": 0,
    "wrong_car_openings": 0,
    "left_to_stocktake": 0,
    "invariants_broken": [],
}


@pytest.mark.parametrize(
    "change",
    [
        {"entered": 1},
        {"exited": 1},
        {"settled_fen": 400},
        {"unexplained_openings": 1},
        {"wrong_car_openings": 1},
        {"left_to_stocktake": 1},
        {"invariants_broken": ["8: …"]},
    ],
)
def test_a_drill_is_good_only_when_all_cars_left_and_nothing_is_broken(change: dict[str, object]) -> None:
    assert is_good(GOOD)
    assert not is_good({**GOOD, **change})


def test_a_good_drill_prints_one_json_object_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    assert report(GOOD, folder, Console(stderr=True), as_json=True, keep=False) == 0
    assert json.loads(capsys.readouterr().out) == GOOD
    assert not folder.exists()


def test_a_broken_drill_keeps_its_site_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = {**GOOD, "exited": 1}
    assert report(bad, tmp_path, Console(stderr=True), as_json=False, keep=False) == 1
    assert "exited" in capsys.readouterr().out
    assert tmp_path.exists()


def test_a_scenario_nobody_knows_is_refused_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--scenario", "back-out,sunshine"])
    assert "no scenario sunshine" in capsys.readouterr().err


def test_scenarios_are_told_as_a_list_with_their_words_and_one_bad_one_fails_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = Result("back-out", "what should", "what did", ok=True), Result("fire", "a", "b", ok=False)
    screen = Console(stderr=True)
    assert report_plays([good], tmp_path, screen, as_json=True, keep=True) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"scenario": "back-out", "expected": "what should", "happened": "what did", "ok": True}
    ]
    assert report_plays([good, bad], tmp_path, screen, as_json=False, keep=True) == 1
    assert "what did" in capsys.readouterr().out


def test_a_scenario_that_must_hold_over_both_protocols_is_played_on_both_sites_and_told_as_one() -> None:
    assert plans(["back-out", "paid-then-another-car"]) == [
        Plan(("back-out", "paid-then-another-car")),
        Plan(("paid-then-another-car",), Shape.SWAPPED),
    ]
    assert plans(["two-way-lane"]) == [Plan(("two-way-lane",), Shape.GATE), Plan(("two-way-lane",), Shape.GATE_SWAPPED)]
    plays = [Result("j", "e", "over opcua: x", ok=True), Result("k", "e", "y", ok=True)]
    plays.append(Result("j", "e", "over modbus: z", ok=False))
    assert merged(plays) == [
        Result("j", "e", "over opcua: x | over modbus: z", ok=False),
        Result("k", "e", "y", ok=True),
    ]


def test_a_day_that_cannot_be_read_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    day = tmp_path / "day.csv"
    day.write_text("time,direction\n8 o'clock,in\n")
    assert main(["--arrivals", str(day)]) == 2
    assert "day.csv row 2, column time" in capsys.readouterr().err


def test_a_drill_without_a_configuration_is_refused(tmp_path: Path) -> None:
    assert main(["--config", str(tmp_path / "none.toml"), "--cars", "1"]) == 2


@pytest.mark.parametrize("order", [signal.SIGINT, signal.SIGTERM])
async def test_who_is_told_to_stop_is_cancelled_once_and_may_tidy_up(order: signal.Signals) -> None:
    tidied = asyncio.Event()

    async def work() -> None:
        try:
            os.kill(os.getpid(), order)
            await asyncio.Event().wait()
        finally:
            os.kill(os.getpid(), order)
            await asyncio.sleep(0)
            tidied.set()

    with pytest.raises(asyncio.CancelledError):
        await until_told(work())
    assert tidied.is_set()
