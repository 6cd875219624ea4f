"""A chunk: the points of one tag, as small as they get without losing a bit (`historian.md` §6).

Times are differences of differences; values are decimal integers and differenced if that is exact, raw floats
otherwise; bytes of equal weight stand together, which deflate likes.
"""

import json
import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scada.store.historian.columns import Columns, Numbers

VERSION = 1
LEVEL = 6
_NOISE = 3.0
"""Bytes a point, packed by its runs alone, from which on a search for repetitions finds next to nothing."""
_DECIMALS = range(8)
_EXACT = float(2**53)
"""Beyond it not every whole number is a float."""
_RAW = 255
_HEAD = struct.Struct("<BIqB")
"""Version, points, first time, decimals of the values or `_RAW`."""
_PART = struct.Struct("<BI")
"""Bytes of one number, or 0 for text; bytes in all."""

_UNREADABLE = (struct.error, zlib.error, ValueError, LookupError, TypeError, OverflowError, RecursionError)
"""What a chunk that is damaged may make of its reading."""

Whole = NDArray[np.int64]


class CodecError(Exception):
    """A chunk that cannot be read, or does not give back what went in."""


def encode(points: Columns) -> bytes:
    """Pack points; at least one. Raises CodecError if they would not come back bit by bit."""
    first, steps = points.at_ms[0], np.diff(points.at_ms)
    decimals, values = _scaled(points.value)
    parts = [
        _planes(np.diff(steps, prepend=0)),
        values,
        _planes(np.isnan(points.value).astype(np.int64)) if decimals != _RAW else _planes(np.zeros(0, np.int64)),
        _planes(np.diff(points.status, prepend=0)),
        *_texts(points.texts),
    ]
    body = b"".join(_PART.pack(width, len(data)) + data for width, data in parts)
    packed = _HEAD.pack(VERSION, len(points), first, decimals) + _deflated(body, len(points))
    if not same(decode(packed), points):
        raise CodecError(f"{len(points)} points from {first} do not come back as they were")
    return packed


def decode(packed: bytes) -> Columns:
    """Unpack points. Raises CodecError."""
    try:
        version, count, first, decimals = _HEAD.unpack_from(packed)
        if version != VERSION:
            raise CodecError(f"a chunk of version {version}; this is version {VERSION}")
        parts = _parts(zlib.decompress(packed[_HEAD.size :]))
        steps = np.cumsum(_numbers(*parts[0]))
        value = _unscaled(decimals, parts[1], parts[2])
        at_ms = np.concatenate((np.array([first], np.int64), first + np.cumsum(steps)))
        points = Columns(at_ms, value, np.cumsum(_numbers(*parts[3])), _untexted(parts[4:]))
    except _UNREADABLE as error:
        raise CodecError(f"a chunk of {len(packed)} bytes: {error}") from error
    if not count == len(points) == len(points.value) == len(points.status):
        raise CodecError(f"a chunk of {count} points has {len(points)}")
    return points


def same(one: Columns, other: Columns) -> bool:
    """Say whether two columns of points are equal to the last bit."""
    return (
        np.array_equal(one.at_ms, other.at_ms)
        and np.array_equal(one.value.view(np.int64), other.value.view(np.int64))
        and np.array_equal(one.status, other.status)
        and list(one.texts or ()) == list(other.texts or ())
    )


def _deflated(body: bytes, points: int) -> bytes:
    """Deflate, by runs alone where points are noise: a quarter of the time for a twentieth more bytes."""
    by_runs = zlib.compressobj(LEVEL, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_RLE)
    packed = by_runs.compress(body) + by_runs.flush()
    return packed if len(packed) > _NOISE * points else zlib.compress(body, LEVEL)


Part = tuple[int, bytes]


def _planes(numbers: Whole) -> Part:
    """Write whole numbers in as few bytes as the largest needs, bytes of equal weight together."""
    low, high = (int(numbers.min()), int(numbers.max())) if len(numbers) else (0, 0)
    width = next(width for width in (1, 2, 4, 8) if -(1 << 8 * width - 1) <= low and high < 1 << 8 * width - 1)
    return width, _weighed(numbers.astype(f"<i{width}"), width)


def _weighed(numbers: NDArray[np.generic], width: int) -> bytes:
    return numbers.view(np.uint8).reshape(-1, width).T.tobytes()


def _numbers(width: int, data: bytes) -> Whole:
    return _unweighed(width, data).view(f"<i{width}").reshape(-1).astype(np.int64)


def _unweighed(width: int, data: bytes) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.frombuffer(data, np.uint8).reshape(width, -1).T)


def _scaled(value: Numbers) -> tuple[int, Part]:
    """Give the decimals and the values: differences of whole numbers if every bit comes back, raw floats otherwise."""
    there = ~np.isnan(value)
    some = value[there]
    if not len(some) or float(np.abs(some).max()) < _EXACT:
        for decimals in _DECIMALS:
            scaled = np.rint(some * 10.0**decimals)
            if len(some) and float(np.abs(scaled).max()) >= _EXACT:
                break
            whole = scaled.astype(np.int64)
            if np.array_equal((whole / 10.0**decimals).view(np.int64), some.view(np.int64)):
                return decimals, _planes(np.diff(whole, prepend=0))
    return _RAW, (8, _weighed(value.astype("<f8"), 8))


def _unscaled(decimals: int, values: Part, none: Part) -> Numbers:
    if decimals == _RAW:
        return _unweighed(*values).view("<f8").reshape(-1).astype(np.float64)
    is_none = _numbers(*none) != 0
    value = np.full(len(is_none), np.nan)
    value[~is_none] = np.cumsum(_numbers(*values)) / 10.0**decimals
    return value


def _texts(texts: Sequence[str | None] | None) -> list[Part]:
    """Write each text once, and where it stands; nothing if there is none."""
    if texts is None:
        return []
    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    words = json.dumps(list(places), ensure_ascii=False).encode()
    return [(0, words), _planes(np.array([places[text] for text in texts], np.int64))]


def _untexted(parts: Sequence[Part]) -> Sequence[str | None] | None:
    if not parts:
        return None
    words = json.loads(parts[0][1])
    return [words[place] for place in _numbers(*parts[1]).tolist()]


def _parts(body: bytes) -> list[Part]:
    parts, at = list[Part](), 0
    while at < len(body):
        width, size = _PART.unpack_from(body, at)
        at += _PART.size
        parts.append((width, body[at : at + size]))
        at += size
    return parts
