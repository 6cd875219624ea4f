"""History by the routes of InfluxDB 2 and 3, with their manners: whole bodies refused, waits asked for, poison."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest

from scada.clock import VirtualClock
from scada.model.tag import Quality, TagName, TagValue
from scada.settings.stores import Influx
from scada.store.db import StoreError
from scada.store.historian.keeping import Keeping
from scada.store.historian.remote import sender as sender_module
from scada.store.historian.remote.answers import Answer, wait_s
from scada.store.historian.remote.historian import RemoteHistorian
from scada.store.historian.remote.retention import Retention
from scada.store.historian.remote.server import READ_MS, TimeSeriesServer
from tests.support.store import SITE, START, until
from tests.support.timeseries.fake import TOKEN, Fake, Manner, fake

UP = TagName("out1.gate.up")
Opened = Callable[[str], AbstractAsyncContextManager[RemoteHistorian]]


@pytest.fixture
def server() -> Iterator[Fake]:
    """A stand-in for InfluxDB 2.7."""
    with fake("2.7") as state:
        yield state


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits the sender would have made; it waits 10 ms instead."""
    asked: list[float] = []

    def short(answer: Answer, tries: int) -> float:
        asked.append(wait_s(answer, tries))
        return 0.01

    monkeypatch.setattr(sender_module, "wait_s", short)
    return asked


@pytest.fixture
def opened(server: Fake, tmp_path: Path) -> Opened:
    """Open a historian with a token."""
    (tmp_path / "token.txt").write_text(f"{TOKEN}\n")
    (tmp_path / "wrong.txt").write_text("another\n")
    for name in ("token.txt", "wrong.txt"):
        (tmp_path / name).chmod(0o600)

    @asynccontextmanager
    async def with_token(token: str) -> AsyncIterator[RemoteHistorian]:
        settings = Influx(url=server.url, bucket="parking", org="lot")
        made = RemoteHistorian(settings, SITE, VirtualClock(START), tmp_path / "queue.db", tmp_path / token)
        async with made as history:
            yield history

    return with_token


def _points(first: int, number: int) -> list[tuple[TagName, TagValue]]:
    return [
        (UP, TagValue(n, Quality.GOOD, None, START + timedelta(seconds=n), 0.0)) for n in range(first, first + number)
    ]


async def test_lines_go_to_the_bucket_in_milliseconds_with_the_token(server: Fake, opened: Opened) -> None:
    async with opened("token.txt") as history:
        history.record(_points(0, 10))
        await until(lambda: len(server.stored) == 10)
    assert server.writes[0] == {"org": ["lot"], "bucket": ["parking"], "precision": ["ms"]}
    ((series, points),) = server.stored.points.items()
    assert series == ("scada", (("lane", "out1"), ("point", "gate.up"), ("site", "demo")))
    assert points[1772352000000] == {"quality": 0, "value": 0.0}


@pytest.mark.parametrize(
    ("mood", "expected_s"),
    [((429, {"Retry-After": "7"}), 7.0), ((503, {}), 0.25), ((401, {}), 30.0), ((404, {}), 30.0)],
)
async def test_a_server_in_a_mood_gets_everything_later(
    server: Fake, opened: Opened, waits: list[float], mood: tuple[int, dict[str, str]], expected_s: float
) -> None:
    server.mood = [mood]
    async with opened("token.txt") as history:
        history.record(_points(0, 10))
        await until(lambda: len(server.stored) == 10)
        assert await history.count() == 10
    assert waits == [expected_s]


async def test_a_body_that_is_too_large_is_sent_in_halves(server: Fake, opened: Opened, waits: list[float]) -> None:
    server.most_lines = 30
    async with opened("token.txt") as history:
        history.record(_points(0, 200))
        await until(lambda: len(server.stored) == 200)
        assert await history.count() == 200
    assert waits == []


async def test_a_point_beyond_retention_is_dead_and_the_others_are_stored(server: Fake, opened: Opened) -> None:
    server.oldest_ms = int(START.timestamp() * 1000) + 5000
    async with opened("token.txt") as history:
        history.record(_points(0, 20))
        await until(lambda: history._queue.lost == 5)
        assert len(server.stored) == 15


async def test_a_server_that_refuses_every_line_is_not_believed_to_mean_the_lines(
    server: Fake, opened: Opened, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "DEAD_IN_A_ROW", 20)
    server.oldest_ms = 10**15
    async with opened("token.txt") as history:
        history.record(_points(0, 60))
        await until(lambda: len(waits) >= 3)
        assert (history._queue.held.lines, history._queue.lost) == (60, 0)
        assert "history_refused" in (await history.figures()).troubles
        server.oldest_ms = 0
        await until(lambda: len(server.stored) == 60)
        await until(lambda: history._sender.trouble is None)
        assert (await history.figures()).troubles == {}


async def test_a_wrong_token_is_an_alarm_at_once_and_nothing_is_lost(opened: Opened, waits: list[float]) -> None:
    async with opened("wrong.txt") as history:
        history.record(_points(0, 10))
        await until(lambda: len(waits) >= 2)
        figures = await history.figures()
        assert figures.queue_lines == 10
        assert figures.send_errors >= 2
        assert figures.troubles["history_refused"].startswith("401")


async def test_a_busy_server_names_the_time_of_the_next_try_in_either_way(
    server: Fake, opened: Opened, waits: list[float]
) -> None:
    date = {"Date": "Sun, 01 Mar 2026 08:00:00 GMT", "Retry-After": "Sun, 01 Mar 2026 08:00:09 GMT"}
    server.mood = [(503, date), (429, {"Retry-After": "soon"})]
    async with opened("token.txt") as history:
        history.record(_points(0, 10))
        await until(lambda: len(server.stored) == 10)
    assert waits == [9.0, 0.5]


@pytest.mark.parametrize("manner", ["2.7", "3"])
async def test_how_long_a_server_keeps_history_is_told_to_2_and_cannot_be_told_to_3(
    manner: Manner, tmp_path: Path
) -> None:
    (tmp_path / "token.txt").write_text(TOKEN)
    with fake(manner) as server:
        one = TimeSeriesServer(Influx(url=server.url, bucket="parking", org="lot", keep_days=90), TOKEN)
        retention = Retention(one, Keeping())
        await asyncio.to_thread(retention.see_to)
        one.close()
        assert server.retention_s["parking"] == (90 * 86400 if manner == "2.7" else 0)
        assert ("3 Core" in retention.trouble) is (manner == "3")


async def test_a_line_that_breaks_the_server_every_time_blocks_nothing(
    server: Fake, opened: Opened, waits: list[float]
) -> None:
    server.poison = "value=7.0"
    async with opened("token.txt") as history:
        history.record(_points(0, 20))
        await until(lambda: history._queue.lost == 1)
        assert len(server.stored) == 19
        history.record(_points(20, 5))
        await until(lambda: len(server.stored) == 24)
    assert len(waits) == 3


async def test_a_missing_token_file_is_named_at_the_start(opened: Opened) -> None:
    with pytest.raises(StoreError, match=r"nowhere\.txt"):
        async with opened("nowhere.txt"):
            pytest.fail("opened without a token")


async def test_a_server_that_hangs_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        settings = Influx(url=f"http://127.0.0.1:{deaf.getsockname()[1]}", bucket="parking")
        async with RemoteHistorian(settings, SITE, VirtualClock(START), tmp_path / "queue.db") as history:
            history.record(_points(0, 10))
            await until(lambda: history._committer.committed == 10)
            assert await history.count() == 10
            began = monotonic()
        assert monotonic() - began < READ_MS / 1000
