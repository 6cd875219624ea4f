"""The wheel holds everything: away from the source tree it sets up a site, checks it, runs it, and lets in."""

import zipfile
from pathlib import Path

import pytest

from tests.support import wheel
from tests.support.house import ROOT

pytestmark = pytest.mark.timeout(400)


def test_the_wheel_holds_what_is_no_code(built: Path) -> None:
    names = set(zipfile.ZipFile(built).namelist())
    for package in ("scada", "plc", "lpr", "billing", "hmi"):
        tracked = {str(path.relative_to(ROOT)) for path in (ROOT / package).rglob("*") if path.is_file()}
        assert {name for name in tracked if "__pycache__" not in name} <= names
    pages = {f"scada/_shipped/{path.relative_to(ROOT)}" for path in (ROOT / "docs").rglob("*") if path.is_file()}
    assert pages | {"scada/_shipped/config.toml", "scada/_shipped/requirements-postgres.txt"} <= names
    assert not {name for name in names if name.startswith("tests/")}


def test_a_site_is_set_up_checked_and_run_without_the_source_tree(program: Path, tmp_path: Path) -> None:
    port, site = wheel.free_block(), tmp_path / "site"
    (tmp_path / "password").touch(0o600)
    (tmp_path / "password").write_text(wheel.PASSWORD)
    words = ("--virtual", "--yes", "--port", str(port), "--password-file", tmp_path / "password")
    made = wheel.run(program, "init", site, *words, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert "a picture of 1280 × 720" in made.stdout, "init ends in a check of what answers"
    checked = wheel.run(program, "check", "--config", site / "config.toml", cwd=tmp_path)
    assert (checked.returncode, checked.stderr) == (0, "")
    with wheel.running([program, "run", "--config", site / "config.toml", "--with-sim"], tmp_path, port) as door:
        assert not door.lets_in("admin", "not the password")
        assert door.lets_in("admin", wheel.PASSWORD)
        online = wheel.run(program, "check", "--online", "--config", site / "config.toml", cwd=tmp_path)
        assert online.returncode == 0, online.stderr


def test_what_is_read_is_the_wheels_own(program: Path, tmp_path: Path) -> None:
    where = "import scada.shipped as s; print(s.CONFIG.is_file(), s.INSTALL.is_dir(), s.PLACE)"
    told = wheel.run(program.with_name("python"), "-c", where, cwd=tmp_path).stdout.split()
    assert told[:2] == ["True", "True"]
    assert str(ROOT) not in told[2]
