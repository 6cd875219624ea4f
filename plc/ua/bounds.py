"""Bounds that asyncua lacks.

An array of nothing has no bytes, so that its length alone keeps a loop for hours. A message that says how large it is
gets kept until it is there, and a gigabyte that comes slowly fills the memory before anything is checked.
"""

from typing import IO, Any, Final

from asyncua import ua
from asyncua.client import ua_client
from asyncua.common.utils import Buffer
from asyncua.server import binary_server_asyncio
from asyncua.ua import ua_binary
from asyncua.ua.uaerrors import UaError

MOST_CHUNK: Final = 1 << 20
"""Bytes of one chunk; both sides agree on 65,535."""


class _Nothing:
    """How arrays of the type Null are read: part 6 of the standard knows none."""

    def unpack_array(self, _data: object, length: int) -> tuple[None, ...]:
        """Refuse every one that has elements. Raises UaError."""
        if length > 0:
            raise UaError(f"an array of {length} times nothing")
        return ()


def bound_decoding() -> None:
    """Let asyncua read so; once for the process, twice is harmless. Before anything is decoded."""
    # The seams: a type's reader is looked up on the one, a chunk's head is read by the name that the others import.
    ua_binary.Primitives1.Null = _Nothing()  # type: ignore[attr-defined]
    ua_client.header_from_binary = _heard_by_client  # type: ignore[attr-defined]
    binary_server_asyncio.header_from_binary = _heard_by_server  # type: ignore[attr-defined]


def _heard_by_client(data: "Buffer | IO[Any]") -> ua.Header:
    """Read a chunk's head. Raises UaError, upon which asyncua hangs up."""
    header = ua_binary.header_from_binary(data)
    if header.packet_size > MOST_CHUNK:
        raise UaError(f"a chunk of {header.packet_size} bytes")
    return header


def _heard_by_server(data: "Buffer | IO[Any]") -> ua.Header:
    """Read a chunk's head; one without a body is malformed to asyncua, which hangs up."""
    header = ua_binary.header_from_binary(data)
    if header.packet_size > MOST_CHUNK:
        header.body_size = 0
    return header
