"""How an input is changed: by bytes and pieces, by a node of its JSON, by a part of its zip, by its packed body."""

import io
import json
import random
import zipfile
import zlib
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, Final

MOST_BYTES: Final = 65_536
_MOST_CHANGES: Final = 6
_NUMBERS: Final = (
    b"0", b"-1", b"1", b"255", b"256", b"65535", b"65536", b"2147483648", b"-9223372036854775809",
    b"99999999999999999999999", b"1e999", b"-1e-999", b"NaN", b"Infinity", b"0x10", b"1_000", b"007", b"9" * 5000,
    "９".encode(), "²".encode(), b"1.", b".5", b"--1",
)  # fmt: skip
_PIECES: Final = (
    b"", b"\0", b"\r\n", b"\n\n", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", "京A12345".encode(), b"\xed\xa0\x80", b"'",
    b'"',
    b"`", b",", b";", b"%00", b"../../", b"<!DOCTYPE a>", b"<script>", b"{{7*7}}", b"=1+1", "٣".encode(), b"9999-12-31",
    b"0001-01-01T00:00:00+23:59", b"[" * 3000, b'{"a":' * 3000, b"(" * 500, b"A" * 4000,
)  # fmt: skip
_VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, -(2**70), 10**400, 0.5, 1e308, float("inf"), float("nan"), "",
    "0",
    "京A12345", "\0", "\ud800", "9999-12-31T23:59:59.999999+00:00", "0001-01-01T00:00:00+23:59", "x" * 5000, "1e5", [],
    {},
    [[]], [None], {"": None}, [1, "a"], {"a": {"a": 1}}, "../../etc/passwd",
)  # fmt: skip


Manner = Callable[[random.Random, bytes, Sequence[bytes], Sequence[bytes]], bytes]
"""Changes an input: by chance, from this one, with the others of the corpus, with words of the format."""


def plain(chance: random.Random, data: bytes, others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """Change some bytes or pieces."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, _MOST_CHANGES)):
        _CHANGES[chance.randrange(len(_CHANGES))](chance, changed, others, tokens)
        del changed[MOST_BYTES:]
    return bytes(changed)


def _span(chance: random.Random, data: bytearray) -> slice:
    begin = chance.randint(0, len(data))
    return slice(begin, min(len(data), begin + int(2 ** chance.uniform(0, 10))))


def _flip(chance: random.Random, data: bytearray, _others: object, _tokens: object) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _set(chance: random.Random, data: bytearray, _others: object, _tokens: object) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF, chance.randrange(256)))


def _take_out(chance: random.Random, data: bytearray, _others: object, _tokens: object) -> None:
    del data[_span(chance, data)]


def _double(chance: random.Random, data: bytearray, _others: object, _tokens: object) -> None:
    piece = data[_span(chance, data)]
    at = chance.randint(0, len(data))
    data[at:at] = piece * chance.choice((1, 1, 1, 2, 40))


def _put_in(chance: random.Random, data: bytearray, _others: object, tokens: Sequence[bytes]) -> None:
    at = chance.randint(0, len(data))
    words = tokens if tokens and chance.random() < 0.6 else _PIECES
    data[at:at] = chance.choice(words)


def _overwrite(chance: random.Random, data: bytearray, _others: object, tokens: Sequence[bytes]) -> None:
    data[_span(chance, data)] = chance.choice(tokens or _PIECES)


def _splice(chance: random.Random, data: bytearray, others: Sequence[bytes], _tokens: object) -> None:
    other = bytearray(chance.choice(others)) if others else data
    data[_span(chance, data)] = other[_span(chance, other)]


def _cut_off(chance: random.Random, data: bytearray, _others: object, _tokens: object) -> None:
    del data[chance.randint(0, len(data)) :]


def _renumber(chance: random.Random, data: bytearray, _others: object, _tokens: object) -> None:
    """Put another number where one stands."""
    at = next((at for at in range(chance.randint(0, len(data)), len(data)) if chr(data[at]).isdigit()), None)
    if at is not None:
        end = at
        while end < len(data) and chr(data[end]).isdigit():
            end += 1
        data[at:end] = chance.choice(_NUMBERS)


def _random(chance: random.Random, data: bytearray, _others: object, _tokens: object) -> None:
    data[_span(chance, data)] = chance.randbytes(chance.randint(1, 16))


_CHANGES: Final = (
    _flip, _flip, _set, _set, _take_out, _double, _put_in, _put_in, _overwrite, _splice, _cut_off, _renumber, _renumber,
    _random,
)  # fmt: skip


def by_json(chance: random.Random, data: bytes, others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """Change nodes of a JSON text, which stays one; the plain way where it is none."""
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return plain(chance, data, others, tokens)
    for _ in range(chance.randint(1, 4)):
        content = _node_changed(chance, content)
    try:
        return json.dumps(content, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")[:MOST_BYTES]
    except (ValueError, RecursionError):
        return plain(chance, data, others, tokens)


def _node_changed(chance: random.Random, content: Any) -> Any:  # noqa: ANN401 - JSON
    places = list(_places(content, 0))
    if not places or chance.random() < 0.03:
        return deepcopy(chance.choice(_VALUES))
    inside, key = chance.choice(places)
    match chance.randrange(5):
        case 0:
            del inside[key]
        case 1 if isinstance(inside, dict):
            inside[str(chance.choice(("", "id", "amount", "\0", "京", "x" * 100)))] = deepcopy(inside[key])
        case 2:
            other, other_key = chance.choice(places)
            inside[key] = deepcopy(other[other_key])
        case _:
            inside[key] = deepcopy(chance.choice(_VALUES))
    return content


def _places(content: Any, deep: int) -> Any:  # noqa: ANN401 - JSON
    keys: Any = content if isinstance(content, dict) else range(len(content)) if isinstance(content, list) else ()
    for key in keys:
        yield content, key
        if deep < 20:
            yield from _places(content[key], deep + 1)


def by_zip(chance: random.Random, data: bytes, others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """Change one part of a zip file, which stays one; the plain way where it is none."""
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
            names = old.namelist()
            chosen = chance.choice(names)
            for name in names:
                part = old.read(name)
                if name == chosen:
                    part = plain(chance, part, (), tokens)
                    if chance.random() < 0.05:
                        continue
                new.writestr(name, part)
    except (
        zipfile.BadZipFile,
        ValueError,
        IndexError,
        NotImplementedError,
        RuntimeError,
        OSError,
        EOFError,
        zlib.error,
    ):
        return plain(chance, data, others, tokens)
    return out.getvalue()


def packed_behind(head: int) -> Manner:
    """Change what is deflated behind a head of so many bytes, and pack it again."""

    def manner(chance: random.Random, data: bytes, others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
        try:
            body = zlib.decompress(data[head:])
        except zlib.error:
            return plain(chance, data, others, tokens)
        first = data[:head] if chance.random() < 0.7 else plain(chance, data[:head], (), ())[:head].ljust(head, b"\0")
        return first + zlib.compress(plain(chance, body, (), tokens), 1)

    return manner
