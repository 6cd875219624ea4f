"""Whatever cars a few days bring, their figures agree with one another and with what truly happened."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine

from scada.model.names import LaneName, ZoneName
from scada.model.zones import Zone, Zones
from scada.reports.daysheet import Lot, read_sheet
from tests.support.monthbooks import SHANGHAI, SITE, Month, Shape
from tests.support.store import give_tables

ZONE_OF = {LaneName(lane): ZoneName("main") for lane in ("in1", "in2", "out1", "out2")}
LOT = Lot(SITE, Zones((Zone(ZoneName("main"), 100),)), ZONE_OF, SHANGHAI)
shapes = st.builds(
    Shape,
    first=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    days=st.integers(1, 3),
    cars_a_day=st.integers(0, 12),
    cards=st.integers(0, 2),
    seed=st.integers(0, 10_000),
)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    give_tables(url := f"sqlite:///{tmp_path / 'books.db'}")
    made = create_engine(url)
    yield made
    made.dispose()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shape=shapes)
def test_every_identity_of_the_day_sheet_holds_and_its_figures_are_true(engine: Engine, shape: Shape) -> None:
    month = Month(shape)
    with engine.connect() as connection:
        month.write(connection)
        sheet = read_sheet(connection, LOT, month.since, month.until)
        connection.rollback()
    assert [one for one in sheet.identities if not one.holds] == []
    moved = month.truth.moved(lambda one: one.what)
    told = {what: sheet.sum(f"{what}_fen") for what in ("fees", "taken", "vouchers", "recovered", "written_off")}
    assert told == {what: moved[what] for what in told}
    assert sheet.inside_after == month.inside
