"""How requests and answers are parted on a stream (pure): MBAP over TCP, and RTU with its checksum."""

import struct
from typing import NamedTuple, Protocol

from plc.modbus.wire import ERROR, Malformed

_MBAP = struct.Struct(">HHHB")
_LONGEST = 254
"""Unit and PDU: the greatest length that MBAP may name."""
_FIXED_ANSWERS = {5: 6, 6: 6, 15: 6, 16: 6, 22: 8}
"""Bytes of an RTU answer before its checksum, unit included, where they do not depend on what was asked."""
_COUNTED_ANSWERS = (1, 2, 3, 4)


class Frame(NamedTuple):
    """One answer: `size` bytes of the stream. `number` is the request's, 0 where the framing has none."""

    number: int
    unit: int
    pdu: bytes
    size: int


class Framing(Protocol):
    """One manner of parting."""

    @property
    def is_numbered(self) -> bool:
        """Say whether answers carry their request's number, so that several may be on their way."""

    def wrap(self, number: int, unit: int, pdu: bytes) -> bytes:
        """Make a request fit for the stream."""

    def first(self, data: bytes) -> Frame | None:
        """Give the answer that the stream begins with; None while it is not whole. Raises Malformed."""


class Mbap:
    """Modbus TCP: a head with number, length and unit."""

    is_numbered = True

    def wrap(self, number: int, unit: int, pdu: bytes) -> bytes:
        """Put the head before a request."""
        return _MBAP.pack(number, 0, len(pdu) + 1, unit) + pdu

    def first(self, data: bytes) -> Frame | None:
        """Give the first answer. Raises Malformed."""
        if len(data) < _MBAP.size:
            return None
        number, protocol, length, unit = _MBAP.unpack_from(data)
        if protocol != 0 or not 2 <= length <= _LONGEST:
            raise Malformed(f"no Modbus head: {data[:7].hex(' ')}")
        size = 6 + length
        return Frame(number, unit, data[7:size], size) if len(data) >= size else None


class Rtu:
    """Modbus RTU, on a serial line or through a socket: unit, PDU, checksum; the length follows from the function."""

    is_numbered = False

    def wrap(self, number: int, unit: int, pdu: bytes) -> bytes:
        """Put the unit before a request and the checksum behind it."""
        body = bytes((unit,)) + pdu
        return body + checksum(body)

    def first(self, data: bytes) -> Frame | None:
        """Give the first answer. Raises Malformed."""
        if len(data) < 3:
            return None
        end = _rtu_length(data)
        if len(data) < end + 2:
            return None
        if checksum(data[:end]) != data[end : end + 2]:
            raise Malformed(f"the checksum of {end} bytes is wrong")
        return Frame(0, data[0], data[1:end], end + 2)


def checksum(data: bytes) -> bytes:
    """Give the CRC-16 of Modbus, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc.to_bytes(2, "little")


def _rtu_length(data: bytes) -> int:
    function = data[1]
    if function & ERROR:
        return 3
    if function in _COUNTED_ANSWERS:
        return 3 + data[2]
    if function in _FIXED_ANSWERS:
        return _FIXED_ANSWERS[function]
    raise Malformed(f"answered with function {function}")


def _entry(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return value


_TABLE = tuple(_entry(value) for value in range(256))
