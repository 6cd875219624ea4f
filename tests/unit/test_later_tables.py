"""Tables of a later daozha: an earlier one says so, and leaves them alone."""

from pathlib import Path

import pytest
from sqlalchemy import text

from scada.store.db import StoreError, migrate, writing_engine
from scada.store.sql.revisions import newest
from tests.support.store import empty_database


def test_tables_of_a_later_version_are_refused_in_clear_words_and_left_alone(tmp_path: Path) -> None:
    url = empty_database(tmp_path)
    migrate(url)
    _be(url, "9999")
    with pytest.raises(StoreError, match=rf"of a later daozha \(revision 9999\).*up to {newest()}.*upgrade --back"):
        migrate(url)
    assert _is(url) == "9999"


def test_tables_that_this_version_knows_are_brought_up_to_date_as_ever(tmp_path: Path) -> None:
    url = empty_database(tmp_path)
    migrate(url)
    migrate(url)
    assert _is(url) == newest()


def _be(url: str, revision: str) -> None:
    engine = writing_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :new"), {"new": revision})
    engine.dispose()


def _is(url: str) -> str:
    engine = writing_engine(url)
    with engine.begin() as connection:
        found: str = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    engine.dispose()
    return found
