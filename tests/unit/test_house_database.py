"""`[database]`: where the URL of PostgreSQL comes from, what it is given, and what `daozha check` says of it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import make_url

from scada.__main__ import main
from scada.check import Mistake, Severity, check
from scada.check.database import Unfit, database_can_be_named, fitness
from scada.check.reading import read
from scada.config import ConfigError, load
from scada.store.db import StoreError, database_url, looking, migrate, place
from tests.support.house import site_beside
from tests.support.postgres import Postgres, PostgresProcess
from tests.support.store import empty_database

Out = pytest.CaptureFixture[str]
Write = Callable[..., Path]
URL = "postgresql://daozha:geheim%40%2F1@db.example/park"
SECTION = '[database]\nurl_file = "url.txt"\n'


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Give a function that writes a site with a URL in a file, and some more keys."""

    def written(url: str = URL, *keys: str, mode: int = 0o600) -> Path:
        (tmp_path / "data").mkdir()
        secret = tmp_path / "data" / "url.txt"
        secret.write_text(f"{url}\n", encoding="utf-8")
        secret.chmod(mode)
        section = SECTION + "".join(f"{key}\n" for key in keys)
        return site_beside(tmp_path, ("# data = ", 'data = "data"  # '), ("# [database]", f"{section}# "))

    return written


def about(file: Path) -> list[Mistake]:
    return [one for one in check(file) if one.key.startswith("database")]


def named(file: Path) -> list[Mistake]:
    """Give what is wrong with the URL itself; nobody is asked on the network."""
    reading, _ = read(file)
    assert reading is not None
    return list(database_can_be_named(reading))


def test_the_url_is_given_the_limits_of_the_configuration_and_its_way_of_encryption(write: Write) -> None:
    file = write(URL, "connect_s = 7", "lock_s = 2.5", "statement_s = 30", 'ssl = "verify-full"')
    url = make_url(database_url(load(file)))
    assert (url.drivername, url.password, url.host) == ("postgresql+psycopg", "geheim@/1", "db.example")
    assert url.query["connect_timeout"] == "7"
    assert url.query["options"] == "-c lock_timeout=2500 -c statement_timeout=30000"
    assert url.query["sslmode"] == "verify-full"
    assert named(file) == []


def test_what_the_url_says_itself_stands(write: Write) -> None:
    url = make_url(database_url(load(write(f"{URL}?sslmode=require&connect_timeout=3", 'ssl = "disable"'))))
    assert (url.query["sslmode"], url.query["connect_timeout"]) == ("require", "3")


def test_a_site_says_where_its_tables_are_without_the_password(write: Write) -> None:
    assert place(make_url(database_url(load(write())))) == "postgresql+psycopg://daozha:***@db.example/park"


@pytest.mark.parametrize(
    ("url", "mode", "said"),
    [
        (URL, 0o640, "chmod 600"),
        ("mysql://daozha:geheim@db.example/park", 0o600, "not the URL of a PostgreSQL database"),
        ("postgresql://daozha:geheim@db.example", 0o600, "not the URL of a PostgreSQL database"),
        ("geheim", 0o600, "no URL"),
        ("", 0o600, "no URL"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_and_not_shown(
    write: Write, capsys: Out, url: str, mode: int, said: str
) -> None:
    file = write(url, mode=mode)
    with pytest.raises(ConfigError, match=said):
        database_url(load(file))
    [mistake, *_] = about(file)
    assert mistake.key == "database.url_file"
    assert said in mistake.what
    assert main(["migrate", "--config", str(file)]) == 2
    assert main(["report", "openings", "--config", str(file)]) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert "geheim" not in told.err + told.out + str(about(file))


def test_a_file_that_is_not_there_is_named(write: Write, tmp_path: Path) -> None:
    file = write()
    (tmp_path / "data" / "url.txt").unlink()
    [mistake, *_] = about(file)
    assert "No such file" in mistake.what


def test_a_password_that_may_go_over_the_network_in_the_open_is_warned_of(write: Write) -> None:
    [warning] = named(write())
    assert "db.example may not be encrypted" in warning.what
    assert warning.severity is Severity.WARNING


def test_keys_that_are_wrong_are_told_with_their_lines(write: Write) -> None:
    file = write(URL, "lock_s = 0", 'ssl = "yes"')
    assert {one.key for one in about(file)} >= {"database.lock_s", "database.ssl"}


def test_a_server_that_is_away_is_told_by_every_command(write: Write, capsys: Out) -> None:
    file = str(write("postgresql://daozha:geheim@127.0.0.1:1/park?connect_timeout=2"))
    for words in (["migrate"], ["report", "openings"], ["check"]):
        main([*words, "--config", file])
        told = capsys.readouterr().err
        assert "127.0.0.1" in told
        assert "geheim" not in told


def test_a_server_is_looked_at_before_it_is_trusted_with_money(on_postgres: Postgres) -> None:
    with pytest.raises(Unfit, match="fsync is off"):
        fitness(empty_database(Path("a")))


def test_who_may_not_make_tables_is_told(safe_postgres: PostgresProcess) -> None:
    url = safe_postgres.url(safe_postgres.make())
    assert "it has no tables yet" in fitness(url)
    migrate(url)
    assert "its tables are there" in fitness(url)
    safe_postgres.ask("CREATE USER guest")
    guest = make_url(url).set(username="guest").render_as_string()
    with pytest.raises(Unfit, match="guest may not make tables"):
        fitness(guest)


def test_a_database_in_another_encoding_is_told(safe_postgres: PostgresProcess) -> None:
    safe_postgres.ask("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    with pytest.raises(Unfit, match="its encoding is LATIN1"):
        fitness(safe_postgres.url("latin"))


def test_looking_makes_nothing(on_postgres: Postgres, tmp_path: Path) -> None:
    with looking(empty_database(tmp_path)) as connection:
        assert connection is None
    with pytest.raises(StoreError, match="read from"), looking("postgresql+psycopg://127.0.0.1:1/x"):
        raise AssertionError
