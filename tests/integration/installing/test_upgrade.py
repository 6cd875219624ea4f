"""`daozha upgrade` on real wheels and a running site: forward, back by hand, and back by itself when it must."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scada.commands.upgrade.versions import UpgradeError, Versions, version_in
from tests.support import wheel
from tests.support.installed import LATER, Installed, set_up
from tests.support.store import rows_of

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """Give a site that runs 0.1.0, as each of these tests leaves it."""
    folder = tmp_path_factory.mktemp("up")
    wheel.install(wheel.environment(folder / "opt" / "versions" / "0.1.0"), built)
    with set_up(folder) as site:
        yield site


def bring(site: Installed, version: str, *, breaks: str = "") -> None:
    """Put a later version with one migration more beside the one that runs; `breaks`: its file that does not load."""
    if (site.root / "versions" / version).exists():
        return
    source = wheel.later(site.folder / "src" / version, version, LATER)
    if breaks:
        (source / breaks).write_text("raise SystemExit('broken on purpose')\n")
    made = wheel.build(site.folder / "dist" / version, source)
    wheel.install(wheel.environment(site.root / "versions" / version), made)


def test_a_site_is_upgraded_and_goes_back_with_the_data_it_had(installed: Installed) -> None:
    bring(installed, "0.2.0")
    looked = installed.upgrade("0.2.0", "--check")
    assert looked.returncode == 0, looked.stderr
    assert "from 0.1.0 to 0.2.0; tables of revision 00" in looked.stdout
    assert (installed.runs, installed.has_later_table()) == ("0.1.0", False)

    done = installed.upgrade("0.2.0")
    assert (done.returncode, installed.runs) == (0, "0.2.0"), done.stderr
    assert installed.has_later_table()
    assert installed.door.lets_in("admin", wheel.PASSWORD)

    refused = installed.daozha("migrate", version="0.1.0")
    assert refused.returncode == 2
    assert "of a later daozha (revision 9001)" in refused.stderr
    assert installed.has_later_table()

    (installed.root / "upgraded.json").rename(installed.root / "upgrading.json")
    again = installed.upgrade("0.2.0", "--check")
    assert "was cut off, and is done: it runs" in again.stderr
    assert "0.2.0 runs already" in again.stderr

    back = installed.upgrade("--back")
    assert (back.returncode, installed.runs) == (0, "0.1.0"), back.stderr
    assert not installed.has_later_table()
    assert installed.door.lets_in("admin", wheel.PASSWORD)
    assert installed.daozha("audit", "verify").returncode == 0
    assert installed.upgrade("--back").returncode == 2, "there is nothing before that"


def test_a_version_that_does_not_come_up_is_left_by_itself(installed: Installed) -> None:
    bring(installed, "0.3.0", breaks="scada/app.py")
    assert installed.daozha("user", "add", "wang").returncode == 0
    before = set((installed.folder / "s").glob("data.2*/daozha.db"))
    done = installed.upgrade("0.3.0", within_s=30)
    assert (done.returncode, installed.runs) == (1, "0.1.0"), done.stderr
    assert "0.3.0 has not come up within 30 s" in done.stderr
    assert "0.1.0 runs again" in done.stdout
    assert not installed.has_later_table()
    assert {name for (name,) in rows_of(installed.config, "SELECT name FROM operator")} == {"admin", "wang"}
    assert installed.door.lets_in("admin", wheel.PASSWORD)
    left = set((installed.folder / "s").glob("data.2*/daozha.db")) - before
    assert len(left) == 1, "what the broken version left is kept to be looked at"


def test_an_upgrade_that_was_cut_off_is_named_and_leads_back(installed: Installed) -> None:
    bring(installed, "0.2.0")
    installed.systemctl("stop")
    backup = installed.daozha("backup", "--json").stdout
    folder = backup.split('"folder": "')[1].split('"')[0]
    told = f'{{"before": "0.1.0", "after": "0.2.0", "backup": "{folder}"}}'
    (installed.root / "upgrading.json").write_text(told)
    assert installed.daozha("migrate", version="0.2.0").returncode == 0
    again = installed.upgrade("0.2.0")
    assert again.returncode == 2
    assert "was broken off: daozha upgrade --back" in again.stderr
    back = installed.upgrade("--back")
    assert back.returncode == 0, back.stderr
    assert (installed.runs, installed.has_later_table()) == ("0.1.0", False)


def test_what_cannot_be_done_is_said_before_anything_is_touched(program: Path, tmp_path: Path) -> None:
    config, versions = tmp_path / "s" / "config.toml", tmp_path / "versions"
    wheel.run(program, "init", tmp_path / "s", "--virtual", "--yes", "--port", "30100", cwd=tmp_path)
    (versions / "0.1.0" / "bin").mkdir(parents=True)
    (versions / "0.1.0" / "bin" / "daozha").touch()

    def told(*words: str) -> str:
        done = wheel.run(program, "upgrade", *words, "--root", tmp_path, "--config", config, cwd=tmp_path)
        assert done.returncode == 2, done.stderr
        return done.stderr

    assert "there is no such link" in told("0.1.0")
    (tmp_path / "current").symlink_to("versions/0.1.0")
    assert "0.1.0 runs already" in told("0.1.0")
    assert "there is no such version" in told("0.9.9")
    assert "name the wheel" in told()
    assert "No such file" in told("nothing.whl")
    assert "no way back" in told("--back")


def test_an_environment_that_cannot_be_made_whole_is_taken_away(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    versions = Versions(tmp_path)
    with pytest.raises(UpgradeError, match=r"pip.*No matching distribution"):
        versions.make(built, version_in(built), "")
    assert not versions.is_there("0.1.0")
    assert not versions.folder("0.1.0").exists()
    assert "--hash=sha256:" in (tmp_path / "versions" / "0.1.0.txt").read_text()
    (tmp_path / "other.whl").write_bytes(b"no zip")
    with pytest.raises(UpgradeError, match="is no wheel"):
        version_in(tmp_path / "other.whl")
