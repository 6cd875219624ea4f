"""History by class on servers: a policy, a bucket or a database for each, told how long to keep it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from scada.clock import VirtualClock
from scada.model.tag import Access, Quality, TagName, TagSpec, TagValue, Value
from scada.model.trend import Source
from scada.settings.stores import Influx, InfluxClasses
from scada.store.historian.keeping import Keeping
from scada.store.historian.queue.letters import retry
from scada.store.historian.remote.historian import RemoteHistorian
from scada.store.historian.remote.lines import series_of
from scada.store.historian.remote.retention import Retention
from scada.store.historian.remote.server import TimeSeriesServer
from tests.support.store import SITE, START, until
from tests.support.timeseries.fake import TOKEN, Fake, fake
from tests.support.timeseries.influx import InfluxProcess, influx
from tests.support.timeseries.stores import LATER

__all__ = ["influx"]

UP, AMPS, LINK = TagName("out1.gate.up"), TagName("out1.gate.motor_a"), TagName("dev.plc1.up")
KEEPING = Keeping(raw_days=3000, analog_days=2000, health_days=1000, hour_years=10)
DAYS = {"events": 3000, "analog": 2000, "health": 1000, "hours": 3660}
SHORT = Keeping(raw_days=60, analog_days=30, health_days=10, hour_years=2)


def _specs() -> tuple[TagSpec, ...]:
    return (TagSpec(AMPS, "plc1", Access.READ, is_analog=True), TagSpec(UP, "plc1", Access.READ))


def _at(second: float, value: Value) -> TagValue:
    return TagValue(value, Quality.GOOD, None, START + timedelta(seconds=second), second)


def _opened(settings: Influx, folder: Path) -> RemoteHistorian:
    (folder / "token.txt").write_text(TOKEN)
    (folder / "token.txt").chmod(0o600)
    token = folder / "token.txt" if settings.org == "lot" else None
    return RemoteHistorian(
        settings, SITE, VirtualClock(LATER), folder / "queue.db", token, _specs(), keeping=KEEPING, pause_s=0.05
    )


async def _recorded(history: RemoteHistorian) -> None:
    history.record([(UP, _at(0, True)), (AMPS, _at(0, 1.5)), (AMPS, _at(1, 2.5)), (LINK, _at(0, True))])
    await until(lambda: history._committer.committed == 4 and history._queue.held.lines == 0)
    await _hours_made(history)


async def _hours_made(history: RemoteHistorian) -> None:
    for _ in range(600):
        if not await asyncio.to_thread(history._queue.waiting_hours):
            return
        await asyncio.sleep(0.05)
    pytest.fail("hours wait after 30 s")


async def test_each_class_has_a_policy_of_influxdb_1_and_is_kept_as_long_as_configured(
    influx: InfluxProcess, tmp_path: Path
) -> None:
    influx.ask('CREATE DATABASE "classes" WITH DURATION 60d NAME "events"')
    classes = InfluxClasses(analog="classes/analog", health="classes/health", hours="classes/hours")
    settings = Influx(url=influx.url, bucket="classes/events", classes=classes, free_mb=64)
    async with _opened(settings, tmp_path) as history:
        await _recorded(history)
        assert [one.value for one in await history.query(AMPS, START, LATER, 10)] == [1.5, 2.5]
        assert [one.value for one in await history.query(LINK, START, LATER, 10)] == [1.0]
        assert sorted(await history.names()) == sorted([AMPS, UP, LINK])
        (trend,) = await history.trend([AMPS], START - timedelta(days=15), LATER, 500)
        assert (trend.source, sum(trend.points)) == (Source.HOURS, 2)
    found = influx.ask('SHOW RETENTION POLICIES ON "classes"')
    assert {row[0]: row[1] for row in found} == {name: f"{days * 24}h0m0s" for name, days in DAYS.items()}
    counted = {
        (policy, of): [row[1:] for row in influx.ask(f'SELECT count("quality") FROM "{policy}"."{of}"', "classes")]  # noqa: S608
        for policy in DAYS
        for of in ("scada", "device_health", "rollup_1h")
    }
    assert {where: rows for where, rows in counted.items() if rows} == {
        ("events", "scada"): [[1]],
        ("analog", "scada"): [[2]],
        ("health", "device_health"): [[1]],
        ("hours", "rollup_1h"): [[3]],
    }
    influx.ask('DROP DATABASE "classes"')


@contextmanager
def _site(manner: Any, folder: Path) -> Iterator[tuple[Fake, Influx]]:  # noqa: ANN401 - a literal
    with fake(manner) as server:
        classes = InfluxClasses(analog="analog", health="health", hours="hours")
        yield server, Influx(url=server.url, bucket="parking", org="lot", classes=classes, free_mb=64)


@pytest.mark.parametrize("manner", ["2.7", "3"])
async def test_each_class_has_a_bucket_of_2_or_a_database_of_3(manner: str, tmp_path: Path) -> None:
    with _site(manner, tmp_path) as (server, settings):
        async with _opened(settings, tmp_path) as history:
            await _recorded(history)
            assert [one.value for one in await history.query(AMPS, START, LATER, 10)] == [1.5, 2.5]
            assert await history.names() == sorted([AMPS, UP, LINK])
            assert not (await history.figures()).troubles
        assert {name: len(stored) for name, stored in server.buckets.items()} == {
            "parking": 1,
            "analog": 2,
            "health": 1,
            "hours": 3,
        }
        kept = {name: seconds // 86400 for name, seconds in server.retention_s.items()}
        events = {"parking": 3000} if manner == "2.7" else {"parking": 0}
        assert kept == events | {name: days for name, days in DAYS.items() if name != "events"}


async def test_a_dead_line_that_is_sent_again_goes_to_the_place_of_its_class_and_counts_in_its_hour(
    tmp_path: Path,
) -> None:
    with _site("2.7", tmp_path) as (server, settings):
        async with _opened(settings, tmp_path) as history:
            await _recorded(history)
            server.oldest_ms = 10**15
            history.record([(AMPS, _at(2, 9.5))])
            await until(lambda: history._queue.dead_rows == 1)
            server.oldest_ms = 0
            await asyncio.to_thread(retry, tmp_path / "queue.db", None, START)
            await until(lambda: len(server.buckets["analog"]) == 3)
            await _hours_made(history)
            (trend,) = await history.trend([AMPS], START - timedelta(days=15), LATER, 500)
            assert (sum(trend.points), max(one or 0 for one in trend.high)) == (3, 9.5)


async def test_a_place_that_cannot_be_made_is_an_alarm_and_everything_waits(tmp_path: Path) -> None:
    with _site("3", tmp_path) as (server, settings):
        for n in range(3):
            server.make({"db": f"other{n}", "retention_period": "1d"})
        async with _opened(settings, tmp_path) as history:
            history.record([(UP, _at(0, True)), (LINK, _at(0, True))])
            await until(lambda: bool(history._retention.trouble))
            figures = await history.figures()
            assert "limit of 5" in figures.troubles["history_retention"]
            await until(lambda: history._sender.errors > 0)
            assert (await history.figures()).queue_lines == 2


def test_what_a_single_bucket_keeps_too_short_is_said_class_by_class(influx: InfluxProcess) -> None:
    influx.ask('CREATE DATABASE "one"')
    server = TimeSeriesServer(Influx(url=influx.url, bucket="one", keep_days=40), None)
    retention = Retention(server, SHORT)
    retention.see_to()
    found = retention.kept()
    server.close()
    influx.ask('DROP DATABASE "one"')
    assert [(one.share.value, one.wanted, one.days, one.is_short) for one in found] == [
        ("events", 60, 40, True),
        ("analog", 30, 40, False),
        ("health", 10, 40, False),
        ("hours", 732, 40, True),
    ]


def test_a_bucket_for_all_and_classes_are_not_told_both_at_once() -> None:
    with pytest.raises(ValidationError, match="keep_days is for one bucket"):
        Influx(url="http://127.0.0.1:1", bucket="b", keep_days=40, classes=InfluxClasses(hours="h"))


def test_the_tag_of_a_line_is_read_back_whatever_stands_in_it() -> None:
    assert series_of(r"scada,lane=a\ b\,c,point=d\=e.f,site=demo value=1.0 1") == ("scada", "a b,c.d=e.f")
    assert series_of("scada,lane=site,point=-,site=demo value=1.0 1") == ("scada", "site")
    assert series_of("no line") is None
