"""What comes from the PLC's field net and from displays: Modbus and OPC UA answers, requests to our own server."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary

from lpr.display.protocol import DisplayError, check_answer
from plc.map.addresses import Area, Register
from plc.modbus.framing import Framing, Mbap, Rtu, checksum
from plc.modbus.stream import Stream
from plc.modbus.wire import Refused, Request, read, write
from plc.plan import BlockPlan, Point, Scaling, coalesce
from plc.registers import CODES, Kind, Order
from plc.serve.modbus import Memory
from plc.serve.picture import Picture
from plc.serve.table import Entry
from plc.transport.values import is_unknown_node, update_of
from plc.ua.bounds import bound_decoding
from scada.clock import VirtualClock
from scada.model.tag import TagName
from scada.ports import PlcError
from tests.support.fuzz.change import by_json, plain
from tests.support.fuzz.target import Prepared, Target
from tests.support.plc import small_map

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
SERVERS = ua.DateTime(2026, 3, 1, 8, 0)
ASKED = read(Area.HOLDING, 0, 40)


class _Wire(asyncio.Transport):
    """Remembers what was sent, and goes nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent = bytes(data)

    def abort(self) -> None:
        """Nothing is open."""


def _points() -> list[Point]:
    kinds = [*CODES, Kind.BOOL, Kind.STRING]
    return [
        Point(
            TagName(f"t{at}"), Register(Area.HOLDING, 4 * at, 3 if kind is Kind.BOOL else None), kind, order,
            Scaling(scale=0.5, hi=1000.0) if kind in CODES else Scaling(), 4 if kind is Kind.STRING else 0,
        )
        for at, (kind, order) in enumerate(zip(kinds, list(Order) * 4, strict=False))
        if 4 * at < 40
    ]  # fmt: skip


def _stream(framing: Callable[[], Framing], answers: list[bytes]) -> Callable[[Path], Prepared]:
    """A stream with three requests under way; whatever comes ends them well, by PlcError, or by a refusal."""
    requests = [ASKED, read(Area.COIL, 3, 20), write(Area.HOLDING, 7, (1, 2))]

    def build(_folder: Path) -> Prepared:
        (block,) = coalesce(_points(), 40, 125)
        runner = asyncio.Runner()

        async def asked(stream: Stream, request: Request) -> object:
            try:
                return await stream.ask(1, request, 5.0)
            except (PlcError, Refused) as error:
                return type(error).__name__

        async def talk(data: bytes) -> object:
            stream, wire = Stream(framing(), "plc", lambda _why: None), _Wire()
            stream._number = 0
            stream.connection_made(wire)
            asking = [asyncio.ensure_future(asked(stream, request)) for request in requests[: 3 if numbered else 1]]
            await asyncio.sleep(0)
            for at in range(0, len(data), 50):
                stream.data_received(data[at : at + 50])
            stream.connection_lost(None)
            told = await asyncio.gather(*asking)
            if isinstance(told[0], bytes):
                BlockPlan(block).decode(told[0][: 2 * block.count].ljust(2 * block.count, b"\0"))
            return " ".join("data" if isinstance(one, bytes) else str(one) for one in told)

        numbered = framing().is_numbered
        return Prepared(
            lambda data: runner.run(talk(data)),
            answers,
            tokens=(b"\x83\x02", b"\x00\x00\x00", b"\xff\xff"),
            close=runner.close,
        )

    return build


def _tcp() -> list[bytes]:
    payload = bytes((3, 80)) + bytes(range(80))
    frames = [(1, payload), (2, bytes((1, 3, 1, 2, 3))), (3, bytes.fromhex("1000070002")), (1, b"\x83\x02")]
    told = [number.to_bytes(2) + b"\0\0" + (len(pdu) + 1).to_bytes(2) + b"\1" + pdu for number, pdu in frames]
    return [told[0], told[0] + told[1] + told[2], told[2] + told[1] + told[0], told[3]]


def _rtu() -> list[bytes]:
    bodies = [b"\1" + bytes((3, 80)) + bytes(range(80)), b"\1\x83\x02"]
    return [body + checksum(body) for body in bodies]


def _served(_folder: Path) -> Prepared:
    entries = [Entry(TagName("in1.gate.up"), Kind.BOOL, 0, 2), Entry(TagName("zone.lot.free"), Kind.I32, 4, 3)]
    memory = Memory(entries, Picture(), VirtualClock(START))

    def take(data: bytes) -> object:
        answer = memory.answer(data[:253] or b"\0")
        assert 2 <= len(answer) <= 253
        return answer[0]

    return Prepared(take, [bytes.fromhex("0400000006"), bytes.fromhex("0200000002"), bytes.fromhex("2b0e0100")])


ROWS = "tag,device,address,type,access,lo,hi\nin1.loop.safety,u,ns=2;s=S,bool,ro,,\nin1.n,u,ns=2;s=N,u16,rw,,9\n"
TEXT_ROW = "in1.t,u,ns=2;s=T,string,ro,,\nin1.f,u,ns=2;s=F,f64,ro,-5,5\n"
DEVICE = "device,protocol,host,port\nu,opcua,127.0.0.1,4840\n"


def _opcua(folder: Path) -> Prepared:
    """An answer to a read, decoded as asyncua does it, and then what we make of each value.

    What asyncua raises over a senseless answer has no family; `_ask` takes all of it for a broken link. What is ours
    may raise nothing.
    """
    bound_decoding()
    tags, _ = asyncio.run(small_map(folder, ROWS + TEXT_ROW, DEVICE))
    values = [
        ua.DataValue(ua.Variant(True, ua.VariantType.Boolean), ua.StatusCode(ua.UInt32(0)), SERVERS, SERVERS),
        ua.DataValue(ua.Variant(9, ua.VariantType.UInt16), ua.StatusCode(ua.UInt32(0x00960000))),
        ua.DataValue(ua.Variant([1, 2, 3], ua.VariantType.UInt32), ua.StatusCode(ua.UInt32(0x80340000))),
        ua.DataValue(ua.Variant("京A12345", ua.VariantType.String)),
        ua.DataValue(ua.Variant(1e300, ua.VariantType.Double)),
        ua.DataValue(ua.Variant(ua.NodeId.from_string("ns=2;s=X"), ua.VariantType.NodeId)),
    ]
    response = ua.ReadResponse()
    response.Results = values
    seeds = [struct_to_binary(response)]
    for value in values:
        one = ua.ReadResponse()
        one.Results = [value]
        seeds.append(struct_to_binary(one))

    def take(data: bytes) -> object:
        try:
            told = struct_from_binary(ua.ReadResponse, Buffer(data))
        except Exception as error:  # noqa: BLE001 - as in `_ask`
            return type(error).__name__
        for value in told.Results or []:
            is_unknown_node(value)
            for tag in tags:
                update_of(tag, value)
        return len(told.Results or [])

    return Prepared(take, seeds, tokens=(b"\xff\xff\xff\x7f", b"\x8b", b"\xcb", b"\x16\x01"))


def _displays(_folder: Path) -> Prepared:
    seeds = [json.dumps(one).encode() for one in ({"n": 7, "ok": True}, {"n": 7, "ok": False, "why": "no"})]
    return Prepared(lambda data: check_answer(data, 7), seeds, (DisplayError,), manners=(plain, by_json))


TARGETS = (
    Target("modbus-tcp", "answers to three requests on one connection", _stream(Mbap, _tcp())),
    Target("modbus-rtu", "answers on a serial line", _stream(Rtu, _rtu())),
    Target("modbus-served", "requests to our own Modbus server", _served),
    Target("opcua-answer", "an OPC UA server's answer to a read", _opcua),
    Target("display-answer", "a display's answer", _displays),
)
