"""What is special about a real InfluxDB 1.6: names and types of its series, missing databases, retention."""

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
from scada.store.historian.keeping import Keeping
from scada.store.historian.remote import sender as sender_module
from scada.store.historian.remote.historian import RemoteHistorian
from scada.store.historian.remote.retention import Retention
from scada.store.historian.remote.server import TimeSeriesServer
from tests.support.store import SITE, START, until
from tests.support.timeseries.influx import InfluxProcess, found_binary, influx

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


async def test_a_series_is_named_by_site_lane_and_point_and_its_value_is_a_float(place: Place) -> None:
    async with place.historian() as history:
        history.record([(UP, _at(0, 1))])
        await _arrived(place, 1)
    series = place.server.ask("SHOW SERIES", place.database)
    assert series == [["scada,lane=out1,point=gate.up,site=demo"]]
    types = {tuple(row) for row in place.server.ask("SHOW FIELD KEYS", place.database)}
    assert types == {("quality", "integer"), ("value", "float")}


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


@pytest.mark.parametrize(("days", "shard"), [(30, "24h0m0s"), (400, "168h0m0s")])
async def test_the_server_keeps_history_as_long_as_is_configured_and_is_left_alone_otherwise(
    place: Place, days: int, shard: str
) -> None:
    policies = f'SHOW RETENTION POLICIES ON "{place.database}"'
    before = place.server.ask(policies)
    server = TimeSeriesServer(place.settings, None)
    retention = Retention(server, Keeping())
    await asyncio.to_thread(retention.see_to)
    assert place.server.ask(policies) == before
    server.close()
    server = TimeSeriesServer(place.settings.model_copy(update={"keep_days": days}), None)
    retention = Retention(server, Keeping())
    await asyncio.to_thread(retention.see_to)
    assert retention.trouble == ""
    assert place.server.ask(policies)[0][:3] == ["autogen", f"{days * 24}h0m0s", shard]
    server.close()


async def test_a_server_that_wants_to_know_who_asks_is_shown_user_and_password(tmp_path: Path) -> None:
    server = InfluxProcess(found_binary(), tmp_path, auth=True)
    await asyncio.to_thread(server.start)
    try:
        server.ask("CREATE USER \"plant\" WITH PASSWORD 'a word' WITH ALL PRIVILEGES")
        server.who = {"u": "plant", "p": "a word"}
        server.ask("CREATE DATABASE parking")
        settings = Influx(url=server.url, bucket="parking")
        for token, expected in (("plant:a word", 204), ("plant:another", 401), (None, 401)):
            asked = TimeSeriesServer(settings, token)
            answer = await asyncio.to_thread(asked.write, ["scada,lane=in1,point=p,site=demo quality=0i 1"])
            assert answer.status == expected
            asked.close()
    finally:
        await asyncio.to_thread(server.stop)
