"""Whatever is journalled, the chain is whole; whatever is changed afterwards, it is not."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, insert, select, update

from scada.model.names import LaneName, PassageId
from scada.ports import JournalEntry
from scada.store.journal import verify, write_entries
from scada.store.schema import journal, metadata
from tests.support.store import SITE, START

text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
json_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(text, inside, max_size=3),
    max_leaves=8,
)
entry = st.builds(
    JournalEntry,
    kind=st.sampled_from(["event", "decision", "money"]),
    actor=text,
    what=text,
    lane=st.none() | st.sampled_from([LaneName("in1"), LaneName("out1")]),
    passage=st.none() | st.just(PassageId("p1")),
    body=st.dictionaries(text, json_value, max_size=4),
)
batch = st.tuples(st.timedeltas(timedelta(0), timedelta(days=3650)), st.lists(entry, max_size=4))


def _fill(connection: Connection, batches: list[tuple[timedelta, list[JournalEntry]]]) -> int:
    for after, entries in batches:
        write_entries(connection, SITE, START + after, entries)
    return sum(len(entries) for _, entries in batches)


@given(batches=st.lists(batch, min_size=1, max_size=4), data=st.data())
def test_the_chain_is_whole_until_anything_in_it_changes(
    batches: list[tuple[timedelta, list[JournalEntry]]], data: st.DataObject
) -> None:
    engine = create_engine("sqlite://")
    try:
        metadata.create_all(engine, tables=[journal])
        with engine.begin() as connection:
            size = _fill(connection, batches)
            assert verify(connection) is None
            if size:
                _spoil(connection, data.draw(st.integers(1, size)), data)
    finally:
        engine.dispose()


def _spoil(connection: Connection, n: int, data: st.DataObject) -> None:
    """Change one field of one row to something else and see that exactly this row is named."""
    row = connection.execute(select(journal).where(journal.c.n == n)).one()._asdict()
    field = data.draw(st.sampled_from(["site", "at", "kind", "actor", "what", "lane", "passage", "body", "previous"]))
    other = {"at": _later(row["at"]), "body": {"was": row["body"]}}.get(field, f"{row[field]}x")
    connection.execute(update(journal).where(journal.c.n == n).values({field: other}))
    assert verify(connection) == n
    connection.execute(update(journal).where(journal.c.n == n).values({field: row[field]}))
    assert verify(connection) is None
    connection.execute(journal.delete().where(journal.c.n == n))
    later = connection.execute(select(journal).where(journal.c.n > n)).first()
    assert (verify(connection) == n) if later is not None else (verify(connection) is None)
    connection.execute(insert(journal).values(row))


def _later(at: object) -> datetime:
    assert isinstance(at, datetime)
    return at + timedelta(microseconds=1)
