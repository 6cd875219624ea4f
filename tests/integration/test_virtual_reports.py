"""Reports of a day of the virtual car park say what truly happened there; a month of it is in `make soak`."""

from pathlib import Path

from sqlalchemy import Connection, create_engine, delete

from scada.sim.virtual.carpark import CarPark
from scada.store import schema
from scada.store.db import writing_engine
from tests.soak.month_reports import compared, lived, written
from tests.support.store import give_tables


def wrong_of(park: CarPark, folder: Path, spoil: str = "") -> object:
    """Write the day down, leave something out, and compare."""
    give_tables(url := f"sqlite:///{folder / (spoil or 'whole')}.db")
    engine = writing_engine(url)
    with engine.begin() as connection:
        written(park).write(connection)
        _spoil(connection, spoil)
    engine.dispose()
    reading = create_engine(url)
    with reading.connect() as connection:
        told = compared(park, connection, days=1)
    reading.dispose()
    return told["wrong"]


def _spoil(connection: Connection, what: str) -> None:
    if what == "settlement":
        first = connection.execute(schema.settlement.select()).first()
        assert first is not None
        connection.execute(delete(schema.settlement).where(schema.settlement.c.id == first.id))
    if what == "rise":
        newest = schema.rise.select().where(schema.rise.c.lane == "out1").order_by(schema.rise.c.count.desc())
        last = connection.execute(newest).first()
        assert last is not None
        connection.execute(delete(schema.rise).where(schema.rise.c.id == last.id))


def test_a_days_reports_are_the_worlds_record_and_what_is_missing_is_found(tmp_path: Path) -> None:
    park = lived(days=1, seed=3, stays_a_day=80)
    assert wrong_of(park, tmp_path) == []
    assert "ledger_and_tables: 1 and 0" in str(wrong_of(park, tmp_path, "settlement"))
    assert "openings: the report says" in str(wrong_of(park, tmp_path, "rise"))
