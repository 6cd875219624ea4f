"""Where a tag lives on its device: the ways people write an address, read into one form (pure)."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum

MAX_REGISTER = 65535


class Area(Enum):
    """The four Modbus areas."""

    COIL = "C"
    DISCRETE = "DI"
    INPUT = "IR"
    HOLDING = "HR"

    @property
    def is_bits(self) -> bool:
        """Say whether one address is one bit."""
        return self in (Area.COIL, Area.DISCRETE)

    @property
    def may_write(self) -> bool:
        """Say whether a master may write here."""
        return self in (Area.COIL, Area.HOLDING)


class Address(ABC):
    """A place on a device; each protocol has its own form. As text it is what a technician would write."""

    __slots__ = ()

    @abstractmethod
    def __str__(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Register(Address):
    """A place in a Modbus device, counted from 0 as on the wire; `count` is the length if the address gives one."""

    area: Area
    start: int
    bit: int | None = None
    count: int | None = None

    def __str__(self) -> str:
        bit = "" if self.bit is None else f".{self.bit}"
        count = "" if self.count is None else f":{self.count}"
        return f"{self.area.value}{self.start}{bit}{count}"


@dataclass(frozen=True, slots=True)
class NodeAddress(Address):
    """A node of an OPC UA server, as text: `ns=2;s=Out1.Loop.Safety`."""

    text: str

    def __str__(self) -> str:
        return self.text


class AddressError(ValueError):
    """The text is no address; the message says why, and what may have happened to it."""


_LETTERS = re.compile(r"(HR|IR|DI|C)(\d{1,9})(?:\.(\d{1,9}))?(?::(\d{1,9}))?", re.IGNORECASE)
_CLASSIC = re.compile(r"([0134])(\d{4,5})(?:\.(\d{1,9}))?")
_IEC = re.compile(r"%(QX|IX|QW|IW|MW)(\d{1,9})(?:\.(\d{1,9}))?", re.IGNORECASE)
_NODE = re.compile(r"(ns=\d{1,5};|nsu=[^;]+;)?[isgb]=.+")
_SPOILT_BY_SHEET = re.compile(r"\d{1,4}[-/.]\d{1,2}([-/.]\d{1,4})?|\d{1,3}|\d+[.,]\d+E\+?\d+|[A-Z][a-z]{2}-\d{2}")
_CLASSIC_AREA = {"0": Area.COIL, "1": Area.DISCRETE, "3": Area.INPUT, "4": Area.HOLDING}
_LANE_ST_WORDS = {"QW": (Area.HOLDING, 0), "IW": (Area.INPUT, 0), "MW": (Area.HOLDING, 1024)}
_LANE_ST_BITS = {"QX": Area.COIL, "IX": Area.DISCRETE}


_FIRST_DIGIT = {area: digit for digit, area in _CLASSIC_AREA.items()}
_FIVE_DIGITS = 9999
_IEC_BITS = {area: letters for letters, area in _LANE_ST_BITS.items()}
_M_BEGINS = 1024


def side_by_side(address: Address, base: int = 1, profile: str = "") -> tuple[str, ...]:
    """Give an address in all its forms: HR4, 40005, %QW4, wire 0x0004; one that is no register has only its own."""
    if not isinstance(address, Register):
        return (str(address),)
    forms = [str(address), _classic(address, base)]
    if profile == "lane.st":
        forms.append(_iec(address))
    return (*forms, f"wire 0x{address.start:04X}")


def _classic(place: Register, base: int) -> str:
    number = place.start + base
    digits = f"{number:04d}" if number <= _FIVE_DIGITS else f"{number:05d}"
    return f"{_FIRST_DIGIT[place.area]}{digits}{'' if place.bit is None else f'.{place.bit}'}"


def _iec(place: Register) -> str:
    """Write it as in `lane.st`; its %M words begin at HR1024."""
    if place.area in _IEC_BITS:
        byte, bit = divmod(place.start, 8)
        return f"%{_IEC_BITS[place.area]}{byte}.{bit}"
    bit_of_word = "" if place.bit is None else f".{place.bit}"
    if place.area is Area.INPUT:
        return f"%IW{place.start}{bit_of_word}"
    letters, number = ("QW", place.start) if place.start < _M_BEGINS else ("MW", place.start - _M_BEGINS)
    return f"%{letters}{number}{bit_of_word}"


def parse_node(text: str) -> NodeAddress:
    """Read an OPC UA address. Raises AddressError."""
    if not _NODE.fullmatch(text):
        raise AddressError(f"{text!r} is not a NodeId like ns=2;s=Out1.Loop.Safety")
    return NodeAddress(text)


def parse_register(text: str, base: int = 1, profile: str = "") -> Register:
    """Read a Modbus address in any of its forms (`plc.md` §4). Raises AddressError."""
    if match := _LETTERS.fullmatch(text):
        area, start, bit, count = match.groups()
        return Register(Area(area.upper()), int(start), _number(bit), _number(count))
    if match := _CLASSIC.fullmatch(text):
        digit, number, bit = match.groups()
        return Register(_CLASSIC_AREA[digit], int(number) - base, _number(bit))
    if match := _IEC.fullmatch(text):
        return _by_profile(text, match, profile)
    if _SPOILT_BY_SHEET.fullmatch(text):
        raise AddressError(f"{text!r} looks as if a spreadsheet had made a date or a number of it; write HR4 or HR4.3")
    raise AddressError(f"{text!r} is no address; write HR4, HR4.3, IR0, C2, DI1 or HR1026:9")


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)


def _by_profile(text: str, match: re.Match[str], profile: str) -> Register:
    if "lane.st" not in profile.split():
        raise AddressError(f"{text!r} needs a profile in the device table; the only one so far is lane.st")
    kind, number, bit = match.group(1).upper(), int(match.group(2)), _number(match.group(3))
    if kind in _LANE_ST_BITS:
        if bit is None or bit > 7:
            raise AddressError(f"{text!r} needs a bit from 0 to 7 after the point")
        return Register(_LANE_ST_BITS[kind], 8 * number + bit)
    area, first = _LANE_ST_WORDS[kind]
    return Register(area, first + number, bit)
