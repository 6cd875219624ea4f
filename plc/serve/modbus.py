"""Our Modbus TCP server: read-only, from the published map. What is bad is told as such, never as a good zero.

A client is known by its network only, since Modbus knows no names; it is slowed down when it floods.
"""

import asyncio
import struct
from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Self

import structlog

from plc.serve.picture import Picture, Shown
from plc.serve.table import Entry, number_of, words
from scada.clock import Clock
from scada.settings.stores import ServeModbus

READ_INPUTS, READ_REGISTERS = 2, 4
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_COUNT = 1, 2, 3
MOST_INPUTS, MOST_REGISTERS = 2000, 125
LONGEST_PDU = 253
IDLE_S = 120.0
"""A connection that asks nothing for this long is closed."""
SEND_S = 5.0
"""A client that does not read its answers for this long is hung up on."""
BURST, PACE_S = 50, 0.1
"""So many requests of one connection are answered in a row; then it waits."""

log = structlog.get_logger(__name__)


class ModbusServer:
    """Serves the entries of the map; `async with`."""

    def __init__(self, settings: ServeModbus, entries: Sequence[Entry], picture: Picture, clock: Clock) -> None:
        self._settings = settings
        self._allowed = [ip_network(text) for text in settings.allow]
        self._memory = Memory(entries, picture, clock)
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Listen. Raises OSError."""
        self._server = await asyncio.start_server(self._connected, self._settings.host, self._settings.port)
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Hang up."""
        if self._server is not None:
            self._server.close()
        for task in self._talks:
            task.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = str(writer.get_extra_info("peername")[0])
        address = ip_address(peer)
        refusal = "" if any(address in network for network in self._allowed) else "its network is not allowed"
        if not refusal and len(self._talks) >= self._settings.connections:
            refusal = f"{self._settings.connections} connections are open"
        if refusal:
            log.warning("a modbus client was refused", peer=peer, why=refusal)
            writer.transport.abort()
            return
        task = asyncio.create_task(self._talk(reader, writer), name=f"modbus client {peer}")
        self._talks.add(task)
        task.add_done_callback(self._talks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client until it goes, falls silent or speaks something else."""
        try:
            while True:
                for _ in range(BURST):
                    async with asyncio.timeout(IDLE_S):
                        head = await reader.readexactly(7)
                    transaction, protocol, length, unit = struct.unpack(">HHHB", head)
                    if protocol != 0 or not 2 <= length <= LONGEST_PDU + 1:
                        return
                    async with asyncio.timeout(SEND_S):
                        answer = self._memory.answer(await reader.readexactly(length - 1))
                        writer.write(struct.pack(">HHHB", transaction, 0, len(answer) + 1, unit) + answer)
                        await writer.drain()
                await asyncio.sleep(PACE_S)
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError) as error:
            log.debug("a modbus client has gone", why=repr(error))
        finally:
            writer.transport.abort()


class Memory:
    """The registers and inputs as the map lays them out."""

    def __init__(self, entries: Sequence[Entry], picture: Picture, clock: Clock) -> None:
        self._picture, self._clock = picture, clock
        self._number = number_of(entries)
        self._registers: Mapping[int, tuple[Entry, int | None]] = {
            **{word: (entry, at) for entry in entries for at, word in enumerate(entry.registers)},
            **{entry.quality: (entry, None) for entry in entries},
        }
        self._inputs: Mapping[int, tuple[Entry, int]] = {
            bit: (entry, at) for entry in entries for at, bit in enumerate(entry.inputs)
        }

    def answer(self, request: bytes) -> bytes:
        """Answer one request: two functions read, all others are refused."""
        function = request[0]
        if function not in (READ_INPUTS, READ_REGISTERS):
            return _refused(function, ILLEGAL_FUNCTION)
        most = MOST_INPUTS if function == READ_INPUTS else MOST_REGISTERS
        if len(request) != 5:
            return _refused(function, ILLEGAL_COUNT)
        start, count = struct.unpack(">HH", request[1:])
        if not 1 <= count <= most:
            return _refused(function, ILLEGAL_COUNT)
        try:
            content = self._bits(start, count) if function == READ_INPUTS else self._words(start, count)
        except KeyError:
            return _refused(function, ILLEGAL_ADDRESS)
        return bytes((function, len(content))) + content

    def _bits(self, start: int, count: int) -> bytes:
        """Pack the inputs, the first one lowest. Raises KeyError for a place that is in no row."""
        bits = 0
        for at, number in enumerate(range(start, start + count)):
            entry, half = self._inputs[number]
            shown = self._picture.get(entry.name)
            bits |= (_value_bit(shown) if half == 0 else shown.is_good) << at
        return bits.to_bytes((count + 7) // 8, "little")

    def _words(self, start: int, count: int) -> bytes:
        """Put the registers together. Raises KeyError for a place that is in no row."""
        coded: dict[str, tuple[tuple[int, ...], int]] = {}
        found = [self._head(number, coded) for number in range(start, start + count)]
        return struct.pack(f">{count}H", *found)

    def _head(self, number: int, coded: dict[str, tuple[tuple[int, ...], int]]) -> int:
        if number == 0:
            return self._number
        if number == 1:
            return self._heartbeat()
        entry, at = self._registers[number]
        if entry.name not in coded:
            shown = self._picture.get(entry.name)
            coded[entry.name] = words(entry.kind, shown.value, shown.status)
        value, quality = coded[entry.name]
        return quality if at is None else value[at]

    def _heartbeat(self) -> int:
        """Count seconds from 1 while the plant is there; 0 while it is not."""
        return 1 + int(self._clock.seconds()) % 65535 if self._picture.is_linked else 0


def _value_bit(shown: Shown) -> bool:
    """A bad bool reads as 0 beside a 0 that says so."""
    return bool(shown.value) and not shown.is_bad


def _refused(function: int, code: int) -> bytes:
    return bytes(((function & 0x7F) | 0x80, code))
