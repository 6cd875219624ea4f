"""Modbus requests, and whether an answer is theirs (pure): functions 1 to 6, 15, 16 and 22, whatever carries them.

A good answer to a request is known before it is sent: how it begins, and how long it is. So checking one is two
comparisons, and only a bad one is looked at more closely.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from plc.map.addresses import Area

MAX_WRITE = 123
"""Registers that one write may carry."""
MAX_WRITE_BITS = 1968
ERROR = 0x80
"""Set in the function of an answer by which the device says no."""
_READ = {Area.COIL: 1, Area.DISCRETE: 2, Area.HOLDING: 3, Area.INPUT: 4}
_WRITE_COIL, _WRITE_REGISTER, _WRITE_COILS, _WRITE_REGISTERS, _WRITE_MASKED = 5, 6, 15, 16, 22
_ON = 0xFF00


class ExceptionCode(IntEnum):
    """What a device says no with, as far as it makes a difference here."""

    ILLEGAL_FUNCTION = 1
    ILLEGAL_ADDRESS = 2
    ACKNOWLEDGE = 5
    """It has begun, and it will take long: nobody knows yet."""
    BUSY = 6
    GATEWAY_HAS_NO_PATH = 10
    DEVICE_BEHIND_GATEWAY_IS_SILENT = 11


class Malformed(ValueError):
    """What came is no answer to what was asked; the message says why."""


class Refused(Exception):
    """The device answered that it will not, with an exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Request:
    """One request: `pdu` goes out; a good answer begins with `begins` and has `size` bytes. `what` is for messages."""

    pdu: bytes
    begins: bytes
    size: int
    what: str

    def payload(self, answer: bytes) -> bytes:
        """Give what a good answer carries. Raises Refused and Malformed."""
        if len(answer) == self.size and answer.startswith(self.begins):
            return answer[len(self.begins) :]
        raise self._trouble(answer)

    def _trouble(self, answer: bytes) -> Refused | Malformed:
        function = self.pdu[0]
        if len(answer) == 2 and answer[0] == function | ERROR:
            return Refused(answer[1])
        if not answer or answer[0] != function:
            return Malformed(f"answered with function {answer[0] if answer else 'none'}")
        if len(answer) != self.size:
            return Malformed(f"{len(answer)} bytes came, not {self.size}")
        return Malformed(f"answered for {answer[1:5].hex()}, not {self.begins[1:5].hex()}")


def read(area: Area, start: int, count: int) -> Request:
    """Ask for registers, two bytes each, or for bits, eight a byte and the first of them lowest."""
    function = _READ[area]
    size = (count + 7) // 8 if area.is_bits else 2 * count
    pdu = struct.pack(">BHH", function, start, count)
    return Request(pdu, bytes((function, size)), size + 2, f"read {count} from {area.value}{start}")


def write(area: Area, start: int, values: Sequence[int], single: bool = True) -> Request:
    """Set registers or coils in one request; `single`: one value goes by the function for one. Raises ValueError."""
    what = f"write {len(values)} to {area.value}{start}"
    most = MAX_WRITE_BITS if area.is_bits else MAX_WRITE
    if not area.may_write or not 0 < len(values) <= most:
        raise ValueError(f"{what}: it takes 1 to {most} coils or holding registers")
    if single and len(values) == 1:
        pdu = _one_coil(start, values[0]) if area.is_bits else struct.pack(">BHH", _WRITE_REGISTER, start, values[0])
        return Request(pdu, pdu, len(pdu), what)
    body = _bits(values) if area.is_bits else struct.pack(f">{len(values)}H", *values)
    function = _WRITE_COILS if area.is_bits else _WRITE_REGISTERS
    head = struct.pack(">BHH", function, start, len(values))
    return Request(head + bytes((len(body),)) + body, head, len(head), what)


def write_masked(start: int, mask: int, bits: int) -> Request:
    """Set the bits of `mask` in a holding register to those of `bits`, and leave the others, in one request."""
    pdu = struct.pack(">BHHH", _WRITE_MASKED, start, ~mask & 0xFFFF, bits & mask)
    return Request(pdu, pdu, len(pdu), f"write bits {mask:#06x} of HR{start}")


def _one_coil(start: int, value: int) -> bytes:
    return struct.pack(">BHH", _WRITE_COIL, start, _ON if value else 0)


def _bits(values: Sequence[int]) -> bytes:
    number = sum(1 << place for place, value in enumerate(values) if value)
    return number.to_bytes((len(values) + 7) // 8, "little")
