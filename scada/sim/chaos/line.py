"""A line between two ends of a site that somebody can spoil: a TCP proxy that loses, delays, doubles, alters and cuts.

It knows no protocol. What it spoils are pieces as they come off the wire, which for a PLC is a telegram.
"""

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import Final, Self

from scada.sim.trial.ports import HOST

PIECE: Final = 65_536
CONNECT_S: Final = 3.0
DRAIN_S: Final = 10.0
"""An end that takes nothing for so long is gone."""


class Spoilt(Enum):
    """What is wrong with a line."""

    AWAY = "away"
    """Nobody listens: who connects is refused, and who was connected is reset."""
    HALF_OPEN = "half-open"
    """Connections are taken and stay open, and nothing comes through; those of that time never recover."""
    LATE = "late"
    """Every piece comes later."""
    SLOW = "slow"
    """So few bytes a second come through."""
    LOSES = "loses"
    """Some pieces lose their end, or all of themselves."""
    DOUBLES = "doubles"
    """Some pieces come twice."""
    ALTERS = "alters"
    """Some pieces come with one byte changed."""
    CUTS = "cuts"
    """Connections are reset in the middle of a piece."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """How a line is spoilt: `share` of the pieces it happens to, `late_s` of each, `bytes_s` that come through."""

    what: Spoilt
    share: float = 0.1
    late_s: float = 0.3
    bytes_s: int = 20_000


def spoil(piece: bytes, trouble: Trouble, random: Random) -> Sequence[bytes]:
    """Give what becomes of a piece on a line that loses, doubles or alters."""
    if random.random() >= trouble.share:
        return (piece,)
    match trouble.what:
        case Spoilt.LOSES:
            return (piece[: random.randrange(len(piece))],)
        case Spoilt.DOUBLES:
            return (piece, piece)
        case Spoilt.ALTERS:
            place = random.randrange(len(piece))
            return (piece[:place] + bytes((piece[place] ^ (1 << random.randrange(8)),)) + piece[place + 1 :],)
        case _:
            return (piece,)


class _Link:
    """One connection through the line, both ends of it."""

    def __init__(self, near: asyncio.StreamWriter) -> None:
        self.near = near
        self.far: asyncio.StreamWriter | None = None
        self.is_dead = False
        """Half-open for ever: nothing comes through any more, and nobody is told."""

    def reset(self) -> None:
        """Break both ends off: they hear a reset, not an end."""
        for end in (self.near, self.far):
            if end is not None and not end.transport.is_closing():
                wire = end.get_extra_info("socket")
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.transport.abort()

    def close(self) -> None:
        """End both in order."""
        for end in (self.near, self.far):
            if end is not None:
                end.close()


class Line:
    """Listens at `port` and leads to `to_port` while it is entered. `trouble` spoils it, `counts` tells how often."""

    def __init__(self, name: str, port: int, to_port: int, random: Random) -> None:
        self.name = name
        self.port = port
        self.counts: Counter[str] = Counter()
        self.passed = 0
        """Bytes that came through."""
        self._to_port = to_port
        self._random = random
        self._trouble: Trouble | None = None
        self._server: asyncio.Server | None = None
        self._links: dict[asyncio.Task[None], _Link] = {}

    @property
    def trouble(self) -> Trouble | None:
        """What is wrong with the line now."""
        return self._trouble

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self._hang_up()
        for task in list(self._links):
            task.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    async def spoil(self, trouble: Trouble) -> None:
        """Spoil the line from now on."""
        self._trouble = trouble
        if trouble.what is Spoilt.AWAY:
            await self._hang_up()
            self._reset_all()
        elif trouble.what is Spoilt.HALF_OPEN:
            for link in self._links.values():
                link.is_dead = True
                self.counts["connections left half-open"] += 1

    async def mend(self) -> None:
        """Let the line be good again; what was half-open stays so."""
        self._trouble = None
        if self._server is None:
            await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._take, HOST, self.port)

    async def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _reset_all(self) -> None:
        for link in self._links.values():
            self.counts["connections reset"] += 1
            link.reset()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 asyncio.start_server runs us as a task
        link = _Link(writer)
        self._links[task] = link
        try:
            await self._join(link, reader)
        finally:
            link.close()
            del self._links[task]

    async def _join(self, link: _Link, reader: asyncio.StreamReader) -> None:
        """Lead one connection on until both directions have ended."""
        if self._trouble is not None and self._trouble.what is Spoilt.HALF_OPEN:
            link.is_dead = True
            self.counts["connections left half-open"] += 1
        try:
            far_reader, far = await asyncio.wait_for(asyncio.open_connection(HOST, self._to_port), CONNECT_S)
        except (OSError, TimeoutError):
            self.counts["far end not reached"] += 1
            return
        link.far = far
        await asyncio.gather(self._pump(link, reader, far), self._pump(link, far_reader, link.near))

    async def _pump(self, link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one direction; its end is handed on as an end, a break as a break."""
        try:
            while piece := await reader.read(PIECE):
                if not link.is_dead:
                    await self._carry(link, piece, writer)
            if not link.is_dead and writer.can_write_eof():
                writer.write_eof()
        except (OSError, TimeoutError):
            link.reset()

    async def _carry(self, link: _Link, piece: bytes, writer: asyncio.StreamWriter) -> None:
        trouble = self._trouble
        pieces: Sequence[bytes] = (piece,)
        if trouble is not None:
            pieces = await self._spoilt(link, piece, writer, trouble)
        for one in pieces:
            writer.write(one)
            self.passed += len(one)
        await asyncio.wait_for(writer.drain(), DRAIN_S)

    async def _spoilt(
        self, link: _Link, piece: bytes, writer: asyncio.StreamWriter, trouble: Trouble
    ) -> Sequence[bytes]:
        """Do to a piece what is wrong with the line; give what is left to be carried."""
        match trouble.what:
            case Spoilt.LATE:
                self.counts["pieces late"] += 1
                await asyncio.sleep(trouble.late_s)
            case Spoilt.SLOW:
                self.counts["pieces slow"] += 1
                await asyncio.sleep(len(piece) / trouble.bytes_s)
            case Spoilt.CUTS if self._random.random() < trouble.share:
                self.counts["connections cut"] += 1
                writer.write(piece[: self._random.randrange(len(piece))])
                link.reset()
                return ()
            case Spoilt.LOSES | Spoilt.DOUBLES | Spoilt.ALTERS:
                made = spoil(piece, trouble, self._random)
                if tuple(made) != (piece,):
                    self.counts[f"pieces: {trouble.what.value}"] += 1
                return made
            case _:
                pass
        return (piece,)
