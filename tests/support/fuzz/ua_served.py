"""Requests to our own OPC UA server, from the first byte of a connection, and those of one who is let in."""

import asyncio
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

from asyncua import ua as asyncuas
from asyncua.client.client import Client
from asyncua.common.utils import Buffer
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.binary_server_asyncio import OPCUAProtocol
from asyncua.server.internal_session import InternalSession
from asyncua.ua.ua_binary import struct_to_binary

from plc.serve.opcua import OpcUaServer
from plc.serve.picture import Picture
from plc.ua.keys import KeyFolder
from scada.bridge import Bridge, Value
from scada.clock import SystemClock
from scada.settings.stores import ServeOpcUa
from scada.sim.trial.ports import free_port
from tests.support.fuzz.change import plain
from tests.support.fuzz.target import Prepared, Target
from tests.support.serving import CATALOGUE, FREE, UP

ua: Any = asyncuas
"""Without its types, which want each number wrapped in a class of its own."""
SPACE: Final = 2
_PEER: Final = ("127.0.0.1", 9)
WORDS: Final = (b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\1\0\0\0", b"MSGF", b"OPNF", b"HELF", b"CLOF")


class _Plant:
    """A plant that lets everybody in."""

    def ask(self, _verb: str, _args: Mapping[str, object], **_how: float) -> Value:
        return Value({})


class _Wire(asyncio.Transport):
    """Counts what is sent, and goes nowhere."""

    def __init__(self) -> None:
        super().__init__({"peername": _PEER, "sockname": _PEER})
        self.sent, self.is_shut = 0, False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += len(data)

    def close(self) -> None:
        self.is_shut = True


class _Room:
    """The real server, and its connections without a net."""

    def __init__(self, folder: Path) -> None:
        self.runner = asyncio.Runner()
        self.port = free_port()
        settings = ServeOpcUa(port=self.port, security=("None",), sessions=50)
        bridge = cast(Bridge, _Plant())
        self.server = OpcUaServer(settings, CATALOGUE, Picture(), bridge, KeyFolder(folder), SystemClock())
        self.runner.run(self.server.__aenter__())

    def connection(self) -> tuple[OPCUAProtocol, _Wire]:
        """Let one connect, as if nobody had before: the numbers that it is given are those of the recorded talks."""
        binary = self.server._server.bserver
        assert binary is not None
        self.server._inner._channel_id_counter, InternalSession._counter, InternalSession._auth_counter = 100, 100, 9000
        self.server._inner.subscription_service._sub_id_counter = 77
        protocol, wire = binary._make_protocol(), _Wire()
        protocol.connection_made(wire)
        return protocol, wire

    async def hear(self, data: bytes) -> object:
        """Let one say all this, wait until it has been looked at, and hang up."""
        protocol, wire = self.connection()
        for at in range(0, len(data), 4096):
            protocol.data_received(data[at : at + 4096])
            while not protocol.messages.empty() and not wire.is_shut:  # noqa: ASYNC110 - the queue is asyncua's
                await asyncio.sleep(0)
        await asyncio.sleep(0)
        await self.end(protocol)
        return f"{wire.is_shut} {wire.sent.bit_length()}"

    def close(self) -> None:
        """Stop the server, and let go of the loop."""
        self.runner.run(self.server.__aexit__())
        self.runner.close()

    async def end(self, protocol: OPCUAProtocol) -> None:
        """Hang up, and let nothing of it stay."""
        protocol.connection_lost(None)
        binary = self.server._server.bserver
        assert binary is not None
        await binary._close_tasks()

    async def recorded(self) -> bytes:
        """Give what a client says that signs in, looks around, reads, subscribes and goes."""
        said = bytearray()

        async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            back, forth = await asyncio.open_connection("127.0.0.1", self.port)

            async def answers() -> None:
                while data := await back.read(65_536):
                    writer.write(data)

            answering = asyncio.ensure_future(answers())
            while data := await reader.read(65_536):
                said.extend(data)
                forth.write(data)
            forth.close()
            await asyncio.gather(answering, return_exceptions=True)
            writer.close()

        self.connection()[0].connection_lost(None)
        between = await asyncio.start_server(pass_on, "127.0.0.1", 0)
        port = between.sockets[0].getsockname()[1]
        client = Client(f"opc.tcp://127.0.0.1:{port}/daozha", timeout=5)
        client.set_user("mall")
        client.set_password("a password")
        async with client:
            node = client.get_node(ua.NodeId(str(UP), SPACE))
            await node.read_data_value(raise_on_bad_status=False)
            await client.nodes.objects.get_children()
            subscription = await client.create_subscription(500, cast(Any, object()))
            await subscription.subscribe_data_change([node])
        between.close()
        return bytes(said)


def _served(folder: Path) -> Prepared:
    room = _Room(folder)
    whole = room.runner.run(room.recorded())
    seeds = [whole, whole[: len(whole) // 2], whole[:200]]
    return Prepared(lambda data: room.runner.run(room.hear(data)), seeds, (), WORDS, (plain,), room.close)


def _requests() -> list[bytes]:
    """Give good requests as a session says them, each with its length before it."""
    node = ua.NodeId(str(FREE), SPACE)
    read = ua.ReadRequest()
    read.Parameters.NodesToRead = [
        ua.ReadValueId(node, ua.AttributeIds.Value),
        ua.ReadValueId(node, ua.AttributeIds.NodeClass),
    ]
    browse = ua.BrowseRequest()
    browse.Parameters.NodesToBrowse = [
        ua.BrowseDescription(ua.NodeId(85), ua.BrowseDirection.Both, ua.NodeId(33), True, 0, 63)
    ]
    path = ua.TranslateBrowsePathsToNodeIdsRequest()
    element = ua.RelativePathElement(ua.NodeId(33), False, True, ua.QualifiedName("Server", 0))
    path.Parameters.BrowsePaths = [ua.BrowsePath(ua.NodeId(85), ua.RelativePath([element]))]
    begin = ua.CreateSubscriptionRequest()
    begin.Parameters.RequestedPublishingInterval = 500.0
    begin.Parameters.RequestedLifetimeCount, begin.Parameters.RequestedMaxKeepAliveCount = 100, 10
    watch = ua.CreateMonitoredItemsRequest()
    asked = ua.MonitoringParameters(1, 100.0, None, 10, True)
    item = ua.MonitoredItemCreateRequest(
        ua.ReadValueId(node, ua.AttributeIds.Value), ua.MonitoringMode.Reporting, asked
    )
    watch.Parameters.SubscriptionId, watch.Parameters.ItemsToCreate = 78, [item]
    publish = ua.PublishRequest()
    write = ua.WriteRequest()
    write.Parameters.NodesToWrite = [ua.WriteValue(node, ua.AttributeIds.Value, None, ua.DataValue(ua.Variant(1)))]
    call = ua.CallRequest()
    call.Parameters.MethodsToCall = [ua.CallMethodRequest(ua.NodeId(2253), ua.NodeId(11492), [ua.Variant(1)])]
    history = ua.HistoryReadRequest()
    history.Parameters.NodesToRead = [ua.HistoryReadValueId(node)]
    asks = [read, browse, path, begin, watch, publish, write, call, history]
    told = [struct_to_binary(one) for one in asks]
    return [struct.pack("<I", len(one)) + one for one in told]


def _inside(folder: Path) -> Prepared:
    """Requests of one who is let in, decoded and carried out; what he reads is afterwards as it was."""
    room = _Room(folder)

    async def talk(data: bytes) -> object:
        protocol, wire = room.connection()
        processor = protocol.processor
        assert processor is not None
        session = room.server._inner.create_session(_PEER, external=True)
        session.state = type(session.state).Activated
        processor.session, answered, kinds = session, 0, set[str]()
        session.user = User(UserRole.User, "mall")
        at = 0
        while at + 4 <= len(data) and answered < 20:
            (size,) = struct.unpack_from("<I", data, at)
            body, at = data[at + 4 : at + 4 + size], at + 4 + size
            head = ua.SequenceHeader(1, 1)
            try:
                await cast(Any, processor).process_message(head, Buffer(body))
            except Exception as error:  # noqa: BLE001 - as in OPCUAProtocol, which drops the message
                kinds.add(type(error).__name__)
            answered += 1
        await room.end(protocol)
        return f"{sorted(kinds)} {wire.sent.bit_length()}"

    def take(data: bytes) -> object:
        told = room.runner.run(talk(data))
        node = room.server._server.get_node(ua.NodeId(str(FREE), SPACE))
        shown: Any = room.runner.run(node.read_data_value(False)).Value
        assert shown.Value != 1, "it was written"
        return told

    asks = _requests()
    return Prepared(take, [*asks, b"".join(asks)], (), WORDS, (plain,), room.close)


TARGETS = (
    Target("opcua-served", "what anybody says to our own OPC UA server", _served),
    Target("opcua-session", "what one asks of it who is let in", _inside),
)
