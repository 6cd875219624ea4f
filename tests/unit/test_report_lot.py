"""Occupancy of nested zones, availability of lanes and alarms: the figures that no money holds together."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert

from scada.model.names import LaneName, SiteId, ZoneName
from scada.model.zones import Zone, Zones
from scada.ports import JournalEntry
from scada.reports.lot import alarms, lanes
from scada.reports.lot.alarms import Act, Alarm
from scada.reports.lot.lanes import Away, Cycle, Facts
from scada.reports.lot.occupancy import Visit, dwells, hours, read_visits
from scada.store import barriers, schema
from scada.store.journal import write_entries
from tests.support.store import give_tables

AT = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
SITE = SiteId("demo")
MAIN, DECK = ZoneName("main"), ZoneName("deck")
ZONES = Zones((Zone(MAIN, 10), Zone(DECK, 4, parent=MAIN)))


def after(minutes: float) -> datetime:
    return AT + timedelta(minutes=minutes)


def test_a_car_in_a_nested_lot_counts_in_the_zones_around_too_and_the_mean_is_over_time() -> None:
    visit = Visit(((after(-30), MAIN), (after(15), DECK), (after(45), MAIN)), after(75), "EXIT", is_free=False)
    main, later, deck, _ = hours([visit], ZONES, [AT, after(60)], after(120))
    assert (main.before, main.came, main.went, main.after, main.peak, main.mean) == (1, 0, 0, 1, 1, 1.0)
    assert (later.before, later.went, later.after, later.mean) == (1, 1, 0, 0.25)
    assert (deck.before, deck.came, deck.went, deck.after, deck.peak, deck.mean) == (0, 1, 1, 0, 1, 0.5)


def test_dwells_are_those_of_cars_that_were_seen_to_leave() -> None:
    gone = [Visit(((after(-20), MAIN),), after(5), how, is_free=how == "EXIT") for how in ("EXIT", "EXIT_UNSEEN")]
    found = dwells([*gone, Visit(((after(0), MAIN),), None, "", is_free=False)], AT, after(60))
    assert (found.cars, found.free, found.median_s, sum(found.classes[:2])) == (1, 1, 1500.0, 1)


def test_moves_between_zones_are_read_from_the_journal(tmp_path: Path) -> None:
    give_tables(url := f"sqlite:///{tmp_path / 'books.db'}")
    engine = create_engine(url)
    with engine.begin() as conn:
        car = {"id": "S1", "plate": "京A12345", "plate_kind": "ordinary", "plate_colour": "BLUE"}
        way = {"entry_lane": "in1", "entry_passage": "p1", "entered_at": AT, "tariff": "t", "tariff_terms": {}}
        conn.execute(insert(schema.stay).values(site=SITE, **car, **way))
        entry = JournalEntry("event", "billing", "stay moved", LaneName("in2"), None, {"stay": "S1", "zone": "deck"})
        write_entries(conn, SITE, after(10), [entry])
        [visit] = read_visits(conn, SITE, AT, after(60), {LaneName("in1"): MAIN}, ZONES)
    engine.dispose()
    assert visit.where == ((AT, MAIN), (after(10), DECK))


def test_what_overlaps_makes_a_lane_unavailable_once_and_only_what_nobody_wanted_is_a_failure() -> None:
    away = (
        Away("in1", "HOLD_OPEN", after(0), after(10)),
        Away("in1", "F_BOOM", after(5), after(20)),
        Away("in1", "OUT_OF_REACH", after(90), None),
        Away("out1", "LOCKED", after(0), after(100)),
    )
    [lane] = lanes.reckon(Facts(away, commands={"in1": 50}, no_starts={"in1": 1}), ["in1"], AT, after(100))
    assert lane.availability == pytest.approx(0.7)
    assert (lane.failures, lane.mtbf_s, lane.mttr_s) == (2, 35 * 60.0, 15 * 60.0)
    assert dict(lane.away_s) == {"HOLD_OPEN": 600, "F_BOOM": 900, "OUT_OF_REACH": 600}
    assert lane.no_start_rate == pytest.approx(0.02)


def test_a_boom_that_becomes_slower_is_told_by_its_last_openings() -> None:
    cycles = [Cycle("in1", 1000 + number, 1300) for number in range(100)]
    [lane] = lanes.reckon(Facts(cycles=cycles), ["in1"], AT, after(60))
    assert (lane.drift_ms, lane.open_median_ms) == (90, 1049.5)
    assert lanes.drift([1000] * 5) is None


def test_a_fault_that_is_told_again_is_one_period_and_another_one_ends_it(tmp_path: Path) -> None:
    give_tables(url := f"sqlite:///{tmp_path / 'books.db'}")
    engine = create_engine(url)
    with engine.begin() as conn:
        for minute, fault in ((0, "MID"), (1, "MID"), (5, "BOOM"), (9, None), (10, None)):
            barriers.stand(conn, SITE, LaneName("in1"), fault, after(minute))
        found = barriers.within(conn, SITE, AT, after(60))
    engine.dispose()
    spans = [(one.fault, one.began_at, one.ended_at) for one in found]
    assert spans == [("MID", after(0), after(5)), ("BOOM", after(5), after(9))]


def test_alarms_chatter_by_lane_and_wait_for_the_first_act_there() -> None:
    told = [
        Alarm(after(minute), "barrier", lane) for minute, lane in ((0, "in1"), (0.3, "in1"), (0.6, "in1"), (5, "out1"))
    ]
    acts = [Act(after(2), "li", "in1"), Act(after(50), "li", "out1"), Act(after(70), "wang", "")]
    found = alarms.reckon(told, acts, after(60))
    assert (found.alarms, found.chattering, found.seat_hours, found.per_seat_hour) == (4, 3, 1, 4.0)
    assert (found.acted, found.act_worst_s) == (3, 120.0)
    assert [(one.code, one.lanes) for one in found.kinds] == [("barrier", ("in1", "out1"))]
