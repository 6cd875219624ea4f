"""The scanners of the virtual car park: each a small server that sends what it reads, a line a code."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from urllib.parse import urlsplit

from scada.config import Config
from scada.model.names import LaneName

Address = tuple[str, int]
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Scanners:
    """All scanners that are on the network; whoever reads them is connected."""

    def __init__(self, config: Config) -> None:
        self._places: Mapping[LaneName, Address] = {
            LaneName(one.lane): address for one in config.scanners if (address := _address(one.source)) is not None
        }
        self._readers: dict[LaneName, set[asyncio.StreamWriter]] = {lane: set() for lane in self._places}

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Let them be read while the body runs."""
        async with AsyncExitStack() as stack:
            for lane, (host, port) in self._places.items():
                server = await asyncio.start_server(self._reader_of(lane), host, port)
                stack.push_async_callback(server.wait_closed)
                stack.callback(server.close)
            try:
                yield
            finally:
                for writer in [one for readers in self._readers.values() for one in readers]:
                    writer.close()

    def reads(self, lane: LaneName, code: str) -> bool:
        """Read a code off a phone; says whether the lane has a scanner that somebody listens to."""
        for writer in self._readers.get(lane, ()):
            writer.write(f"{code}\r\n".encode())
        return bool(self._readers.get(lane))

    def _reader_of(self, lane: LaneName) -> Serve:
        async def serve(stream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._readers[lane].add(writer)
            try:
                with suppress(ConnectionError):
                    await stream.read()
            finally:
                self._readers[lane].discard(writer)
                writer.close()

        return serve


def _address(source: str) -> Address | None:
    parts = urlsplit(source)
    return (parts.hostname, parts.port) if parts.scheme == "tcp" and parts.hostname and parts.port else None
