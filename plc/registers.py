"""Words to values and back (pure): types, word and byte order, and the command block of `plc.md` §6."""

import struct
from collections.abc import Sequence
from enum import Enum

from scada.model.handshake import CommandBlock
from scada.model.tag import Value

COMMAND_WORDS = 9
"""Registers of a command block: claim, code, passage, ttl_ms, tick, check, seq."""


class Kind(Enum):
    """The types of the tag map."""

    BOOL = "bool"
    U16 = "u16"
    I16 = "i16"
    U32 = "u32"
    I32 = "i32"
    F32 = "f32"
    U64 = "u64"
    I64 = "i64"
    F64 = "f64"
    STRING = "string"
    COMMAND = "cmdblock"
    METHOD = "method"

    @property
    def is_number(self) -> bool:
        """Say whether scale, offset and a range make sense."""
        return self in CODES

    @property
    def is_float(self) -> bool:
        """Say whether the device holds a broken number."""
        return self in (Kind.F32, Kind.F64)


CODES = {
    Kind.U16: "H",
    Kind.I16: "h",
    Kind.U32: "I",
    Kind.I32: "i",
    Kind.F32: "f",
    Kind.U64: "Q",
    Kind.I64: "q",
    Kind.F64: "d",
}
"""The `struct` code of each number."""


class Order(Enum):
    """How a value of several bytes lies in its registers; the letters name the bytes of 0xAABBCCDD."""

    ABCD = "ABCD"
    CDAB = "CDAB"
    BADC = "BADC"
    DCBA = "DCBA"


class CodingError(ValueError):
    """The value does not fit its registers; the message says why."""


def words_of(kind: Kind, length: int = 0) -> int:
    """Say how many registers a value takes; `length` is that of a string."""
    if kind in CODES:
        return struct.calcsize(CODES[kind]) // 2
    if kind is Kind.STRING:
        return length
    return COMMAND_WORDS if kind is Kind.COMMAND else 1


def straight(raw: bytes, order: Order) -> bytes:
    """Bring the bytes of one value into ABCD order; doing it twice gives the first back."""
    match order:
        case Order.ABCD:
            return raw
        case Order.DCBA:
            return raw[::-1]
        case Order.BADC:
            return b"".join(raw[at : at + 2][::-1] for at in range(0, len(raw), 2))
        case Order.CDAB:
            return b"".join(raw[at - 2 : at] for at in range(len(raw), 0, -2))


def text_order(order: Order) -> Order:
    """Say how the bytes of a text lie: only whether those of each register are swapped makes a difference."""
    return Order.BADC if order in (Order.BADC, Order.DCBA) else Order.ABCD


def text_of(raw: bytes) -> str:
    """Read a text in ABCD order: UTF-8 up to the first zero byte; what is not UTF-8 shows as a question mark sign."""
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace").strip()


def encode(value: Value, kind: Kind, order: Order, length: int = 0) -> tuple[int, ...]:
    """Write a raw value into registers. Raises CodingError."""
    if kind is Kind.STRING:
        return _encode_text(value, order, length)
    if kind not in CODES or value is None or isinstance(value, str):
        raise CodingError(f"{value!r} cannot be written as {kind.value}")
    number = float(value) if kind.is_float else round(value)
    try:
        raw = straight(struct.pack(f">{CODES[kind]}", number), order)
    except (struct.error, OverflowError) as error:
        raise CodingError(f"{value!r} does not fit {kind.value}") from error
    return words(raw)


def in_all_orders(value: Value, kind: Kind, order: Order) -> dict[Order, float]:
    """Say what a number that was read in one order would be in each of the four; nothing for what has no order."""
    if kind not in CODES or words_of(kind) == 1 or isinstance(value, str | bool) or value is None:
        return {}
    raw = payload(encode(value, kind, order))
    code = f">{CODES[kind]}"
    return {other: struct.unpack(code, straight(raw, other))[0] for other in Order}


def words(raw: bytes) -> tuple[int, ...]:
    """Part bytes into registers."""
    return struct.unpack(f">{len(raw) // 2}H", raw)


def payload(registers: Sequence[int]) -> bytes:
    """Join registers into bytes."""
    return struct.pack(f">{len(registers)}H", *registers)


def command_words(block: CommandBlock) -> tuple[int, ...]:
    """Lay a command out as its nine registers: high words first, seq last."""
    return (
        block.claim,
        int(block.code),
        *divmod(block.passage, 65536),
        block.ttl_ms,
        block.tick,
        block.check,
        *divmod(block.seq, 65536),
    )


def _encode_text(value: Value, order: Order, length: int) -> tuple[int, ...]:
    if not isinstance(value, str):
        raise CodingError(f"{value!r} is not a text")
    raw = value.encode("utf-8")
    if len(raw) > 2 * length:
        raise CodingError(f"{value!r} is longer than {length} registers")
    raw = raw.ljust(2 * length, b"\0")
    return words(straight(raw, text_order(order)))
