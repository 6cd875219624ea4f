"""What a lane asks while a car waits is found at once, however many years are in the books.

SQLite has no statistics here: it believes that any index narrows as much as any other. One that begins with the site
would be taken for a plate's stays, and read all of the site's.
"""

from collections.abc import Callable, Iterator
from sqlite3 import Connection, connect

import pytest
from sqlalchemy import Connection as SqlConnection
from sqlalchemy import event

from scada.model.names import PassageId, SiteId
from scada.store import camerabook, carfile
from scada.store.db import writing_engine
from tests.support.store import give_tables

ASKED = {
    "who is inside": ("SELECT * FROM stay WHERE site = ? AND ending IS NULL ORDER BY entered_at", "ix_stay_open"),
    "a plate that is inside": (
        "SELECT * FROM stay WHERE site = ? AND plate = ? AND ending IS NULL",
        "ix_stay_open_plate",
    ),
    "a plate's stays": ("SELECT * FROM stay WHERE site = ? AND plate = ? ORDER BY entered_at DESC", "plate=?"),
    "what a plate owes": (
        "SELECT * FROM stay WHERE site = ? AND plate = ? AND ending IS NOT NULL AND arrears_fen > ? ORDER BY exited_at",
        "plate=?",
    ),
    "a zone's cars": ("SELECT * FROM stay WHERE site = ? AND zone = ? AND ending IS NULL", "ix_stay_open"),
    "a card's cars": ("SELECT count(*) FROM stay WHERE site = ? AND ending IS NULL AND card = ?", "ix_stay_open"),
    "the stay that ended with a passage": ("SELECT * FROM stay WHERE site = ? AND exit_passage = ?", "exit_passage=?"),
    "a stay's settlements": ("SELECT * FROM settlement WHERE site = ? AND stay = ?", "stay=?"),
}


ASKING: dict[str, Callable[[SqlConnection], object]] = {
    "a passage's reads": lambda conn: carfile.reads(conn, SiteId("demo"), PassageId("in1-1")),
    "a passage's wrong reads": lambda conn: camerabook.mark(conn, SiteId("demo"), PassageId("in1-1"), None),
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    file = tmp_path_factory.mktemp("plans") / "books.db"
    give_tables(f"sqlite:///{file}")
    connection = connect(file)
    yield connection
    connection.close()


@pytest.mark.parametrize("what", ASKED)
def test_a_lane_does_not_read_years(tables: Connection, what: str) -> None:
    query, found_by = ASKED[what]
    (step, *_rest) = tables.execute(f"EXPLAIN QUERY PLAN {query}", [None] * query.count("?")).fetchall()
    assert found_by in step[3]


@pytest.mark.parametrize("what", ASKING)
def test_the_reads_of_a_passage_are_found_by_the_passage(tables: Connection, what: str) -> None:
    (file,) = (row[2] for row in tables.execute("PRAGMA database_list") if row[1] == "main")
    asked: list[str] = []
    engine = writing_engine(f"sqlite:///{file}")
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    with engine.connect() as conn:
        ASKING[what](conn)
        conn.rollback()
    engine.dispose()
    (query,) = (one for one in asked if "camera_read" in one)
    (step, *_rest) = tables.execute(f"EXPLAIN QUERY PLAN {query}", [None] * query.count("?")).fetchall()
    assert "passage=?" in step[3]
