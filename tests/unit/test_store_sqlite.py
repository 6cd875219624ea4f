"""SQLite: where its file is, and that what is committed is on disk."""

from pathlib import Path

from scada.config import load
from scada.store.db import database_url
from tests.support.store import made_database, open_database


def test_the_folder_of_the_file_is_ours_alone(tmp_path: Path) -> None:
    made_database(tmp_path / "a folder with 100%")
    assert (tmp_path / "a folder with 100%").stat().st_mode & 0o777 == 0o700


def test_the_shipped_site_keeps_its_database_in_its_data_folder() -> None:
    config = load(Path(__file__).parents[2] / "config.toml")
    assert database_url(config) == f"sqlite:///{config.data}/daozha.db"


async def test_writes_are_safe_on_disk_and_bound_by_foreign_keys(tmp_path: Path) -> None:
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    async with open_database(tmp_path) as db:
        found = await db.write(lambda connection: [connection.exec_driver_sql(f"PRAGMA {p}").scalar() for p in pragmas])
    assert found == ["wal", 2, 1, 5000]
