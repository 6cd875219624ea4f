"""The embedded history: what is recorded can be read, and survives what it must."""

import asyncio
from datetime import timedelta
from pathlib import Path

from scada.clock import VirtualClock
from scada.config import load
from scada.model.tag import Quality, TagName, TagValue, Value
from scada.store import historian
from scada.store.historian.embedded import EmbeddedHistorian
from tests.support.store import SITE, START, until

CLOCK = VirtualClock(START + timedelta(hours=1))
UP, STATE = TagName("out1.gate.up"), TagName("out1.lane.state")


def _at(second: float, value: Value, quality: Quality = Quality.GOOD) -> TagValue:
    return TagValue(value, quality, None, START + timedelta(seconds=second), second)


async def test_what_is_recorded_can_be_read_between_two_times_oldest_first(tmp_path: Path) -> None:
    async with EmbeddedHistorian(tmp_path / "h" / "history.db", SITE, CLOCK) as history:
        history.record([(UP, _at(n, n % 2 == 0)) for n in range(10)] + [(STATE, _at(1, "identifying"))])
        await _stored(history, 11)
        samples = await history.query(UP, START + timedelta(seconds=2), START + timedelta(seconds=5), 100)
        assert [(sample.at - START, sample.value) for sample in samples] == [
            (timedelta(seconds=2), 1.0),
            (timedelta(seconds=3), 0.0),
            (timedelta(seconds=4), 1.0),
        ]
        assert len(await history.query(UP, START, START + timedelta(days=1), 4)) == 4
        (state,) = await history.query(STATE, START, START + timedelta(days=1), 4)
        assert (state.value, state.text, state.status_code) == (None, "identifying", 0)
        assert await history.query(TagName("no.such"), START, START + timedelta(days=1), 4) == []


async def test_a_bad_value_is_a_break_in_the_trend(tmp_path: Path) -> None:
    async with EmbeddedHistorian(tmp_path / "history.db", SITE, CLOCK) as history:
        history.record([(UP, _at(0, True)), (UP, _at(1, True, Quality.COMMUNICATION)), (UP, _at(2, True))])
        await _stored(history, 3)
        samples = await history.query(UP, START, START + timedelta(days=1), 10)
    assert [(sample.value, sample.status_code) for sample in samples] == [(1.0, 0), (None, 0x80050000), (1.0, 0)]


async def test_a_trend_is_cut_into_the_pixels_asked_for_and_shows_where_nothing_is_known(tmp_path: Path) -> None:
    async with EmbeddedHistorian(tmp_path / "history.db", SITE, CLOCK) as history:
        history.record([(UP, _at(5, True)), (UP, _at(25, True, Quality.COMMUNICATION)), (UP, _at(40, False))])
        await _stored(history, 3)
        up, other = await history.trend([UP, TagName("no.such")], START, START + timedelta(seconds=50), 5)
        assert up.mean == (1.0, 1.0, 1.0, None, 0.0)
        assert up.known_ms == (5000, 10_000, 5000, 0, 10_000)
        assert [code >= 0x80000000 for code in up.worst] == [True, False, True, True, False]
        assert other.mean == (None,) * 5
        (later,) = await history.trend([UP], START + timedelta(seconds=10), START + timedelta(seconds=20), 1)
        assert later.before is not None
        assert (later.before.value, later.mean) == (1.0, (1.0,))
        assert await history.names() == [UP]


async def test_closing_writes_what_is_in_memory_and_opening_finds_it(tmp_path: Path) -> None:
    async with EmbeddedHistorian(tmp_path / "history.db", SITE, CLOCK) as history:
        history.record([(UP, _at(0, True))])
    async with EmbeddedHistorian(tmp_path / "history.db", SITE, CLOCK) as history:
        assert await history.count() == 0
        history.record([(UP, _at(0, True)), (UP, _at(1, False))])
        await _stored(history, 2)
        assert [s.value for s in await history.query(UP, START, START + timedelta(days=1), 10)] == [1.0, 0.0]


async def test_recording_from_many_tasks_while_reading_loses_nothing(tmp_path: Path) -> None:
    async with EmbeddedHistorian(tmp_path / "history.db", SITE, CLOCK) as history:

        async def record(lane: int) -> None:
            for n in range(200):
                history.record([(TagName(f"l{lane}.n"), _at(n / 10, n))])
                await asyncio.sleep(0)

        await asyncio.gather(*(record(lane) for lane in range(10)))
        await _stored(history, 2000)
        for lane in range(10):
            samples = await history.query(TagName(f"l{lane}.n"), START, START + timedelta(days=1), 1000)
            assert [sample.value for sample in samples] == list(range(200))


async def test_points_beyond_what_memory_may_hold_are_counted_as_dropped(tmp_path: Path) -> None:
    async with EmbeddedHistorian(tmp_path / "history.db", SITE, CLOCK, capacity=10) as history:
        history.record([(UP, _at(n, n)) for n in range(25)])
        assert history.dropped == 15
        await _stored(history, 10)


async def test_a_site_without_influxdb_gets_the_embedded_history_in_its_data_folder(tmp_path: Path) -> None:
    shipped = await asyncio.to_thread(load, Path(__file__).parents[2] / "config.toml")
    config = shipped.model_copy(update={"site": shipped.site.model_copy(update={"data": str(tmp_path)})})
    built = await asyncio.to_thread(historian.build, config, VirtualClock(START))
    async with built as history:
        assert isinstance(history, EmbeddedHistorian)
    assert (tmp_path / "history" / "history.db").exists()


async def _stored(history: EmbeddedHistorian, points: int) -> None:
    await until(lambda: history._committer.committed >= points)
    assert await history.count() == points
