"""Simulated displays: our own protocol over TCP and HTTP, and an RS-485 board behind a serial server.

`python -m lpr.sim.board PORT [--http | --rs485] [--key FILE]` prints every face it shows and every word it says.
Strict: a wrong HMAC, a number that does not rise, a damaged frame or a text that is no GBK is refused and printed. What
it was told goes out when its time is over.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final

_HEAD: Final = bytes.fromhex("0064ffff")
_VOICE, _LINE = 0x30, 0x62
_FIELDS: Final = 19
_MOST: Final = 8192
_COLOURS: Final = {b"\xff\x00\x00\x00": "red", b"\x00\xff\x00\x00": "green", b"\xff\xff\x00\x00": "yellow"}

Shown = list[list[tuple[str, str]]]
"""Pages of lines: text and colour."""


@dataclass
class BoardSim:
    """One display: what it shows until when, what it has said, and what it refused."""

    key: bytes = b""
    said: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    qr: str = ""
    tell: Callable[[str], None] = lambda _line: None
    _pages: Shown = field(default_factory=list)
    _until_s: float = 0.0
    _number: int = 0

    @property
    def pages(self) -> Shown:
        """What is shown now; nothing once its time is over."""
        return self._pages if monotonic() < self._until_s else []

    @property
    def lines(self) -> list[str]:
        """The texts of all pages, in order."""
        return [text for page in self.pages for text, _ in page]

    def take(self, mac: str, body: bytes) -> bytes:
        """Take a message of our own protocol and answer it."""
        number = 0
        try:
            content = json.loads(body)
            number = int(content["n"])
            self._check(mac, body, number)
            self._show([[(line["text"], line["colour"]) for line in page] for page in content["pages"]], content)
        except (ValueError, KeyError, TypeError) as error:
            self._refuse(f"{type(error).__name__}: {error}")
            return json.dumps({"n": number, "ok": False, "why": str(error)}).encode()
        return json.dumps({"n": number, "ok": True}).encode()

    def _check(self, mac: str, body: bytes, number: int) -> None:
        if self.key and not hmac.compare_digest(hmac.new(self.key, body, hashlib.sha256).hexdigest(), mac):
            raise ValueError("the HMAC is not of our key")
        if number <= self._number:
            raise ValueError(f"number {number} does not rise above {self._number}")
        self._number = number

    def _show(self, pages: Shown, content: dict[str, object]) -> None:
        if pages != self.pages:
            self.tell("shows " + " | ".join(" / ".join(text for text, _ in page) for page in pages))
        self._pages, self._until_s = pages, monotonic() + float(str(content["lives_s"]))
        self.qr = str(content["qr"])
        if said := str(content["say"]):
            self._say(said)

    def _say(self, text: str) -> None:
        self.said.append(text)
        self.tell(f"says {text}")

    def _refuse(self, why: str) -> None:
        self.refused.append(why)
        self.tell(f"refuses: {why}")

    def take_frame(self, frame: bytes) -> None:
        """Take one frame as a board of the RS-485 family does."""
        if frame[:4] != _HEAD or len(frame) != 8 + frame[5] or _crc(frame[:-2]) != frame[-2:]:
            self._refuse(f"a damaged frame {frame.hex()}")
            return
        data = frame[6:-2]
        try:
            if frame[4] == _VOICE:
                self._say(data[1:].decode("gbk"))
            elif frame[4] == _LINE:
                self._line(data)
            else:
                self._refuse(f"command {frame[4]:#x} is not to be sent here")
        except (UnicodeDecodeError, IndexError) as error:
            self._refuse(f"{type(error).__name__}: {error}")

    def _line(self, data: bytes) -> None:
        size = int.from_bytes(data[17:_FIELDS], "little")
        if len(data) != _FIELDS + size:
            self._refuse(f"a text of {len(data) - _FIELDS} bytes that says it has {size}")
            return
        at, text = data[0], data[_FIELDS:].decode("gbk")
        page = dict(enumerate(self.pages[0] if self.pages else []))
        page[at] = (text, _COLOURS.get(data[9:13], "?"))
        shown = [[page.get(line, ("", "")) for line in range(max(page) + 1)]]
        if shown != self.pages:
            self.tell(f"line {at}: {text}")
        self._pages, self._until_s = shown, monotonic() + data[4]


def _crc(data: bytes) -> bytes:
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc, odd = crc >> 1, crc & 1
            crc ^= 0xA001 * odd
    return crc.to_bytes(2, "little")


Handler = Callable[[StreamReader, StreamWriter], Awaitable[None]]


def by_lines(board: BoardSim) -> Handler:
    """Serve our own protocol over TCP."""

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        while line := await reader.readline():
            mac, _, body = line.rstrip(b"\n").partition(b" ")
            writer.write(board.take(mac.decode("ascii", "replace"), body) + b"\n")
            await writer.drain()
        writer.close()

    return serve


def by_http(board: BoardSim) -> Handler:
    """Serve our own protocol over HTTP, one request a connection."""

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii", "replace").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(min(int(fields.get("content-length", "0")), _MOST))
        answer = board.take(fields.get("x-daozha-mac", ""), body)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(answer), answer))
        await writer.drain()
        writer.close()

    return serve


def by_frames(board: BoardSim) -> Handler:
    """Serve as a serial server with a board of the RS-485 family behind it; the board answers every frame."""

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readexactly(6)
                board.take_frame(head + await reader.readexactly(head[5] + 2))
                writer.write(_HEAD)
                await writer.drain()
        writer.close()

    return serve


async def _serve(port: int, handler: Handler) -> None:
    server = await asyncio.start_server(handler, "127.0.0.1", port, limit=_MOST)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m lpr.sim.board", description=__doc__.splitlines()[0])
    parser.add_argument("port", type=int)
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--http", action="store_true", help="our own protocol over HTTP instead of TCP")
    way.add_argument("--rs485", action="store_true", help="a board of the RS-485 family behind a serial server")
    parser.add_argument("--key", type=Path, help="the file with the display's key")
    asked = parser.parse_args()

    def tell(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    key = asked.key.read_text(encoding="utf-8").strip().encode() if asked.key else b""
    board = BoardSim(key=key, tell=tell)
    handler = by_http(board) if asked.http else by_frames(board) if asked.rs485 else by_lines(board)
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(asked.port, handler))


if __name__ == "__main__":
    main()
