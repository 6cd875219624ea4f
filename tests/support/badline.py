"""A line between a plant and one Modbus TCP device, on which some kinds of read are refused as long as a test wants."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Self

HEAD: Final = 7
ILLEGAL_ADDRESS: Final = 2
FAILED: Final = 0x80
HOST: Final = "127.0.0.1"


@dataclass
class BadLine:
    """Passes everything on to the device but reads by the refused functions: it answers those in the device's name."""

    port: int
    to_port: int
    refused: set[int] = field(default_factory=set)
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, HOST, self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            from_device, to_device = await asyncio.open_connection(HOST, self.to_port)
        except OSError:
            writer.close()
            return
        ways = self._asks(reader, to_device, writer), self._answers(from_device, writer)
        self._open |= {asyncio.create_task(way) for way in ways}

    async def _asks(
        self, reader: asyncio.StreamReader, device: asyncio.StreamWriter, back: asyncio.StreamWriter
    ) -> None:
        """Take one question after the other."""
        try:
            while True:
                head = await reader.readexactly(HEAD)
                body = await reader.readexactly(int.from_bytes(head[4:6], "big") - 1)
                if body[0] in self.refused:
                    back.write(head[:4] + bytes((0, 3, head[6], body[0] | FAILED, ILLEGAL_ADDRESS)))
                else:
                    device.write(head + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            device.close()

    async def _answers(self, device: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await device.read(65_536):
                back.write(data)
        back.close()
