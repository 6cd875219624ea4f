"""A bill as the file it comes in: unpacked piece by piece, held against its hash, and read line by line. Pure.

A file of any length is never held unpacked: a day of a hundred thousand trades is forty megabytes of text.
"""

import codecs
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

MOST_BYTES: Final = 256 * 1024 * 1024
"""A file that unpacks to more is no bill."""
_GZIP: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 31
_PIECE: Final = 65_536


class BillError(ValueError):
    """A file or a text is no bill: which row, and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class BillFile:
    """A bill as WeChat made it, packed or not; its hash holds. `sha1` is that of its text."""

    content: bytes = field(repr=False)
    sha1: str

    def lines(self) -> Iterator[str]:
        """Read its lines. Raises BillError."""
        return lines(pieces(self.content))


def checked(content: bytes, sha1: str) -> BillFile:
    """Take a file whose hash is that of the packed or of the unpacked file. Raises BillError."""
    plain = sha1_of(content)
    if sha1 not in (plain, hashlib.sha1(content, usedforsecurity=False).hexdigest()):
        raise BillError("the file's hash is not the one that WeChat signed")
    return BillFile(content, plain)


def sha1_of(content: bytes) -> str:
    """Give the hash of a file's text, unpacked. Raises BillError."""
    plain = hashlib.sha1(usedforsecurity=False)
    for piece in pieces(content):
        plain.update(piece)
    return plain.hexdigest()


def pieces(content: bytes) -> Iterator[bytes]:
    """Unpack a file piece by piece; one that is not packed comes as it is. Raises BillError."""
    if not content.startswith(_GZIP):
        yield content
        return
    unpacker, size = zlib.decompressobj(_GZIP_WINDOW), 0
    for start in range(0, len(content), _PIECE):
        rest = content[start : start + _PIECE]
        while rest and not unpacker.eof:
            try:
                piece = unpacker.decompress(rest, _PIECE)
            except zlib.error as error:
                raise BillError(f"the file is broken: {error}") from error
            rest = unpacker.unconsumed_tail
            size += len(piece)
            if size > MOST_BYTES:
                raise BillError("the file is too long")
            yield piece
    if not unpacker.eof:
        raise BillError("the file is cut off")


def lines(parts: Iterable[bytes]) -> Iterator[str]:
    """Put pieces together to lines, without their ends and without the mark at the start. Raises BillError."""
    decoder, rest, is_first = codecs.getincrementaldecoder("utf-8")(), "", True
    try:
        for part in parts:
            text = decoder.decode(part)
            if is_first and text:
                text, is_first = text.removeprefix("\ufeff"), False
            *whole, rest = (rest + text).split("\n")
            yield from (line.removesuffix("\r") for line in whole)
        rest += decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise BillError(f"the file is no UTF-8: {error.reason}") from error
    if rest:
        yield rest.removesuffix("\r")
