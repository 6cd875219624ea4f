"""`daozha drill --chaos` in its short form: two faults on a running site, timed, judged and reported."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.house import ROOT

LIMIT_S = 400


@pytest.mark.timeout(LIMIT_S + 30)
def test_a_killed_plant_and_a_wechat_that_is_away_are_survived_and_stand_in_the_report(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    words = ["--minutes", "0.5", "--seed", "1", "--only", "kill-plant,wechat-away", "--json", "--report", str(report)]
    command = [sys.executable, "-m", "scada", "drill", "--chaos", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert {one["name"]: one["survived"] for one in told["faults"]} == {"kill-plant": True, "wechat-away": True}
    assert told["invited"] == told["entered"] == told["exited"] > 0
    assert told["broken"] == []
    assert "passed · 合格" in report.read_text(encoding="utf-8")
