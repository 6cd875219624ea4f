"""The units that docs/install gives: systemd understands them, and they let the site do no more than it must."""

import configparser
import subprocess
from pathlib import Path

import pytest

from scada.alive import EVERY_S, SILENT_S

UNITS = Path(__file__).parents[2] / "docs" / "install"
MOST_EXPOSED = "20"
"""Tenths of a point of `systemd-analyze security`: 100 is a service that may do all, 0 one that may do nothing."""


def told_of(name: str) -> configparser.SectionProxy:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys have capitals
    unit.read(UNITS / name)
    return unit["Service"]


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("name", sorted(one.name for one in UNITS.glob("daozha*.*")))
def test_systemd_understands_every_line(name: str, tmp_path: Path) -> None:
    text = (UNITS / name).read_text().replace("/opt/daozha/current/bin/daozha", "/bin/true")
    for other in UNITS.glob("daozha*.*"):
        (tmp_path / other.name).write_text(text if other.name == name else "[Service]\nExecStart=/bin/true\n")
    answer = analyze("verify", "--man=no", str(tmp_path / name))
    assert (answer.returncode, answer.stderr) == (0, "")


@pytest.mark.parametrize("name", ["daozha.service", "daozha-backup.service"])
def test_a_unit_lets_the_site_do_no_more_than_it_must(name: str) -> None:
    answer = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(UNITS / name))
    assert answer.returncode == 0, answer.stdout.splitlines()[-1]


def test_systemd_waits_longer_for_us_than_we_for_our_parts() -> None:
    site = told_of("daozha.service")
    assert site["Type"] == "notify"
    assert float(site["WatchdogSec"]) > max(SILENT_S, 5 * EVERY_S)
    assert float(site["TimeoutStartSec"]) > 5 * 60, "five parts, a minute each"
    assert site["KillMode"] == "mixed", "the parts are stopped by us, in reverse"
