"""The copper wires of a virtual PLC: lines of JSON over TCP, for the virtual car park only.

`{"in1": {"approach": true}}` changes contacts, `{}` just asks; every line is answered with the state of all lanes.
"""

import asyncio
import json
from types import TracebackType

from plc.sim.image import field_state
from plc.sim.machine import Machine

MAX_LINE = 65536


class FieldSide:
    """Serves the contacts and the boom of one machine."""

    def __init__(self, machine: Machine, port: int) -> None:
        self._machine, self._port = machine, port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> "FieldSide":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, limit=MAX_LINE)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
            for writer in tuple(self._writers):
                writer.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                writer.write(self._answer(line) + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError) as broken:
            writer.transport.abort()
            del broken
        finally:
            self._writers.discard(writer)
            writer.close()

    def _answer(self, line: bytes) -> bytes:
        try:
            for lane, changes in json.loads(line).items():
                self._machine.wire(lane, changes)
        except (ValueError, KeyError, AttributeError, TypeError) as wrong:
            return json.dumps({"error": f"{type(wrong).__name__}: {wrong}"}).encode()
        return json.dumps({lane: field_state(memory) for lane, memory in self._machine.memories.items()}).encode()
