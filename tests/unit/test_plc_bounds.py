"""asyncua is given its bounds before anything is decoded: as a client of a PLC, and as our own server."""

import asyncio
import struct
from pathlib import Path

import pytest
from asyncua.client.ua_client import UASocketProtocol
from asyncua.common.connection import TransportLimits
from asyncua.server.binary_server_asyncio import OPCUAProtocol
from asyncua.server.internal_server import InternalServer
from asyncua.ua import ua_binary

from plc.serve import opcua
from plc.ua.bounds import bound_decoding
from plc.ua.client import new_client
from tests.support.plc import small_map

TABLE = "device,protocol,host,port\nu,opcua,127.0.0.1,4840\n"


class Bounded(Exception):
    """The bound was set."""


async def test_a_client_of_a_plc_knows_the_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, device = await small_map(tmp_path, "tag,device,address,type\nin1.a,u,ns=2;s=A,bool\n", TABLE)
    monkeypatch.delattr(ua_binary.Primitives1, "Null", raising=False)
    new_client(device)
    assert ua_binary.Primitives1.Null.unpack_array(b"", 0) == ()  # type: ignore[attr-defined]


async def test_our_server_knows_it_before_it_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    def bounded() -> None:
        raise Bounded

    monkeypatch.setattr(opcua, "bound_decoding", bounded)
    with pytest.raises(Bounded):
        await object.__new__(opcua.OpcUaServer).__aenter__()


HUGE = b"MSGF" + struct.pack("<II", 1 << 30, 5)


class Line(asyncio.Transport):
    """A connection that goes nowhere."""

    is_shut = False

    def close(self) -> None:
        self.is_shut = True


async def test_a_message_that_says_it_is_a_gigabyte_ends_the_connection_to_our_server() -> None:
    bound_decoding()
    protocol = OPCUAProtocol(InternalServer(), [], [], [], TransportLimits())
    line = Line()
    protocol.connection_made(line)
    protocol.data_received(HUGE + bytes(40_000))
    assert line.is_shut, "it would be kept until the memory is full"
    protocol.connection_lost(None)
    await asyncio.gather(*protocol.closing_tasks)


async def test_a_plc_whose_answer_says_it_is_a_gigabyte_is_hung_up_on() -> None:
    bound_decoding()
    client = UASocketProtocol()
    line = Line()
    client.connection_made(line)
    client.data_received(HUGE + bytes(40_000))
    assert line.is_shut
    assert not client.receive_buffer


async def test_a_chunk_of_the_size_that_was_agreed_is_waited_for() -> None:
    bound_decoding()
    protocol = OPCUAProtocol(InternalServer(), [], [], [], TransportLimits())
    line = Line()
    protocol.connection_made(line)
    protocol.data_received(b"MSGF" + struct.pack("<II", 65_535, 5) + bytes(40_000))
    assert not line.is_shut
    protocol.connection_lost(None)
    await asyncio.gather(*protocol.closing_tasks)
