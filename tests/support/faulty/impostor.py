"""A door before an OPC UA server: it lets everybody through, or answers itself, wrongly, byte for byte."""

import asyncio
from collections.abc import Sequence
from types import TracebackType

from tests.support.faulty.scripted import End, Step, play


class Impostor:
    """Passes connections on to the server's port; while `script` is set the first message is answered by that."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._door: asyncio.Server | None = None
        self._inside: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}
        self.script: Sequence[Step] | None = None
        self.fooled = 0

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._door is not None
        return int(self._door.sockets[0].getsockname()[1])

    async def __aenter__(self) -> "Impostor":
        self._door = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._door is not None
        self._door.close()
        self.hang_up()
        await asyncio.gather(*(task for task in self._inside.values() if task is not None))
        await self._door.wait_closed()

    def hang_up(self) -> None:
        """Break every connection."""
        for writer in self._inside:
            writer.transport.abort()

    def say(self, steps: Sequence[bytes]) -> None:
        """Put bytes of our own into what the server says to those who are connected."""
        for writer in self._inside:
            writer.write(b"".join(steps))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._inside[writer] = asyncio.current_task()
        try:
            if self.script is None:
                await self._pass_through(reader, writer)
            else:
                await self._play(self.script, reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            writer.transport.abort()
            del self._inside[writer]

    async def _play(self, script: Sequence[Step], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        self.fooled += 1
        await play(script, writer)
        while await reader.read(65536):
            continue

    async def _pass_through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        try:
            await asyncio.gather(_pour(reader, server_writer), _pour(server_reader, writer))
        finally:
            server_writer.transport.abort()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes on until one side has gone; then the other goes, too."""
    while some := await reader.read(65536):
        writer.write(some)
    await play([End.CLOSE], writer)
