"""History by the route of InfluxDB 2, with its manners: whole bodies refused, waits asked for, poison."""

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
from scada.store.historian.remote import sender as sender_module
from scada.store.historian.remote.answers import Answer, wait_s
from scada.store.historian.remote.historian import RemoteHistorian
from scada.store.historian.remote.server import READ_MS
from tests.support.influx2 import TOKEN, Influx2, influx2
from tests.support.store import SITE, START, until

UP = TagName("out1.gate.up")
Opened = Callable[[str], AbstractAsyncContextManager[RemoteHistorian]]


@pytest.fixture
def server() -> Iterator[Influx2]:
    """A stand-in for InfluxDB 2.7."""
    with influx2() as state:
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
def opened(server: Influx2, tmp_path: Path) -> Opened:
    """Open a historian with a token."""
    (tmp_path / "token.txt").write_text(f"{TOKEN}\n")
    (tmp_path / "token.txt").chmod(0o600)

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


async def test_lines_go_to_the_bucket_in_milliseconds_with_the_token(server: Influx2, opened: Opened) -> None:
    async with opened("token.txt") as history:
        history.record(_points(0, 10))
        await until(lambda: len(server.stored) == 10)
    assert server.writes[0] == {"org": ["lot"], "bucket": ["parking"], "precision": ["ms"]}
    first = min(server.stored.values())
    assert first == "scada,lane=out1,point=gate.up,site=demo quality=0i,value=0.0 1772352000000"


@pytest.mark.parametrize(
    ("mood", "expected_s"),
    [((429, {"Retry-After": "7"}), 7.0), ((503, {}), 0.25), ((401, {}), 30.0), ((404, {}), 30.0)],
)
async def test_a_server_in_a_mood_gets_everything_later(
    server: Influx2, opened: Opened, waits: list[float], mood: tuple[int, dict[str, str]], expected_s: float
) -> None:
    server.mood = [mood]
    async with opened("token.txt") as history:
        history.record(_points(0, 10))
        await until(lambda: len(server.stored) == 10)
        assert await history.count() == 10
    assert waits == [expected_s]


async def test_a_body_refused_for_one_line_is_stored_but_for_that_line(server: Influx2, opened: Opened) -> None:
    async with opened("token.txt") as history:
        history.record(_points(0, 200))
        history.record([(TagName("in1.bad"), TagValue("x", Quality.GOOD, None, START - timedelta(days=40000), 0.0))])
        history.record(_points(200, 200))
        await until(lambda: len(server.stored) == 400)
        await until(lambda: history._queue.lost == 1)
        assert await history.count() == 400


async def test_a_line_that_breaks_the_server_every_time_blocks_nothing(
    server: Influx2, opened: Opened, waits: list[float]
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
