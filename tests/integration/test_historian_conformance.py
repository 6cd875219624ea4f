"""What every store of history promises, on each: embedded, InfluxDB 1.6, VictoriaMetrics, and fakes of 2.7 and 3.

Where a server cannot do a thing, the test says so: VictoriaMetrics has no text, rounds numbers
of very different sizes, and drops bad lines without a word.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from scada.model.names import SiteId
from scada.model.tag import Quality, TagName, TagValue, Value
from scada.model.trend import HOUR_MS, Bucket, Curve, Grid, Source
from scada.ports import Historian
from scada.store.historian.columns import columns_of, fill
from scada.store.historian.points import unix_ms
from scada.store.historian.queue.spool import LineQueue
from scada.store.historian.remote.historian import RemoteHistorian
from tests.support.store import START, until
from tests.support.timeseries.fake import fake
from tests.support.timeseries.influx import influx
from tests.support.timeseries.stores import LATER, Store, embedded, on_fake, on_influx, on_victoria
from tests.support.timeseries.victoria import VictoriaProcess, victoria

__all__ = ["influx", "victoria"]

UP, STATE, AMPS = TagName("out1.gate.up"), TagName("out1.lane.state"), TagName("site")
REMOTE = ("influx", "victoria", "fake 2.7", "fake 3")
_numbers = count()


def _made(kind: str, request: pytest.FixtureRequest, folder: Path, stack: ExitStack) -> Store:
    site = SiteId(f"park{next(_numbers)}")
    makers: dict[str, Callable[[], Store]] = {
        "embedded": lambda: embedded(site, folder),
        "influx": lambda: on_influx(site, folder, request.getfixturevalue("influx")),
        "victoria": lambda: on_victoria(site, folder, request.getfixturevalue("victoria")),
        "fake 2.7": lambda: on_fake(site, folder, stack.enter_context(fake("2.7"))),
        "fake 3": lambda: on_fake(site, folder, stack.enter_context(fake("3"))),
    }
    return makers[kind]()


@pytest.fixture(params=("embedded", *REMOTE))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Every store."""
    with ExitStack() as stack:
        yield _made(request.param, request, tmp_path, stack)


@pytest.fixture(params=REMOTE)
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Every store with a server, and so with a queue."""
    with ExitStack() as stack:
        yield _made(request.param, request, tmp_path, stack)


def _at(second: float, value: Value, quality: Quality = Quality.GOOD) -> TagValue:
    return TagValue(value, quality, None, START + timedelta(seconds=second), second)


class TestEveryStore:
    """What holds on all of them."""

    async def test_points_are_read_back_with_value_text_and_quality_between_two_times(self, store: Store) -> None:
        async with store.open() as history:
            history.record([(UP, _at(0, True)), (UP, _at(1, True, Quality.COMMUNICATION)), (UP, _at(2.5, False))])
            history.record([(STATE, _at(0, 'a "state"\\, with = and, commas')), (STATE, _at(1, "开闸"))])
            await store.arrived(history, {UP: 3, STATE: 2})
            assert await history.count() == 5
            samples = await history.query(UP, START, LATER, 10)
            assert [((one.at - START).total_seconds(), one.value, one.status_code) for one in samples] == [
                (0.0, 1.0, 0),
                (1.0, None, 0x80050000),
                (2.5, 0.0, 0),
            ]
            states = await history.query(STATE, START, LATER, 10)
            told = [one.text for one in states]
            assert told == (['a "state"\\, with = and, commas', "开闸"] if store.has_text else [None, None])
            second = timedelta(seconds=1)
            assert len(await history.query(UP, START + second, START + 2 * second, 10)) == 1
            assert [one.value for one in await history.query(UP, START, LATER, 2)] == [1.0, None]
            assert await history.query(TagName("no.such"), START, LATER, 2) == []

    async def test_a_point_that_comes_again_is_one_point(self, store: Store) -> None:
        for _ in range(2):
            async with store.open() as history:
                history.record([(UP, _at(n, n)) for n in range(10)])
                await store.arrived(history, {UP: 10})
        async with store.open() as history:
            assert [one.value for one in await history.query(UP, START, LATER, 100)] == list(range(10))

    async def test_a_thousandth_of_a_second_is_kept_apart_and_a_float_is_kept_exactly(self, store: Store) -> None:
        values = [0.1 + 0.2, 1e-9, -12345678.875, 1e15] if store.is_exact else [0.3, 1.25, -12.875, 400.0]
        async with store.open() as history:
            history.record([(AMPS, _at(n / 1000, value)) for n, value in enumerate(values)])
            await store.arrived(history, {AMPS: 4})
            samples = await history.query(AMPS, START, LATER, 10)
            assert [one.value for one in samples] == values
            assert [(one.at - START) / timedelta(milliseconds=1) for one in samples] == [0, 1, 2, 3]

    async def test_a_trend_is_cut_alike_and_shows_where_nothing_is_known(self, store: Store) -> None:
        async with store.open() as history:
            history.record([(UP, _at(-50, True)), (UP, _at(5, False)), (UP, _at(25, True, Quality.COMMUNICATION))])
            history.record([(UP, _at(40, True)), (AMPS, _at(0, 7.5)), (STATE, _at(0, "open"))])
            await store.arrived(history, {UP: 4, AMPS: 1, STATE: 1})
            up, amps, other = await history.trend(
                [UP, AMPS, TagName("no.such")], START, START + timedelta(seconds=50), 5
            )
            assert up.mean == (0.5, 0.0, 0.0, None, 1.0)
            assert up.known_ms == (10_000, 10_000, 5000, 0, 10_000)
            assert amps.mean == (7.5,) * 5
            assert other.mean == (None,) * 5
            assert await history.names() == [UP, STATE, AMPS]

    async def test_what_is_in_memory_when_the_plant_stops_is_there_after_the_next_start(self, store: Store) -> None:
        async with store.open() as history:
            history.record([(UP, _at(n, n)) for n in range(50)])
        async with store.open() as history:
            await store.arrived(history, {UP: 50})

    async def test_thousands_of_points_of_many_tags_are_all_there_once_and_in_order(self, store: Store) -> None:
        tags = [TagName(f"l{lane}.n") for lane in range(10)]
        async with store.open() as history:
            for start in range(0, 200, 50):
                history.record([(tag, _at(n / 10, n)) for n in range(start, start + 50) for tag in tags])
                await asyncio.sleep(0)
            await store.arrived(history, dict.fromkeys(tags, 200))
            for tag in tags:
                assert [one.value for one in await history.query(tag, START, LATER, 1000)] == list(range(200))
            assert await history.count() == 2000
            figures = await history.figures()
            assert (figures.lost, figures.dead, dict(figures.troubles)) == (0, 0, {})


class TestEveryServer:
    """What the queue adds."""

    async def test_what_comes_while_the_server_is_down_is_there_afterwards_exactly_once(self, remote: Store) -> None:
        async with remote.open() as history:
            assert isinstance(history, RemoteHistorian)
            history.record([(UP, _at(n, n)) for n in range(100)])
            await remote.arrived(history, {UP: 100})
            await asyncio.to_thread(remote.down)
            try:
                history.record([(UP, _at(n, n)) for n in range(100, 200)])
                await until(lambda: history._committer.committed == 200 and history._sender.errors > 0)
                waiting = await history.figures()
                assert (waiting.queue_lines, waiting.lost) == (100, 0)
            finally:
                await asyncio.to_thread(remote.up)
            await remote.arrived(history, {UP: 200})
            assert [one.value for one in await history.query(UP, START, LATER, 1000)] == list(range(200))
            await until(lambda: history._queue.held.lines == 0)

    async def test_a_bad_line_holds_up_no_other_and_can_be_read_where_the_server_told_it(self, remote: Store) -> None:
        head = f"scada,lane=in1,point=p,site={remote.site}"
        good = [f"{head} quality=0i,value={n}.0 {1772352000000 + n}" for n in range(100)]
        bad = [f"{head} quality=0i,value=true 1772352001000", "no line at all"]
        async with remote.open() as history:
            assert isinstance(history, RemoteHistorian)
            queue: LineQueue = history._queue
            await asyncio.to_thread(queue.put, good[:1])
            await remote.arrived(history, {TagName("in1.p"): 1})
            await asyncio.to_thread(queue.put, [*good[1:30], bad[0], *good[30:70], bad[1], *good[70:]])
            if not remote.tells_bad_lines:
                await until(lambda: queue.held.lines == 0)
                await asyncio.to_thread(remote.flush)
                assert len(await history.query(TagName("in1.p"), START, LATER, 1000)) == 101, "true is 1 there"
                assert queue.lost == 0
                return
            await remote.arrived(history, {TagName("in1.p"): 100})
            await until(lambda: queue.dead_rows == 2)
            dead = await asyncio.to_thread(remote.dead)
            assert [one.line for one in dead] == bad
            assert "field type conflict" in dead[0].error
            assert "unable to parse" in dead[1].error
            figures = await history.figures()
            assert (figures.dead, list(figures.troubles)) == (2, ["history_dead"])


AWAY = timedelta(days=10)
SOME: tuple[tuple[float, Value, Quality], ...] = (
    (-5400, 4.0, Quality.GOOD),
    (-1800, 2.5, Quality.GOOD),
    (60, 8.0, Quality.GOOD),
    (61, 1.5, Quality.COMMUNICATION),
    (1200, 1.5, Quality.GOOD),
    (10_800, 6.0, Quality.GOOD),
    (18_000.5, 7.0, Quality.GOOD),
)
WAYS = TagName("out1.gate.ways")


async def _hours(history: Historian) -> tuple[Source, list[Bucket]]:
    """Ask a range so long that it is cut into hours, and give those with a value, or with points."""
    (found,) = await history.trend([AMPS], START - AWAY, START + AWAY, 600)
    return found.source, [one for one in found.buckets if one.points or one.known]


async def _as_points_say(store: Store, history: Historian) -> list[Bucket]:
    samples = await history.query(AMPS, START - AWAY, START + AWAY, 1000)
    cut = Grid(unix_ms(START - AWAY) // HOUR_MS * HOUR_MS, HOUR_MS, 480)
    whole = fill(AMPS, Curve.STEP, cut, None, columns_of(samples), unix_ms(store.clock.now()))
    return [one for one in whole.buckets if one.points or one.known]


def _points(hours: list[Bucket]) -> int:
    return sum(one.points for one in hours)


@pytest.fixture
def hourly(store: Store) -> Store:
    """Every store, in a hurry to make hours."""
    store.pause_s = 0.05
    return store


@pytest.fixture(params=[kind for kind in REMOTE if kind != "victoria"])
def there(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Every server that hours are read from. To VictoriaMetrics they are only written."""
    with ExitStack() as stack:
        store = _made(request.param, request, tmp_path, stack)
        store.pause_s = 0.05
        yield store


class TestHours:
    """What each tag did in each hour."""

    async def test_hours_are_as_the_points_say_and_alike_on_every_store(self, hourly: Store) -> None:
        async with hourly.open() as history:
            history.record([(AMPS, _at(*one)) for one in SOME])
            await hourly.arrived(history, {AMPS: len(SOME)})
            before = await _hours(history)
            await hourly.hours_made(history)
            source, hours = await _hours(history)
            assert source is (Source.HOURS if hourly.has_text else Source.POINTS)
            assert hours == await _as_points_say(hourly, history) == before[1]
            assert [one.points for one in hours[:4]] == [1, 1, 3, 0]

    async def test_a_point_that_comes_again_counts_once_and_a_late_one_changes_its_hour(self, hourly: Store) -> None:
        for late in ((), ((2000, 9.0, Quality.GOOD),), ((-7000, 5.0, Quality.GOOD),)):
            async with hourly.open() as history:
                history.record([(AMPS, _at(*one)) for one in SOME])
            async with hourly.open() as history:
                history.record([(AMPS, _at(*one)) for one in late])
            async with hourly.open() as history:
                await hourly.hours_made(history)
                await asyncio.to_thread(hourly.flush)
                _, hours = await _hours(history)
                assert hours == await _as_points_say(hourly, history)
        assert (_points(hours), max(one.high or 0 for one in hours)) == (len(SOME) + 2, 9.0)

    async def test_hours_stay_when_the_points_go_and_say_what_held_before_later_ones(self, there: Store) -> None:
        async with there.open() as history:
            history.record([(AMPS, _at(*one)) for one in SOME])
            await there.arrived(history, {AMPS: len(SOME)})
            await there.hours_made(history)
            before = await _hours(history)
            await asyncio.to_thread(there.forget_points)
            assert await history.query(AMPS, START - AWAY, START + AWAY, 10) == []
            assert await _hours(history) == before
            assert await history.names() == [AMPS]
            (later,) = await history.trend([AMPS], LATER - timedelta(minutes=10), LATER, 5)
            assert later.mean == (7.0,) * 5, "it has not changed since"
            history.record([(AMPS, _at(27_000, 3.0))])
            await there.arrived(history, {AMPS: 1})
            await there.hours_made(history)
            hours = {one.at: one for one in (await _hours(history))[1]}
            changed = hours[START + timedelta(hours=7)]
            assert (changed.first, changed.mean, changed.last) == (7.0, 5.0, 3.0)
            assert _points(list(hours.values())) == len(SOME) + 1

    async def test_what_a_state_was_is_known_when_its_points_are_gone(self, there: Store) -> None:
        async with there.open() as history:
            history.record([(WAYS, _at(0, "shut")), (WAYS, _at(9000, 'a "gap"'))])
            await there.arrived(history, {WAYS: 2})
            await there.hours_made(history)
            await asyncio.to_thread(there.forget_points)
            (later,) = await history.trend([WAYS], LATER - timedelta(minutes=10), LATER, 2)
            assert later.texts == ('a "gap"',) * 2

    async def test_hours_that_wait_at_a_stop_are_made_after_the_start(self, there: Store) -> None:
        there.pause_s = 60.0
        async with there.open() as history:
            history.record([(AMPS, _at(*one)) for one in SOME])
            await there.arrived(history, {AMPS: len(SOME)})
        there.pause_s = 0.05
        async with there.open() as history:
            await there.hours_made(history)
            await asyncio.to_thread(there.forget_points)
            assert _points((await _hours(history))[1]) == len(SOME)

    async def test_hours_that_were_made_and_not_sent_are_sent_after_the_start(self, there: Store) -> None:
        there.pause_s = 60.0
        async with there.open() as history:
            assert isinstance(history, RemoteHistorian)
            history.record([(AMPS, _at(*one)) for one in SOME])
            await there.arrived(history, {AMPS: len(SOME)})
            await until(lambda: history._queue.held.lines == 0)
            await asyncio.to_thread(history._sender.stop)
            await asyncio.to_thread(history._roller.round)
            assert history._queue.held.lines == 5
            said = await _as_points_say(there, history)
            assert await _hours(history) == (Source.HOURS, said), "until they are there, points are asked"
        async with there.open() as history:
            await until(lambda: history._queue.held.lines == 0)  # type: ignore[attr-defined]
            await asyncio.to_thread(there.forget_points)
            there.pause_s = 0.05
        async with there.open() as history:
            await there.hours_made(history)
            assert _points((await _hours(history))[1]) == len(SOME)

    async def test_points_from_before_there_were_hours_get_theirs(self, there: Store) -> None:
        there.pause_s = 60.0
        async with there.open() as history:
            history.record([(AMPS, _at(*one)) for one in SOME])
            await there.arrived(history, {AMPS: len(SOME)})
        for file in there.folder.glob("queue.db*"):
            file.unlink()
        async with there.open() as history:
            source, hours = await _hours(history)
            assert (source, _points(hours)) == (Source.POINTS, len(SOME))
        there.pause_s = 0.05
        async with there.open() as history:
            await there.hours_made(history)
            await asyncio.to_thread(there.forget_points)
            source, hours = await _hours(history)
            assert (source, _points(hours)) == (Source.HOURS, len(SOME))

    async def test_victoriametrics_is_sent_hours_for_others_to_see(
        self, victoria: VictoriaProcess, tmp_path: Path
    ) -> None:
        store = on_victoria(SiteId(f"park{next(_numbers)}"), tmp_path, victoria)
        store.pause_s = 0.05
        async with store.open() as history:
            history.record([(AMPS, _at(*one)) for one in SOME])
            await store.arrived(history, {AMPS: len(SOME)})
            await store.hours_made(history)
            await asyncio.to_thread(store.flush)
            found = await asyncio.to_thread(victoria.export, f'{{__name__="rollup_1h_points",site="{store.site}"}}')
            assert [number for one in found for number in one["values"]] == [1, 1, 3, 1, 1]
