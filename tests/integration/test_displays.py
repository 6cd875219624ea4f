"""Displays over real connections: told at once, told anew, silent when nobody speaks, and deaf to strangers."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from lpr.display.face import Colour, Face, Line
from lpr.display.keeper import DisplayKeeper, DisplayParts
from lpr.display.links import HttpLink, Link, SerialServerLink, TcpLink, UnitLink
from lpr.display.protocol import DisplayError, Message
from lpr.push.vz import take, with_serial
from lpr.push.words import Post
from lpr.sim.board import BoardSim, Handler, by_frames, by_http, by_lines
from scada.clock import SystemClock
from scada.engine.tags import TagTable
from scada.model.display import display_specs, display_tag
from scada.model.tag import Access, TagName, TagSpec
from scada.sim.trial.ports import free_port
from tests.support.store import until

NEWS = TagName("out1.display")
STATE = display_tag("led", "state")
KEY = b"a key of the display"
WELCOME = Face(((Line("欢迎光临", Colour.GREEN),),), "欢迎光临")
PAY = Face(((Line("京A12345", Colour.YELLOW), Line("请付 5.00 元", Colour.YELLOW)),), "请付5.00元", qr="weixin://1")


@asynccontextmanager
async def served(handler: Handler, port: int) -> AsyncIterator[None]:
    """Serve; when it is over every connection is cut, as when a display is switched off."""
    work: dict[asyncio.Task[object], asyncio.StreamWriter] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        work[task] = writer
        await handler(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", port, limit=8192)
    try:
        yield
    finally:
        server.close()
        for writer in work.values():
            writer.transport.abort()
        await asyncio.gather(*work, return_exceptions=True)


@dataclass
class Bench:
    """A keeper with tags of its own; `face` is what it has to tell."""

    link: Link
    face: Face = WELCOME
    tags: TagTable = field(
        default_factory=lambda: TagTable([TagSpec(NEWS, "", Access.READ), *display_specs(["led"])], SystemClock())
    )
    news: int = 0

    def change(self, face: Face) -> None:
        self.face = face
        self.news += 1
        self.tags.set(NEWS, self.news)

    @property
    def state(self) -> str:
        return str(self.tags.get(STATE).value or "")

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        parts = DisplayParts(SystemClock(), self.tags, lambda: self.face, [NEWS])
        keeper = DisplayKeeper("led", self.link, parts, again_s=0.2, back_off_s=(0.1,))
        async with asyncio.TaskGroup() as group:
            work = group.create_task(keeper.run())
            yield
            work.cancel()


WAYS: dict[str, tuple[Callable[[int], Link], Callable[[BoardSim], Handler]]] = {
    "tcp": (lambda port: TcpLink("127.0.0.1", port, KEY), by_lines),
    "http": (lambda port: HttpLink(f"http://127.0.0.1:{port}/", KEY), by_http),
    "rs485": (lambda port: SerialServerLink("127.0.0.1", port), by_frames),
}


@pytest.mark.parametrize("way", WAYS)
async def test_a_display_shows_what_it_is_told_and_says_it_once(way: str) -> None:
    link, handler = WAYS[way]
    board, port = BoardSim(key=KEY), free_port()
    bench = Bench(link(port))
    async with served(handler(board), port), bench.at_work():
        await until(lambda: board.said == ["欢迎光临"])
        bench.change(PAY)
        await until(lambda: board.lines == ["京A12345", "请付 5.00 元"])
        await until(lambda: board.said == ["欢迎光临", "请付5.00元"])
        await asyncio.sleep(0.5)
        assert board.said == ["欢迎光临", "请付5.00元"]
        assert bench.state == "up"
    assert board.refused == []


@pytest.mark.parametrize("way", WAYS)
async def test_a_display_that_was_away_is_told_when_it_is_back(way: str) -> None:
    link, handler = WAYS[way]
    board, port = BoardSim(key=KEY), free_port()
    bench = Bench(link(port))
    async with bench.at_work():
        await until(lambda: bench.state.startswith("down"))
        bench.change(PAY)
        async with served(handler(board), port):
            await until(lambda: board.lines == ["京A12345", "请付 5.00 元"] and bench.state == "up")
        bench.change(WELCOME)
        await until(lambda: bench.state.startswith("down"))
        reborn = BoardSim(key=KEY)
        async with served(handler(reborn), port):
            await until(lambda: reborn.lines == ["欢迎光临"])


async def test_a_voice_that_comes_too_late_is_not_heard_by_the_next_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lpr.display.keeper.SPEAK_WITHIN_S", 0.0)
    board, port = BoardSim(key=KEY), free_port()
    bench = Bench(TcpLink("127.0.0.1", port, KEY))
    async with bench.at_work():
        await until(lambda: bench.state.startswith("down"))
        async with served(by_lines(board), port):
            await until(lambda: board.lines == ["欢迎光临"])
            assert board.said == []


async def test_a_stranger_shows_drivers_no_code_of_his_own() -> None:
    board, port = BoardSim(key=KEY), free_port()
    async with served(by_lines(board), port):
        with pytest.raises(DisplayError, match="not of our key"):
            await TcpLink("127.0.0.1", port, b"guessed").tell(Message(2, PAY, speak=True, lives_s=20))
        link = TcpLink("127.0.0.1", port, KEY)
        await link.tell(Message(5, PAY, speak=True, lives_s=20))
        with pytest.raises(DisplayError, match="does not rise"):
            await link.tell(Message(5, WELCOME, speak=True, lives_s=20))
        await link.close()
    assert board.qr == PAY.qr
    assert board.said == ["请付5.00元"]


@pytest.mark.parametrize("answer", [b"", b"{}\n", b"[1]\n", b'{"n": 1, "ok": true}\n', b"\xff\n", b"x" * 20_000])
async def test_an_answer_that_is_none_counts_as_nothing_shown(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        writer.close()

    port = free_port()
    async with served(serve, port):
        with pytest.raises(DisplayError):
            await TcpLink("127.0.0.1", port, KEY).tell(Message(7, PAY, speak=False, lives_s=20))


async def test_what_nobody_confirms_any_more_goes_out() -> None:
    board = BoardSim()
    body = {"v": 1, "n": 1, "pages": [[{"text": "请付", "colour": "red"}]], "qr": "", "say": "", "lives_s": 0.05}
    board.take("", json.dumps(body).encode())
    assert board.lines == ["请付"]
    await until(lambda: board.lines == [])


async def test_pages_of_a_board_with_few_lines_take_turns() -> None:
    board, port = BoardSim(), free_port()
    bench = Bench(SerialServerLink("127.0.0.1", port), Face((WELCOME.pages[0], (Line("Welcome", Colour.GREEN),))))
    async with served(by_frames(board), port), bench.at_work():
        await until(lambda: board.lines == ["Welcome"])
        await until(lambda: board.lines == ["欢迎光临"])


async def test_a_board_behind_a_unit_is_told_in_the_units_answers_which_open_nothing() -> None:
    link = UnitLink()
    bench = Bench(link)
    async with bench.at_work():
        await until(lambda: bench.state == "up")
        bench.change(PAY)
        await until(lambda: bench.tags.get(NEWS).value == bench.news)
        await asyncio.sleep(0.1)
    await link.tell(Message(9, PAY, speak=True, lives_s=20))
    waiting = link.take()
    assert link.take() == ()
    board = BoardSim()
    _, plain = take(Post("", "application/json", b'{"heartbeat": {"serialno": "x"}}'))
    told = with_serial(plain, waiting, 0, counts_base64=False)
    content = json.loads(told.body)["Response_AlarmInfoPlate"]
    assert content["info"] == "kept"
    assert set(content) == {"info", "serialData"}
    for one in content["serialData"]:
        frame = base64.b64decode(one["data"])
        board.take_frame(frame)
        assert one["dataLen"] == len(frame)
    assert board.lines == ["京A12345", "请付 5.00 元"]
    assert board.said == ["请付5.00元"]
    assert board.refused == []
