"""The way back of an upgrade where the tables are in PostgreSQL: into an empty database, and the site is led there."""

from pathlib import Path

import pytest

from scada import shipped
from scada.commands.upgrade.site import Site
from scada.config import load
from scada.store.db import database_url
from tests.support import wheel
from tests.support.postgres import Postgres
from tests.support.store import rows_of

pytestmark = pytest.mark.timeout(120)


def test_the_way_back_on_postgresql_leads_to_the_tables_of_the_backup(
    program: Path, postgres: Postgres, tmp_path: Path
) -> None:
    for name in ("database_url.txt", "spare.txt", "password"):
        (tmp_path / name).touch(0o600)
    (tmp_path / "password").write_text(wheel.PASSWORD)
    for name in ("database_url.txt", "spare.txt"):
        (tmp_path / name).write_text(postgres.url(postgres.make()).replace("postgresql+psycopg:", "postgresql:"))
    text = (shipped.INSTALL / "answers.toml").read_text(encoding="utf-8")
    answers = tmp_path / "answers.toml"
    answers.write_text(text.replace("# database_url_file", "database_url_file", 1), encoding="utf-8")
    words = ("--answers", answers, "--yes", "--data", tmp_path / "s" / "data", "--backups", tmp_path / "b")
    made = wheel.run(program, "init", tmp_path / "s", *words, "--password-file", tmp_path / "password", cwd=tmp_path)
    assert "admin may sign in as administrator" in made.stdout, made.stderr
    config = tmp_path / "s" / "config.toml"
    site = Site.of(load(config), config, "daozha")
    backup = site.backup(program)
    assert wheel.run(program, "user", "add", "wang", "--config", config, cwd=tmp_path).returncode == 0
    before = database_url(load(config))

    aside = site.bring_back(program, Path(backup), nothing_since=True, database=tmp_path / "spare.txt")

    assert database_url(load(config)) != before
    assert rows_of(config, "SELECT name FROM operator") == [("admin",)]
    assert (tmp_path / "s" / "data" / "database_url.txt").stat().st_mode & 0o777 == 0o600
    assert (aside / "database_url.txt").read_text() == (tmp_path / "database_url.txt").read_text()
    assert wheel.run(program, "audit", "verify", "--config", config, cwd=tmp_path).returncode == 0
