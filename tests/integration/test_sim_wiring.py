"""The copper between cars and PLCs, and the scenes before the cameras, against tiny servers on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from scada.model.lane.words import Direction
from scada.model.names import LaneName
from scada.sim.wiring import FieldLink, Scenes
from tests.support.park import IN, Bench, car

STATE = {
    "boom": 0.0,
    "up": False,
    "down": True,
    "side": 0,
    "green": False,
    "red": True,
    "passage_now": 0,
    "passage_next": 0,
    "passage_last": 4,
    "outcome": 1,
    "phase": 0,
    "rise_count": 4,
    "rise_cause": 1,
    "rise_passage": 4,
}


class FakePlc:
    """A field side that keeps what it was sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, object]] = []
        self.answer = json.dumps({"in1": STATE}).encode() + b"\n"
        self.port = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        while line := await reader.readline():
            self.sent.append(json.loads(line))
            writer.write(self.answer)

    async def hang_up(self) -> None:
        while self._writers:
            writer = self._writers.pop()
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def fake_plc() -> AsyncIterator[FakePlc]:
    plc = FakePlc()
    server = await asyncio.start_server(plc.serve, "127.0.0.1", 0)
    plc.port = server.sockets[0].getsockname()[1]
    async with server:
        yield plc
        await plc.hang_up()


FREE, TAKEN = ({IN: {"approach": on, "safety": False, "beam": False}} for on in (False, True))


async def test_a_link_learns_its_lanes_and_sends_only_what_changed() -> None:
    async with fake_plc() as plc:
        link = FieldLink("plc1", "127.0.0.1", plc.port)
        for felt in (FREE, FREE, TAKEN, TAKEN):
            await link.exchange(felt, 0.0)
        assert list(link.states) == [IN]
        assert link.states[IN].passage_last == 4
        off = {"approach": False, "safety": False, "beam": False}
        assert plc.sent == [{}, {"in1": off}, {}, {"in1": {"approach": True}}, {}]
        await link.close()


async def test_after_the_line_was_cut_everything_is_said_again() -> None:
    async with fake_plc() as plc:
        link = FieldLink("plc1", "127.0.0.1", plc.port)
        await link.exchange(TAKEN, 0.0)
        await plc.hang_up()
        plc.sent.clear()
        for now_s in (0.1, 0.3):
            await link.exchange(TAKEN, now_s)
        assert plc.sent == [{}, {"in1": {"approach": True, "safety": False, "beam": False}}]
        await link.close()


async def test_a_contact_that_is_not_named_any_more_is_opened_even_after_a_cut_line() -> None:
    async with fake_plc() as plc:
        link = FieldLink("plc1", "127.0.0.1", plc.port)
        await link.exchange({IN: {"detached": True}}, 0.0)
        await plc.hang_up()
        plc.sent.clear()
        for now_s in (0.1, 0.3):
            await link.exchange({IN: {}}, now_s)
        assert plc.sent == [{}, {"in1": {"detached": False}}]
        await link.close()


async def test_an_answer_that_is_none_cuts_the_line_and_breaks_nothing() -> None:
    async with fake_plc() as plc:
        plc.answer = b'{"error": "KeyError"}\n'
        link = FieldLink("plc1", "127.0.0.1", plc.port)
        await link.exchange(TAKEN, 0.0)
        assert link.states == {}
        plc.answer = json.dumps({"in1": STATE}).encode() + b"\n"
        await link.exchange(TAKEN, 1.0)
        assert list(link.states) == [IN]
        await link.close()


async def test_nobody_there_is_tried_again_and_not_in_every_cycle() -> None:
    link = FieldLink("plc1", "127.0.0.1", 1)
    await link.exchange(FREE, 0.0)
    await link.exchange(FREE, 0.02)
    assert link.states == {}


class Feed(ThreadingHTTPServer):
    """A camera feed that refuses as often as it is told to, and keeps the rest."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Take)
        self.refusals = 0
        self.shown: list[dict[str, object]] = []


class _Take(BaseHTTPRequestHandler):
    server: Feed

    def do_POST(self) -> None:
        scene = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        refused = self.server.refusals > 0
        self.server.refusals -= refused
        if not refused:
            self.server.shown.append(scene)
        self.send_response(503 if refused else 204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def feed() -> Iterator[Feed]:
    with Feed() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


async def shown(server: Feed, count: int) -> list[object]:
    async with asyncio.timeout(30):
        while len(server.shown) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return [scene["car"] for scene in server.shown]


async def test_the_feed_is_told_each_change_once_and_again_when_it_refused() -> None:
    with feed() as server:
        server.refusals = 1
        scenes = Scenes(f"http://127.0.0.1:{server.server_address[1]}", {(IN, Direction.ENTRY): ["cam-in1"]})
        task = asyncio.create_task(scenes.run())
        one: dict[str, object] = {"plate": "京A12345", "photo": None, "seed": 7}
        scenes.show(IN, Direction.ENTRY, one)
        scenes.show(IN, Direction.ENTRY, dict(one))
        scenes.show(LaneName("no-camera"), Direction.ENTRY, one)
        scenes.show(IN, Direction.EXIT, one)
        assert await shown(server, 1) == [one]
        scenes.show(IN, Direction.ENTRY, None)
        assert await shown(server, 2) == [one, None]
        assert server.shown[0]["camera"] == "cam-in1"
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_numbers_from_before_the_start_belong_to_nobody(tmp_path: Path) -> None:
    with Bench(tmp_path / "truth.jsonl") as bench:
        bench.invite(car(1), 0.0)
        bench.run(1.0)
        bench.finish()
    lines = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    assert [line["what"] for line in lines if line["what"] in ("start", "passage")] == ["start", "start"]
