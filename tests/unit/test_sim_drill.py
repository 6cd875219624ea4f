"""When a drill is good, and what it leaves behind."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from scada.sim.drill import is_good, main, report

GOOD: dict[str, object] = {
    "cars": 2,
    "entered": 2,
    "exited": 2,
    "fees_fen": 500,
    "settled_fen": 500,
    "unexplained_openings": 0,
    "wrong_car_openings": 0,
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


def test_a_drill_without_a_configuration_is_refused(tmp_path: Path) -> None:
    assert main(["--config", str(tmp_path / "none.toml"), "--cars", "1"]) == 2
