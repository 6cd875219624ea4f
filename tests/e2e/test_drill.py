"""`daozha drill` in its short form: the whole site and its virtual car park, judged. `make soak` runs the long ones."""

import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import recorded
from tests.support.house import ROOT, site_beside
from tests.support.ua import STRONG

LIMIT_S = 400
"""Three cars take a minute; on a busy machine more. The seeds are of cars that stay short, yet long enough to owe."""


def drill(*options: str) -> tuple[dict[str, object], Path]:
    """Run a drill; give what it told and the folder of its site, which it keeps."""
    done = _daozha("drill", "--json", "--keep", "--speed", "240", *options)
    folder = re.search(r"the site's folder: (\S+)", done.stderr)
    assert folder is not None, done.stderr
    return json.loads(done.stdout), Path(folder[1])


def secured(folder: Path) -> Path:
    """Write the shipped site with its OPC UA link signed and encrypted."""
    table = (ROOT / "plc" / "sim" / "devices.csv").read_text(encoding="utf-8")
    open_row, secured_row = (f",4840,,,,,,2000,,,,{security},0" for security in ("", STRONG))
    assert open_row in table
    (folder / "devices.csv").write_text(table.replace(open_row, secured_row), encoding="utf-8")
    return site_beside(folder, ('devices = "plc/sim/devices.csv"', 'devices = "devices.csv"'))


def openings(folder: Path) -> dict[str, list[dict[str, int]]]:
    """Reconcile the openings of a drill, all days of it; take its folder away."""
    since = (datetime.now(UTC) - timedelta(days=30)).date()
    done = _daozha("report", "openings", "--json", "--from", f"{since}", "--config", str(folder / "config.toml"))
    shutil.rmtree(folder)
    told: dict[str, list[dict[str, int]]] = json.loads(done.stdout)
    return told


def _daozha(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scada", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.mark.timeout(LIMIT_S + 30)
def test_every_car_of_a_drill_comes_pays_and_leaves_and_the_judge_finds_nothing() -> None:
    told, folder = drill("--cars", "3", "--seed", "56")
    assert (told["entered"], told["exited"], told["stays_closed"], told["stays_open"]) == (3, 3, 3, 0)
    assert told["fees_fen"] == told["settled_fen"] != 0
    assert (told["unexplained_openings"], told["wrong_car_openings"], told["invariants_broken"]) == (0, 0, [])
    assert isinstance(told["history_points"], int)
    assert told["history_points"] > 0
    assert recorded.wrong_in(folder) == []
    report = openings(folder)
    assert sum(row["openings"] for row in report["rows"]) == told["gate_openings"]
    assert sum(row["stays_begun"] for row in report["rows"]) == 3
    assert report["unexplained"] == []


@pytest.mark.timeout(LIMIT_S + 30)
def test_back_outs_followers_and_unread_plates_break_no_invariant_over_an_encrypted_link_either(tmp_path: Path) -> None:
    site = str(secured(tmp_path))
    told, folder = drill("--cars", "5", "--seed", "14", "--scenario", "paths", "--config", site)
    assert (told["exited"], told["stays_closed"]) == (5, 5)
    assert told["fees_fen"] == told["settled_fen"]
    assert (told["unexplained_openings"], told["wrong_car_openings"], told["invariants_broken"]) == (0, 0, [])
    assert told["back_outs"] != 0
    report = openings(folder)
    assert sum(row["openings"] for row in report["rows"]) == told["gate_openings"]
    assert report["unexplained"] == []
