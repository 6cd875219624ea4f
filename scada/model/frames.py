"""The bridge's frames: a 4-byte big-endian length, then JSON (`hmi.md` §1). Both ends share this page."""

PROTOCOL = 1
HEADER_BYTES = 4
MAX_FRAME = 4 * 1024 * 1024


class FrameError(Exception):
    """A frame that cannot be sent or taken."""


def framed(body: bytes) -> bytes:
    """Put the length before a body. Raises FrameError."""
    if len(body) > MAX_FRAME:
        raise FrameError(f"a frame of {len(body)} bytes; {MAX_FRAME} are the most")
    return len(body).to_bytes(HEADER_BYTES, "big") + body


def body_length(header: bytes) -> int:
    """Read a header. Raises FrameError if what follows is too long."""
    length = int.from_bytes(header, "big")
    if length > MAX_FRAME:
        raise FrameError(f"a frame of {length} bytes is announced; {MAX_FRAME} are the most")
    return length
