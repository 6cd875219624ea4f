"""History in a real InfluxDB 1.6: written once, read back, and complete after every kind of trouble."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from time import monotonic

import pytest

from scada.clock import VirtualClock
from scada.config import load
from scada.model.tag import Quality, TagName, TagValue, Value
from scada.settings.stores import History, Influx
from scada.store import historian
from scada.store.db import StoreError
from scada.store.historian.queue.spool import DeadLine, LineQueue
from scada.store.historian.remote import reader as reader_module
from scada.store.historian.remote import sender as sender_module
from scada.store.historian.remote.historian import RemoteHistorian
from tests.support.influx import InfluxProcess, influx
from tests.support.store import SITE, START, until

__all__ = ["influx"]

UP, STATE = TagName("out1.gate.up"), TagName("out1.lane.state")
DAY = timedelta(days=1)
_numbers = count()


@dataclass(frozen=True)
class Place:
    """A database of the test's own, and where the queue for it is."""

    server: InfluxProcess
    database: str
    queue: Path

    @property
    def settings(self) -> Influx:
        return Influx(url=self.server.url, bucket=self.database)

    def historian(self) -> RemoteHistorian:
        return RemoteHistorian(self.settings, SITE, VirtualClock(START), self.queue)

    def rows(self) -> int:
        found = self.server.ask('SELECT count("quality") FROM "scada"', self.database)
        return int(found[0][1]) if found else 0


@pytest.fixture
def place(influx: InfluxProcess, tmp_path: Path) -> Iterator[Place]:
    """A new, empty database."""
    database = f"parking{next(_numbers)}"
    influx.ask(f'CREATE DATABASE "{database}"')
    yield Place(influx, database, tmp_path / "queue.db")
    influx.ask(f'DROP DATABASE "{database}"')


def _at(second: float, value: Value, quality: Quality = Quality.GOOD) -> TagValue:
    return TagValue(value, quality, None, START + timedelta(seconds=second), second)


async def _arrived(place: Place, points: int, within_s: float = 20.0) -> None:
    """Wait until the server has so many points."""
    deadline = monotonic() + within_s
    found = -1
    while found < points:
        assert monotonic() < deadline, f"{found} of {points} points arrived within {within_s} s"
        await asyncio.sleep(0.03)
        found = await asyncio.to_thread(place.rows)


def _dead_lines(path: Path) -> list[DeadLine]:
    queue = LineQueue(path, VirtualClock(START))
    queue.open()
    try:
        return queue.dead()
    finally:
        queue.close()


async def test_points_arrive_with_value_text_and_quality_and_are_read_back(place: Place) -> None:
    async with place.historian() as history:
        history.record([(UP, _at(0, True)), (UP, _at(1, True, Quality.COMMUNICATION)), (UP, _at(2.5, False))])
        history.record([(STATE, _at(0, 'a "state"\\'))])
        await _arrived(place, 4)
        assert await history.count() == 4
        samples = await history.query(UP, START, START + DAY, 10)
        assert [((s.at - START).total_seconds(), s.value, s.status_code) for s in samples] == [
            (0.0, 1.0, 0),
            (1.0, None, 0x80050000),
            (2.5, 0.0, 0),
        ]
        (state,) = await history.query(STATE, START, START + DAY, 10)
        assert (state.value, state.text) == (None, 'a "state"\\')
        assert len(await history.query(UP, START + timedelta(seconds=1), START + timedelta(seconds=2), 10)) == 1
        assert len(await history.query(UP, START, START + DAY, 2)) == 2
        assert await history.query(TagName("no.such"), START, START + DAY, 2) == []


async def test_a_trend_of_the_servers_points_is_cut_as_everywhere_and_the_tags_are_named(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "PAGE", 2)
    async with place.historian() as history:
        history.record([(UP, _at(-50, True)), (UP, _at(-20, True, Quality.FAULT)), (UP, _at(-10, False))])
        history.record([(STATE, _at(-30, "open"))])
        await _arrived(place, 4)
        up, state = await history.trend([UP, STATE], START - timedelta(seconds=40), START, 4)
        assert up.mean == (1.0, 1.0, None, 0.0)
        assert up.points == (0, 0, 1, 1)
        assert up.before is not None
        assert state.texts == (None, "open", "open", "open")
        assert await history.names() == [UP, STATE]


async def test_a_series_is_named_by_site_lane_and_point_and_its_value_is_a_float(place: Place) -> None:
    async with place.historian() as history:
        history.record([(UP, _at(0, 1))])
        await _arrived(place, 1)
    series = place.server.ask("SHOW SERIES", place.database)
    assert series == [["scada,lane=out1,point=gate.up,site=demo"]]
    types = {tuple(row) for row in place.server.ask("SHOW FIELD KEYS", place.database)}
    assert types == {("quality", "integer"), ("value", "float")}


async def test_points_that_come_while_the_server_is_down_are_there_afterwards_exactly_once(place: Place) -> None:
    tags = [TagName(f"l{lane}.n") for lane in range(5)]
    async with place.historian() as history:
        history.record([(tag, _at(n, n)) for n in range(100) for tag in tags])
        await _arrived(place, 500)
        await asyncio.to_thread(place.server.stop, hard=True)
        try:
            for n in range(100, 200):
                history.record([(tag, _at(n, n)) for tag in tags])
                await asyncio.sleep(0.005)
            await until(lambda: history._committer.committed == 1000)
            await until(lambda: history._sender._tries > 0)
        finally:
            await asyncio.to_thread(place.server.start)
        await _arrived(place, 1000)
        for tag in tags:
            samples = await history.query(tag, START, START + DAY, 1000)
            assert [sample.value for sample in samples] == list(range(200))
        assert await history.count() == 1000


async def test_points_queued_before_a_restart_of_ours_are_sent_after_it(place: Place) -> None:
    await asyncio.to_thread(place.server.stop)
    try:
        async with place.historian() as history:
            history.record([(UP, _at(n, n)) for n in range(50)])
    finally:
        await asyncio.to_thread(place.server.start)
    async with place.historian():
        await _arrived(place, 50)


async def test_a_line_that_the_server_refuses_does_not_hold_up_the_others(place: Place) -> None:
    async with place.historian() as history:
        await asyncio.to_thread(history._queue.put, ["scada,lane=in1,point=p,site=demo value=1.0,quality=0i 1"])
        await _arrived(place, 1)
        good = [f"scada,lane=in1,point=p,site=demo value={n}.0,quality=0i {n}" for n in range(2, 400)]
        bad = ["scada,lane=in1,point=p,site=demo value=true,quality=0i 1000", "no line at all"]
        await asyncio.to_thread(history._queue.put, [*good[:100], bad[0], *good[100:300], bad[1], *good[300:]])
        history.record([(UP, _at(0, True))])
        await _arrived(place, 400)
        await until(lambda: history._queue.lost == 2)
    dead = await asyncio.to_thread(_dead_lines, place.queue)
    assert [one.line for one in dead] == bad
    assert "field type conflict" in dead[0].error
    assert "unable to parse" in dead[1].error


async def test_a_missing_database_keeps_every_point_until_somebody_makes_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "wait_s", lambda answer, tries: 0.05)
    place.server.ask(f'DROP DATABASE "{place.database}"')
    async with place.historian() as history:
        history.record([(UP, _at(n, n)) for n in range(20)])
        await until(lambda: history._sender._tries >= 3)
        place.server.ask(f'CREATE DATABASE "{place.database}"')
        await _arrived(place, 20)


async def test_asking_a_server_that_is_down_is_said_and_not_an_empty_history(place: Place) -> None:
    await asyncio.to_thread(place.server.stop)
    try:
        async with place.historian() as history:
            with pytest.raises(StoreError, match="ask http"):
                await history.query(UP, START, START + DAY, 10)
    finally:
        await asyncio.to_thread(place.server.start)


async def test_a_site_with_influxdb_writes_there(place: Place, tmp_path: Path) -> None:
    shipped = await asyncio.to_thread(load, Path(__file__).parents[2] / "config.toml")
    site = shipped.site.model_copy(update={"data": str(tmp_path)})
    config = shipped.model_copy(update={"site": site, "history": History(influx=place.settings)})
    built = await asyncio.to_thread(historian.build, config, VirtualClock(START))
    async with built as history:
        history.record([(UP, _at(0, True))])
        await _arrived(place, 1)
