"""JPEG pictures over HTTP: an MJPEG stream, or a still for every frame. What the camera answers tells which."""

from lpr.source import Access, Content, Manner, Source, SourceError, is_whole
from lpr.sources.video import StreamSource
from lpr.sources.web import OPEN_S, READ_S, Client, Reply
from scada.clock import Clock
from scada.model.digits import whole_of

MOST_BYTES = 8 * 1024 * 1024
"""No camera's JPEG is larger."""
_MOST_HEAD = 4096


def open_http(address: str, access: Access, clock: Clock) -> Source:
    """Ask the camera and see what it gives. Raises SourceError."""
    client = Client(address, access, clock)
    reply = client.get()
    if reply.kind in ("multipart/x-mixed-replace", "multipart/mixed"):
        return MotionJpeg(reply, clock)
    reply.close()
    if reply.kind in ("image/jpeg", "image/jpg", "image/pjpeg"):
        return Stills(client, clock)
    if reply.kind.startswith("video/"):
        return StreamSource(address, access)
    raise SourceError(f"it answers with {reply.kind[:40]}, which is no picture")


class MotionJpeg:
    """A stream of JPEG parts, with or without their lengths. Nothing is decoded until somebody looks."""

    manner = Manner.LIVE

    def __init__(self, reply: Reply, clock: Clock) -> None:
        self._reply = reply
        self._clock = clock
        self._mark = b"--" + reply.boundary.removeprefix("--").encode()
        self._buffer = bytearray()
        self._part = b""

    def grab(self) -> bool:
        """Wait for the next part, three seconds at most."""
        until_s = self._clock.seconds() + READ_S
        try:
            length = self._head(until_s)
            self._part = self._measured(length, until_s) if length is not None else self._unmeasured(until_s)
        except SourceError:
            return False
        return True

    def retrieve(self) -> Content | None:
        """Give the part just grabbed, unless it is torn."""
        return self._part if is_whole(self._part) else None

    def close(self) -> None:
        """End the connection."""
        self._reply.close()

    def _head(self, until_s: float) -> int | None:
        """Step over the boundary and the head of a part; gives the length if it is told."""
        start = self._find(self._mark, 0, MOST_BYTES, until_s)
        del self._buffer[:start]
        end = self._find(b"\r\n\r\n", 0, _MOST_HEAD, until_s)
        lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        lengths = [line.partition(":")[2].strip() for line in lines if line.lower().startswith("content-length:")]
        if not lengths:
            return None
        told = whole_of(lengths[0], MOST_BYTES)
        if told is None:
            raise SourceError("a part says it is larger than any picture")
        return told

    def _measured(self, length: int, until_s: float) -> bytes:
        while len(self._buffer) < length:
            self._take_more(until_s)
        return self._cut(length)

    def _unmeasured(self, until_s: float) -> bytes:
        return self._cut(self._find(self._mark, 0, MOST_BYTES, until_s)).rstrip(b"\r\n")

    def _cut(self, length: int) -> bytes:
        part = bytes(self._buffer[:length])
        del self._buffer[:length]
        return part

    def _find(self, what: bytes, start: int, most: int, until_s: float) -> int:
        while (at := self._buffer.find(what, start)) < 0:
            start = max(0, len(self._buffer) - len(what) + 1)
            if len(self._buffer) > most:
                raise SourceError("a part is larger than any picture")
            self._take_more(until_s)
        return at

    def _take_more(self, until_s: float) -> None:
        chunk = self._reply.more(until_s)
        if not chunk:
            raise SourceError("the stream ended")
        self._buffer += chunk


class Stills:
    """A picture for every question: the cheapest way of all while no car stands there."""

    manner = Manner.ASKED

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._picture = b""

    def grab(self) -> bool:
        """Have a picture taken now."""
        until_s = self._clock.seconds() + OPEN_S + READ_S
        try:
            reply = self._client.get()
            try:
                self._picture = _whole_body(reply, until_s)
            finally:
                reply.close()
        except SourceError:
            return False
        return True

    def retrieve(self) -> Content | None:
        """Give the picture, unless it is torn."""
        return self._picture if is_whole(self._picture) else None

    def close(self) -> None:
        """Forget the picture."""
        self._picture = b""


def _whole_body(reply: Reply, until_s: float) -> bytes:
    body = bytearray()
    while chunk := reply.more(until_s):
        body += chunk
        if len(body) > MOST_BYTES:
            raise SourceError("a picture is larger than any")
    return bytes(body)
