"""What libraries open themselves: an S7's answers, a camera's RTSP, and requests to our own OPC UA server."""

import asyncio
import os
import struct
from base64 import b64encode
from pathlib import Path
from typing import Final

from lpr.source import Access, SourceError
from lpr.sources.video import StreamSource
from plc.links import build
from plc.s7 import _Link, blocks, parse_place
from scada.clock import SystemClock
from scada.ports import PlcError
from tests.support.fuzz.change import plain
from tests.support.fuzz.target import Prepared, Target
from tests.support.fuzz.teller import Teller
from tests.support.plc import NO_KEYS, Sink
from tests.support.s7 import s7_map

S7_ROWS: Final = (
    "tag,device,address,type,access,length\nin1.loop.safety,p,DB1.DBX0.1,bool,ro,\nin1.n,p,DB1.DBW2,u16,rw,\n"
    "in1.t,p,DB1.DBB4,string,ro,10\n"
)
S7_DEVICES: Final = "device,protocol,host,port,unit,timeout_ms\np,s7,127.0.0.1,{port},1,2000\n"
S7_BYTES: Final = 16


def _tpkt(payload: bytes) -> bytes:
    return b"\3\0" + struct.pack(">H", len(payload) + 4) + payload


def _s7(number: int, parameters: bytes, data: bytes = b"") -> bytes:
    """An answer of an S7: data in COTP in TPKT."""
    head = struct.pack(">BBHHHHH", 0x32, 3, 0, number, len(parameters), len(data), 0)
    return _tpkt(b"\x02\xf0\x80" + head + parameters + data)


def _siemens(folder: Path) -> Prepared:
    """Connecting, a read and a write over one connection, by the driver's own link; then what the bytes mean."""
    teller = Teller()
    site = s7_map(folder, S7_ROWS, S7_DEVICES.format(port=teller.port))
    device = site.devices["p"]
    assert build(site, Sink(), SystemClock(), NO_KEYS)
    tags = {tag.name: tag for tag in site.tags}
    place = parse_place("DB1.DBW2")
    (block,) = blocks(list(tags.values()), 40)
    runner = asyncio.Runner()

    async def talk() -> object:
        link = _Link(device, device.host, device.port)
        try:
            await link.open()
            updates = block.decode(await link.read((0x84, 1), 0, S7_BYTES))
            await link.write(place, b"\0\7")
        finally:
            link.close()
        return len(updates)

    def take(data: bytes) -> object:
        teller.says = data
        block.last = b""
        return runner.run(talk())

    met = _tpkt(bytes.fromhex("11d00001000200c0010ac1020100c2020102"))
    agreed = _s7(1, bytes.fromhex("f0000001000101e0"))
    content = b"\2\0\0\7\x0a\3abc" + bytes(S7_BYTES - 9)
    read = _s7(2, b"\4\1", b"\xff\4" + struct.pack(">H", 8 * len(content)) + content)
    refused = _s7(2, b"\4\1", b"\x0a\0\0\0")
    written = _s7(3, b"\5\1", b"\xff")
    seeds = [met + agreed + read + written, met + agreed + refused, met + agreed + read + read, met]
    words = (b"\3\0\0\7\2\xf0\0", b"\3\0\xff\xff", b"\xff\4\xff\xff", b"\x32\3")

    def close() -> None:
        runner.close()
        teller.close()

    return Prepared(take, seeds, (PlcError,), words, (plain,), close)


# --- a camera's stream ---

FRAMES: Final = Path(__file__).with_name("four_frames.h264")
_MOST_RTP: Final = 1200


def _packets(stream: bytes) -> list[bytes]:
    """Give a stream as interleaved RTP, a NAL unit a packet or in parts (RFC 6184)."""
    packets, number = [], 0
    for unit in (one for one in stream.split(b"\0\0\0\1") if one):
        parts = [unit]
        if len(unit) > _MOST_RTP // 2:
            head, body = unit[0], unit[1:]
            cut = [body[at : at + _MOST_RTP // 2] for at in range(0, len(body), _MOST_RTP // 2)]
            ends = [0x80, *[0] * (len(cut) - 2), 0x40]
            parts = [bytes((head & 0xE0 | 28, end | head & 0x1F)) + one for end, one in zip(ends, cut, strict=True)]
        for part in parts:
            number += 1
            rtp = struct.pack(">BBHII", 0x80, 0x60 | 0x80 * (part is parts[-1]), number, 18_000 * number, 7) + part
            packets.append(b"$\0" + struct.pack(">H", len(rtp)) + rtp)
    return packets


def _rtsp(number: int, *heads: str, body: str = "") -> bytes:
    length = [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join(("RTSP/1.0 200 OK", f"CSeq: {number}", *heads, *length, "", body)).encode()


def _camera(_folder: Path) -> Prepared:
    """A stream by FFmpeg, as a camera's process opens it: the whole talk, then up to three frames."""
    os.environ["OPENCV_LOG_LEVEL"] = "OFF"
    os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"
    teller, stream = Teller(), FRAMES.read_bytes()
    sets = ",".join(b64encode(one).decode() for one in stream.split(b"\0\0\0\1")[1:3])
    sdp = (
        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=c\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
        f"a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;sprop-parameter-sets={sets}\r\na=control:t1\r\n"
    )
    describe = _rtsp(2, "Content-Type: application/sdp", body=sdp)
    jpeg = _rtsp(2, "Content-Type: application/sdp", body=sdp.replace("96", "26").replace("H264", "JPEG"))
    begin = _rtsp(1, "Public: OPTIONS, DESCRIBE, SETUP, PLAY")
    setup = _rtsp(3, "Session: 1;timeout=60", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
    play = _rtsp(4, "Session: 1", "RTP-Info: url=x;seq=1;rtptime=0")
    packets = _packets(stream)
    seeds = [
        begin + describe + setup + play + b"".join(packets),
        begin + describe + setup + play + b"".join(packets[::-1]),
        begin + jpeg + setup + play + b"".join(packets),
        begin + b"RTSP/1.0 401 No\r\nCSeq: 2\r\nWWW-Authenticate: Digest realm=\"c\", nonce=\"n\"\r\n\r\n",
        begin + b"RTSP/1.0 302 Moved\r\nCSeq: 2\r\nLocation: rtsp://127.0.0.1:1/\r\n\r\n",
    ]  # fmt: skip

    def take(data: bytes) -> object:
        teller.says = data
        source = StreamSource(f"rtsp://127.0.0.1:{teller.port}/", Access("u", "p"))
        frames = 0
        try:
            while frames < 3 and source.grab():
                frames += 1
                source.retrieve()
        finally:
            source.close()
        return frames

    words = (b"$\0\xff\xff", b"\x7c\x85", b"\x67\x42", b"\x68", b"a=fmtp:96 ", b"sprop-parameter-sets=", b"m=video 0 ")
    return Prepared(take, seeds, (SourceError,), words, (plain,), teller.close)


TARGETS = (
    Target("s7-answer", "an S7's answers to connecting, a read and a write", _siemens),
    Target("camera-video", "a camera's RTSP answers and its H.264, by FFmpeg", _camera),
)
