"""What happens to history by itself: an old file is taken over, points are packed, old ones go, the file shrinks."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scada.clock import VirtualClock
from scada.model.tag import Access, Quality, Shape, TagName, TagSpec, TagValue
from scada.model.trend import DAY_MS, HOUR_MS, NO_DATA, Curve, Source
from scada.store.db import StoreError
from scada.store.historian.columns import Row
from scada.store.historian.embedded import EmbeddedHistorian, EmbeddedReader, retention, sealing
from scada.store.historian.embedded.schema import SCHEMA
from scada.store.historian.embedded.sealing import FULL_POINTS
from scada.store.historian.files import open_file
from scada.store.historian.keeping import Keeping
from tests.support.history import MIDNIGHT, MIDNIGHT_MS, HandHistory
from tests.support.store import SITE, START, until

TAG, UP = TagName("in1.cabinet.temperature"), TagName("in1.gate.up")
KEEPING = Keeping(raw_days=7, hour_years=1)
DAY_S = DAY_MS // 1000


@pytest.fixture
def history(tmp_path: Path) -> Iterator[HandHistory]:
    """An empty history."""
    history = HandHistory(tmp_path / "history.db", {TAG: Curve.STEP, UP: Curve.STEP}, KEEPING)
    yield history
    history.close()


def _days(history: HandHistory, days: int, every_s: int = 60) -> None:
    """Let days pass in which the temperature goes up and down; each is looked after at its end."""
    for _ in range(days):
        begin = history.now_ms
        rows: list[Row] = [(begin + second * 1000, second % 1800 / 100, None, 0) for second in range(0, DAY_S, every_s)]
        history.store(TAG, rows)
        history.clock.advance(DAY_S)
        history.look_after()


def test_old_points_are_packed_and_every_one_is_still_there(history: HandHistory) -> None:
    _days(history, 4)
    assert history.count("chunk") >= 1
    assert history.count("point") < 1440
    assert len(history.rows(TAG)) == 4 * 1440


def test_what_changes_while_it_is_being_packed_is_packed_another_time(
    history: HandHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[Row] = [(MIDNIGHT_MS + at * 1000, float(at), None, 0) for at in range(100)]
    history.store(TAG, rows)
    history.clock.advance(3 * DAY_S)
    pack = sealing._pack

    def and_meanwhile(*arguments: Any) -> object:  # noqa: ANN401 -- whatever it is called with
        packing = pack(*arguments)
        history.store(TAG, [(MIDNIGHT_MS, 77.0, None, 0), (MIDNIGHT_MS + 500, 78.0, None, 0)])
        monkeypatch.setattr(sealing, "_pack", pack)
        return packing

    monkeypatch.setattr(sealing, "_pack", and_meanwhile)
    history.look_after()
    assert history.count("chunk") == 0
    history.look_after()
    assert (history.count("chunk"), history.count("point")) == (1, 0)
    assert [row[1] for row in history.rows(TAG)] == [77.0, 78.0, *map(float, range(1, 100))]


def test_old_points_go_and_their_hours_stay(history: HandHistory) -> None:
    _days(history, 10)
    assert min(row[0] for row in history.rows(TAG)) >= MIDNIGHT_MS + 3 * DAY_MS - 2 * HOUR_MS
    series = history.trend(TAG, MIDNIGHT_MS, MIDNIGHT_MS + 10 * DAY_MS, 10 * 24)
    assert series.source is Source.HOURS
    assert series.points == (60,) * 240
    assert (min(x for x in series.low if x is not None), max(x for x in series.high if x is not None)) == (0.0, 17.4)


def test_points_go_by_what_their_tag_is_worth(tmp_path: Path) -> None:
    keeping = Keeping(raw_days=20, analog_days=10, health_days=7)
    specs = [TagSpec(TAG, "plc1", Access.READ, shape=Shape.NUMBER), TagSpec(UP, "plc1", Access.READ)]
    history = HandHistory(tmp_path / "history.db", {}, keeping, specs)
    health = TagName("dev.plc1.errors")
    for _ in range(25):
        for name in (TAG, UP, health):
            history.store(name, [(history.now_ms + hour * HOUR_MS, float(hour), None, 0) for hour in range(24)])
        history.clock.advance(DAY_S)
        history.look_after()
    oldest = {name: (history.now_ms - history.rows(name)[0][0]) // DAY_MS for name in (TAG, UP, health)}
    assert oldest == {TAG: 10, UP: 20, health: 7}
    assert history.trend(TAG, MIDNIGHT_MS + 16 * DAY_MS, MIDNIGHT_MS + 17 * DAY_MS, 500).source is Source.HOURS
    history.close()


def test_a_state_that_never_changes_is_known_however_long_ago_it_was_recorded(history: HandHistory) -> None:
    history.store(UP, [(MIDNIGHT_MS, 0.0, None, 0)])
    for _ in range(12):
        history.clock.advance(DAY_S)
        history.look_after()
    now = history.now_ms
    assert history.trend(UP, now - HOUR_MS, now, 4).mean == (0.0,) * 4
    assert history.trend(UP, now - 10 * DAY_MS, now, 10).mean == (0.0,) * 10


def test_after_years_hours_become_days(history: HandHistory) -> None:
    _days(history, 3, 600)
    history.clock.advance(400 * DAY_S)
    history.look_after()
    stored = history.connection.execute("SELECT hours FROM rollup").fetchall()
    assert stored == [(1,)] * 3
    series = history.trend(TAG, MIDNIGHT_MS, MIDNIGHT_MS + 3 * DAY_MS, 100)
    assert series.source is Source.DAYS
    assert series.points == (144,) * 3
    assert series.low == (0.0,) * 3
    assert series.known_ms == (DAY_MS,) * 3


def test_the_file_gives_space_back(history: HandHistory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "STEP_PAGES", 16)
    history.store(TAG, [(MIDNIGHT_MS + at * 1000, 1 / (at + 1), None, 0) for at in range(60_000)])
    history.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    (before,) = history.connection.execute("PRAGMA page_count").fetchone()
    history.clock.advance(20 * DAY_S)
    history.look_after()
    (after,) = history.connection.execute("PRAGMA page_count").fetchone()
    assert after < before / 3


def test_a_step_of_giving_space_back_gives_all_of_its_pages(history: HandHistory) -> None:
    history.store(TAG, [(MIDNIGHT_MS + at * 1000, 1 / (at + 1), None, 0) for at in range(60_000)])
    history.connection.execute("DELETE FROM point")
    (free,) = history.upkeep.execute("PRAGMA freelist_count").fetchone()
    assert retention.shrink(history.upkeep)
    assert history.upkeep.execute("PRAGMA freelist_count").fetchone() == (free - retention.STEP_PAGES,)


def test_of_points_at_one_time_the_last_counts_whatever_they_are_and_however_many_come_at_once(
    history: HandHistory,
) -> None:
    good: list[Row] = [(MIDNIGHT_MS + at, at / 10, None, 0) for at in range(250)]
    odd: list[Row] = [(MIDNIGHT_MS + at, None, "up" if at % 2 else None, at % 3) for at in range(250)]
    none: list[Row] = [(MIDNIGHT_MS + at, None, None, 0) for at in range(0, 250, 7)]
    history.store(TAG, [*good, *odd])
    history.store(UP, [*odd, *good])
    assert history.rows(TAG) == odd
    assert history.rows(UP) == good
    history.store(TAG, [*good, *none])
    assert history.rows(TAG) == [none[at // 7] if at % 7 == 0 else row for at, row in enumerate(good)]
    told: list[Row] = [(MIDNIGHT_MS + at, None, "up", 0) for at in range(250)]
    history.store(UP, [*good, *told])
    assert history.rows(UP) == told


def test_a_late_point_changes_the_hours_it_touches(history: HandHistory) -> None:
    history.store(UP, [(MIDNIGHT_MS, 0.0, None, 0), (MIDNIGHT_MS + 3 * HOUR_MS + 1, 0.0, None, 0)])
    history.clock.advance(DAY_S)
    history.look_after()
    history.store(UP, [(MIDNIGHT_MS + HOUR_MS, 1.0, None, 0)])
    for _ in range(2):
        series = history.trend(UP, MIDNIGHT_MS, MIDNIGHT_MS + 5 * HOUR_MS, 5)
        assert [round(mean or 0.0, 5) for mean in series.mean] == [0.0, 1.0, 1.0, 0.0, 0.0]
        assert series.high == (0.0, 1.0, 1.0, 1.0, 0.0)
        history.look_after()


def test_a_file_of_plain_rows_is_taken_over_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    old = open_file(path, SCHEMA)
    old.execute("INSERT INTO tag (id, site, name) VALUES (1, ?, ?)", (SITE, TAG))
    rows = [(1, MIDNIGHT_MS + minute * 60_000, minute / 10, None, 0) for minute in range(3000)]
    old.executemany("INSERT INTO point VALUES (?, ?, ?, ?, ?)", rows)
    old.close()
    with pytest.raises(StoreError, match="when it starts"):
        EmbeddedReader(path, SITE, VirtualClock(MIDNIGHT))._query(TAG, 0, 1 << 60, 10)
    history = HandHistory(path, {}, KEEPING)
    try:
        history.clock.advance(3 * DAY_S)
        hours = history.trend(TAG, MIDNIGHT_MS, MIDNIGHT_MS + 2 * DAY_MS, 48)
        history.look_after()
        assert history.count("chunk") == 1
        assert history.count("unmarked") == history.count("dirty") == 0
        assert [row[1] for row in history.rows(TAG)] == [minute / 10 for minute in range(3000)]
        assert history.trend(TAG, MIDNIGHT_MS, MIDNIGHT_MS + 2 * DAY_MS, 48) == hours
    finally:
        history.close()


def test_a_reader_sees_the_file_that_a_restore_puts_in_the_place_of_another(tmp_path: Path) -> None:
    path, other = tmp_path / "history.db", tmp_path / "other.db"
    for where, value in ((path, 1.0), (other, 2.0)):
        made = HandHistory(where, {}, KEEPING)
        made.store(TAG, [(MIDNIGHT_MS, value, None, 0)])
        made.close()
    reader = EmbeddedReader(path, SITE, VirtualClock(MIDNIGHT))
    assert [one.value for one in reader._query(TAG, 0, 1 << 60, 10)] == [1.0]
    other.replace(path)
    assert [one.value for one in reader._query(TAG, 0, 1 << 60, 10)] == [2.0]
    path.unlink()
    with pytest.raises(StoreError, match=r"history\.db"):
        reader._query(TAG, 0, 1 << 60, 10)


def test_a_chunk_with_enough_is_not_packed_once_more(history: HandHistory) -> None:
    for day, count in ((0, FULL_POINTS - 1), (1, 1), (2, 10)):
        history.store(TAG, [(MIDNIGHT_MS + day * DAY_MS + second * 1000, 1.0, None, 0) for second in range(count)])
        history.clock.advance(3 * DAY_S)
        history.look_after()
    assert history.count("chunk") == 2


def test_a_chunk_that_is_torn_is_said_so(history: HandHistory) -> None:
    _days(history, 3)
    history.connection.execute("UPDATE chunk SET body = substr(body, 1, 40)")
    with pytest.raises(StoreError, match="a chunk of 40 bytes"):
        history.rows(TAG)


async def test_the_time_between_two_lives_of_the_plant_is_a_gap(tmp_path: Path) -> None:
    path, clock = tmp_path / "history.db", VirtualClock(START)

    def seen() -> tuple[TagName, TagValue]:
        return UP, TagValue(True, Quality.GOOD, None, clock.now(), 0.0)

    async with EmbeddedHistorian(path, SITE, clock) as history:
        history.record([seen()])
        clock.advance(60)
    clock.advance(600)
    async with EmbeddedHistorian(path, SITE, clock) as history:
        history.record([seen()])
        await until(lambda: history._committer.committed == 2)
        clock.advance(60)
        samples = await history.query(UP, START, START + timedelta(hours=1), 10)
        assert [(s.value, s.status_code) for s in samples] == [(1.0, 0), (None, NO_DATA), (1.0, 0)]
        (series,) = await history.trend([UP], START, clock.now(), 12)
    assert series.known_ms == (60_000, *(0,) * 10, 60_000)


async def test_points_are_packed_while_the_plant_records(tmp_path: Path) -> None:
    path, clock = tmp_path / "history.db", VirtualClock(START)
    async with EmbeddedHistorian(path, SITE, clock, pause_s=0.02) as history:
        history.record(
            [(UP, TagValue(n % 2 == 0, Quality.GOOD, None, START + timedelta(seconds=n), 0.0)) for n in range(3000)]
        )
        await until(lambda: history._committer.committed == 3000)
        clock.advance(DAY_S)

        def packed() -> bool:
            connection = sqlite3.connect(path)
            (count,) = connection.execute("SELECT count(*) FROM chunk").fetchone()
            connection.close()
            return bool(count)

        await until(packed, 30)
        samples = await history.query(UP, START, START + timedelta(days=1), 5000)
        assert len(samples) == 3000
