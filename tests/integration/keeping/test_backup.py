"""A backup of a site while it runs, proved by restoring it: all of it comes back, or nothing does."""

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config as AlembicConfig
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scada.__main__ import main
from scada.backup import BackupError, manifest, signature
from scada.backup.copying import Pace, copy_database
from scada.backup.make import Job, Made
from scada.backup.restore import Restore
from scada.backup.shelf import Shelf
from scada.backup.sources import of_data
from scada.backup.verify import Trial
from scada.config import load
from scada.model.names import SiteId
from scada.ports import JournalEntry
from scada.secretfile import own_key
from scada.store.db import database_url, writing_engine
from scada.store.journal import verify, write_entries
from scada.store.sql.revisions import MIGRATIONS
from tests.support.billing import made_config
from tests.support.house import ROOT
from tests.support.store import empty_database, is_sqlite, made_database

AT = datetime(2026, 5, 1, 3, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key()
JPEG = b"\xff\xd8" + b"x" * 3000


class Killed(BaseException):
    """The process was killed here."""


class Quick(Pace):
    """Does not rest; a test may look in at every step."""

    def __init__(self, dies_after: int | None = None) -> None:
        super().__init__(lambda _s: None)
        self._left = dies_after

    def rest(self) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise Killed


class House:
    """A site that has run for a while."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = made_config(folder)
        self.data = self.config.data
        self.url = made_database(self.data)
        if not is_sqlite():
            (self.data).mkdir(exist_ok=True)
            (self.data / "database_url.txt").write_text(self.url.replace("+psycopg", ""))
            (self.data / "database_url.txt").chmod(0o600)
            with (folder / "config.toml").open("a") as file:
                file.write('\n[database]\nurl_file = "database_url.txt"\n')
            self.config = load(folder / "config.toml")
        for number in range(3):
            self.picture(number)
        self.put("maps/0001/map", "tag,address\n")
        self.put("bills/20260430.csv", "a bill\n")
        self.put("run/control.sock.tmp", "not kept")
        self.put("run/control.key", "not kept either")
        self.put("wechat/apiv3_key.txt", "secret", 0o600)
        own_key(self.config.plate_key)
        (self.data / "history").mkdir()
        with closing(sqlite3.connect(self.data / "history" / "history.db")) as history:
            history.executescript("PRAGMA journal_mode=WAL; CREATE TABLE point (ts INTEGER PRIMARY KEY, value REAL)")
            history.execute("INSERT INTO point VALUES (1, 2.5)")
            history.commit()
        self.tell(5)

    def put(self, place: str, text: str, mode: int = 0o644) -> None:
        path = self.data / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def picture(self, number: int) -> Path:
        path = self.data / "pictures" / "20260501" / f"20260501T080000{number:03d}-0123456789ab.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(JPEG + bytes([number]))
        return path

    def tell(self, count: int) -> None:
        entries = [JournalEntry("event", "test", "happened", body={"n": n, "pad": "x" * 500}) for n in range(count)]
        engine = writing_engine(database_url(self.config))
        with engine.begin() as connection:
            write_entries(connection, SiteId("demo"), AT, entries)
        engine.dispose()

    def backup(
        self, later_h: float = 0.0, *, keep: int = 14, with_secrets: bool = False, pace: Pace | None = None
    ) -> Made:
        shelf = Shelf(self.folder / "backups", "demo")
        at = AT + timedelta(hours=later_h)
        return Job(self.config, self.folder / "config.toml", shelf, at, keep, KEY, with_secrets, pace or Quick()).make()

    def restore(self, backup: Path, to: str = "back", url: str | None = None) -> Path:
        return Restore(backup, self.folder / to, AT + timedelta(days=1), PUBLIC, url, pace=Quick()).run().folder

    def empty(self, name: str = "back") -> str | None:
        return None if is_sqlite() else empty_database(self.folder, name)


def files_of(folder: Path) -> dict[str, bytes]:
    """Give what lies below a folder, but for databases and what a start makes."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    told = {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
    return {
        place: held for place, held in told.items() if ".db" not in place and not place.startswith(("run/", "site/"))
    }


@pytest.mark.usefixtures("any_database")
def test_what_is_put_back_is_what_was_there(tmp_path: Path) -> None:
    house = House(tmp_path)
    made = house.backup(with_secrets=True)
    verdict = Trial(made.folder, PUBLIC, tmp_path, house.empty("trial"), Quick()).run()
    assert verdict.faults == ()
    back = house.restore(made.folder, url=house.empty())
    assert files_of(back) == files_of(house.data)
    assert (back / "site" / "config.toml").read_bytes() == (tmp_path / "config.toml").read_bytes()
    assert (back / "wechat" / "apiv3_key.txt").stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(back / "history" / "history.db")) as history:
        assert history.execute("SELECT * FROM point").fetchall() == [(1, 2.5)]
    engine = writing_engine(f"sqlite:///{back / 'daozha.db'}" if is_sqlite() else str(house.empty()))
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM journal WHERE what = 'happened'").scalar_one() == 5
        assert connection.exec_driver_sql("SELECT what FROM journal WHERE n = 6").scalar_one() == "backup put back"
        assert verify(connection) is None
    engine.dispose()


def test_a_backup_is_one_state_although_the_site_writes_all_the_time(tmp_path: Path) -> None:
    house, stop = House(tmp_path), threading.Event()
    house.tell(1000)

    def works() -> None:
        while not stop.is_set():
            house.tell(3)

    worker = threading.Thread(target=works)
    worker.start()
    try:
        made = house.backup(pace=Pace(lambda _s: house.tell(1)))
    finally:
        stop.set()
        worker.join()
    assert Trial(made.folder, PUBLIC, tmp_path, pace=Quick()).run().faults == ()
    with closing(sqlite3.connect(house.data / "daozha.db")) as live:
        assert live.execute("SELECT max(n) FROM journal").fetchone()[0] > made.manifest.database.journal_n >= 1005


def test_until_when_history_was_recorded_is_read_just_before_its_points(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.put("history/history.until", "1")
    places = [source.place for source in of_data(house.config)]
    assert places[:3] == ["data/daozha.db", "data/history/history.until", "data/history/history.db"]


def test_a_state_that_is_copied_in_steps_does_not_begin_anew_at_every_write(tmp_path: Path) -> None:
    house, steps = House(tmp_path), 0
    house.tell(4000)

    def wrote(_s: float) -> None:
        nonlocal steps
        steps += 1
        house.tell(1)

    size = (house.data / "daozha.db").stat().st_size
    copy_database(house.data / "daozha.db", tmp_path / "copy.db", Pace(wrote))
    assert 2 <= steps <= size // (1 << 20) + 2


def test_secrets_are_in_a_backup_only_if_they_are_asked_for(tmp_path: Path) -> None:
    house = House(tmp_path)
    without, with_them = house.backup(), house.backup(1, with_secrets=True)
    assert not any("secret" in place for place in files_of(without.folder))
    assert set(without.manifest.left_out) == {"secrets/keys/plates.key", "secrets/wechat/apiv3_key.txt"}
    assert (with_them.folder / "secrets" / "wechat" / "apiv3_key.txt").read_text() == "secret"
    for place in (with_them.folder, *with_them.folder.rglob("*")):
        assert place.stat().st_mode & 0o077 == 0, f"others can read {place}"
    back = house.restore(without.folder)
    assert not (back / "keys").exists()


def test_whatever_file_the_configuration_names_as_a_secret_is_one(tmp_path: Path) -> None:
    house = House(tmp_path)
    with (tmp_path / "config.toml").open("a") as file:
        file.write('\n[mail]\nhost = "mail"\nsender = "a@b"\nuser = "a"\npassword_file = "mail.txt"\n')
    house.put("mail.txt", "secret", 0o600)
    house.config = load(tmp_path / "config.toml")
    told = house.backup().manifest
    assert "secrets/mail.txt" in told.left_out
    assert not [one.path for one in told.entries if "mail" in one.path]


def test_pictures_that_the_backup_before_has_are_not_copied_again(tmp_path: Path) -> None:
    house = House(tmp_path)
    first = house.backup()
    new = house.picture(7)
    second = house.backup(1)
    assert (first.linked, second.linked) == (0, 3)
    place = Path("data/pictures/20260501")
    old = house.picture(1).name
    assert (first.folder / place / old).stat().st_ino == (second.folder / place / old).stat().st_ino
    assert (second.folder / place / new.name).stat().st_nlink == 1
    house.backup(2, keep=1)
    assert [path.name for path in Shelf(tmp_path / "backups", "demo").all()] == ["demo-20260501T050000Z"]
    assert Trial(Shelf(tmp_path / "backups", "demo").all()[0], PUBLIC, tmp_path, pace=Quick()).run().faults == ()


@pytest.mark.parametrize("steps", [0, 1, 2, 4, 7])
def test_a_backup_that_is_killed_is_none_and_the_next_one_is_whole(tmp_path: Path, steps: int) -> None:
    house = House(tmp_path)
    with pytest.raises(Killed):
        house.backup(pace=Quick(dies_after=steps))
    assert Shelf(tmp_path / "backups", "demo").all() == []
    left = tmp_path / "backups" / ".demo-20260501T030000Z.part"
    left.mkdir()
    (left / "half").write_text("of a kill -9")
    made = house.backup(1)
    assert not left.exists()
    assert Trial(made.folder, PUBLIC, tmp_path, pace=Quick()).run().faults == ()


@pytest.mark.parametrize("place", ["data/daozha.db", "data/history/history.db", "data/maps/0001/map"])
def test_a_damaged_backup_is_found_and_not_put_back(tmp_path: Path, place: str) -> None:
    house = House(tmp_path)
    made = house.backup()
    held = bytearray((made.folder / place).read_bytes())
    held[len(held) // 2] ^= 1
    (made.folder / place).write_bytes(held)
    [fault] = Trial(made.folder, PUBLIC, tmp_path, pace=Quick()).run().faults
    assert place in fault
    with pytest.raises(BackupError, match="is damaged"):
        house.restore(made.folder)
    assert not (tmp_path / "back").exists()
    assert not list(tmp_path.glob(".back*"))


def test_a_backup_whose_files_fit_their_hashes_is_looked_through_all_the_same(tmp_path: Path) -> None:
    """Whoever damaged the site itself has a backup that is whole file by file."""
    house = House(tmp_path)
    with closing(sqlite3.connect(house.data / "daozha.db")) as live:
        live.execute("UPDATE journal SET what = 'never happened' WHERE n = 3")
        live.commit()
    made = house.backup()
    assert Trial(made.folder, PUBLIC, tmp_path, pace=Quick()).run().faults == (
        "the journal's chain is broken at entry 3",
    )


def test_a_backup_of_an_older_version_gets_the_tables_of_this_one(tmp_path: Path) -> None:
    house = House(tmp_path)
    for file in house.data.glob("daozha.db*"):
        file.unlink()
    engine = writing_engine(f"sqlite:///{house.data / 'daozha.db'}")
    with engine.begin() as connection:
        settings = AlembicConfig()
        settings.set_main_option("script_location", str(MIGRATIONS))
        settings.attributes["connection"] = connection
        command.upgrade(settings, "0023")
    engine.dispose()
    made = house.backup()
    assert made.manifest.database.revision == "0023"
    assert Trial(made.folder, PUBLIC, tmp_path, pace=Quick()).run().faults == ()
    back = house.restore(made.folder)
    with closing(sqlite3.connect(back / "daozha.db")) as tables:
        assert tables.execute("SELECT version_num FROM alembic_version").fetchone()[0] > "0023"
        assert tables.execute("SELECT count(*) FROM restore_mark").fetchone() == (1,)


@pytest.mark.parametrize("wrong", ["../outside", "/etc/outside", "data/../../outside"])
def test_no_file_of_a_backup_leads_out_of_it(tmp_path: Path, wrong: str) -> None:
    house = House(tmp_path)
    made = house.backup()
    told = json.loads((made.folder / manifest.NAME).read_text())
    told["entries"][0]["path"] = wrong
    written = json.dumps(told).encode()
    (made.folder / manifest.NAME).write_bytes(written)
    (made.folder / signature.SIGNATURE).write_bytes(signature.sign(KEY, written))
    with pytest.raises(BackupError, match="damaged"):
        house.restore(made.folder)


def test_a_site_that_was_put_back_is_backed_up_like_any_other(tmp_path: Path) -> None:
    house = House(tmp_path)
    back = house.restore(house.backup().folder, url=house.empty())
    for home in (tmp_path, back / "site"):
        file = home / "config.toml"
        config = load(file)
        config = config.model_copy(update={"site": config.site.model_copy(update={"data": str(back)})})
        made = Job(config, file, Shelf(tmp_path / home.name, "demo"), AT, 14, KEY, pace=Quick()).make()
        assert Trial(made.folder, PUBLIC, tmp_path, pace=Quick()).run().faults == ()


def test_a_backup_within_the_data_folder_is_refused_since_each_would_hold_all_others(tmp_path: Path) -> None:
    house = House(tmp_path)
    shelf = Shelf(house.data / "backups", "demo")
    with pytest.raises(BackupError, match="lies in the data folder"):
        Job(house.config, tmp_path / "config.toml", shelf, AT, 14, KEY, pace=Quick()).make()
    assert not shelf.folder.exists()


@pytest.mark.parametrize("keep", [0, -1])
def test_nobody_can_keep_no_backup_at_all(tmp_path: Path, keep: int) -> None:
    house = House(tmp_path)
    made = house.backup()
    with pytest.raises(BackupError, match="keep 1 at least"):
        house.backup(1, keep=keep)
    assert Shelf(tmp_path / "backups", "demo").all() == [made.folder]


def test_what_is_a_link_is_not_followed_and_is_named_as_missing(tmp_path: Path) -> None:
    house = House(tmp_path)
    (house.data / "pictures").rename(tmp_path / "disk2")
    (house.data / "pictures").symlink_to(tmp_path / "disk2")
    made = house.backup(with_secrets=True)
    assert made.manifest.left_out == ("data/pictures",)
    assert not [one.path for one in made.manifest.entries if "pictures" in one.path]


@contextmanager
def plant_on(data: Path) -> Iterator[None]:
    """Let another process hold the lock of a data folder, as a plant does."""
    code = (
        "import sys, pathlib, scada.lockfile as lock\n"
        "with lock.held(pathlib.Path(sys.argv[1])):\n print(1, flush=True)\n input()"
    )
    words = [sys.executable, "-c", code, str(data)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(words, cwd=ROOT, text=True, **pipes) as plant:  # type: ignore[call-overload]
        assert plant.stdout is not None
        assert plant.stdout.readline() == "1\n"
        yield
        plant.communicate("\n", timeout=30)


def test_nothing_is_put_over_a_site(tmp_path: Path) -> None:
    house = House(tmp_path)
    made = house.backup()
    with plant_on(house.data), pytest.raises(BackupError, match="a plant runs on"):
        house.restore(made.folder, "data")
    with pytest.raises(BackupError, match="not empty"):
        house.restore(made.folder, "data")
    assert (house.data / "daozha.db").is_file()


def test_the_commands_make_prove_and_put_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    House(tmp_path)
    config, new = str(tmp_path / "config.toml"), str(tmp_path / "new")
    assert main(["backup", "--config", config, "--to", str(tmp_path / "shelf"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert main(["backup", "verify", told["folder"], "--scratch", str(tmp_path), "--config", config]) == 0
    assert "whole, as of" in capsys.readouterr().out
    assert main(["backup", "key", "--config", config]) == 0
    (tmp_path / "public.pem").write_text(capsys.readouterr().out)
    key = ["--key", str(tmp_path / "public.pem")]
    assert main(["restore", told["folder"], "--to", new, *key]) == 0
    assert "wechat/apiv3_key.txt" in capsys.readouterr().err
    assert main(["restore", told["folder"], "--to", new, *key]) == 2
    assert "not empty" in capsys.readouterr().err
