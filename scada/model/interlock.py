"""What may be written and what may be forced: the questions before every write and force (docs/decisions/0022)."""

from dataclasses import dataclass
from enum import Enum
from math import isfinite

from scada.model.tag import Access, Quality, Shape, TagSpec, TagValue, Value

RESERVED = frozenset({"cmd", "claim.wanted", "hb.server", "gate.open_pulse"})
"""Points that only a lane's gatekeeper may write, by the handshake and never by name."""
_NO_HAND = ("ack", "claim", "cmd", "fire", "gate", "hand", "hb", "lane", "mode", "passage", "plc", "rise", "stay")
"""Groups of a lane's points that no person writes, nor any that is proof: what moves the boom or says who passed."""
_PROVES = ("ack", "beam", "claim", "cmd", "fire", "gate", "hand", "hb", "loop", "mode", "passage", "plc", "rise")
"""Groups of a lane's points on which boom, money or handshake rest: neither forced, nor derived, nor filtered here."""
_TREND = frozenset({"gate.motor_a", "loop.approach_hz"})
"""Points of those groups that are figures for people."""
_CAREFUL = {"loop.approach_fault": True, "loop.safety_fault": True, "gate.drive_fault": True, "gate.attached": False}
"""Points that may be forced one way: to where the lane trusts less and opens for nobody."""
MAX_TEXT = 4096


class Writer(Enum):
    """Who writes: a part of the server, whose right is its code, or a person by name of the tag."""

    PART = "part"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Allowed:
    """The write may go out."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It may not, and for certain nothing was written."""

    why: str


def may_write(spec: TagSpec, value: Value, now: TagValue, writer: Writer = Writer.PART) -> Allowed | Refused:
    """Decide on a write from what the tag is, what it shall become, what it is now, and who asks."""
    if spec.points & RESERVED:
        return Refused(f"{spec.name} is written by the lane's gatekeeper only")
    if spec.access is Access.READ:
        return Refused(f"{spec.name} is read only")
    if writer is Writer.PERSON and (why := why_not_by_hand(spec)):
        return Refused(why)
    if now.quality is Quality.FORCED:
        return Refused(f"{spec.name} is forced: nobody could see what the write did")
    if spec.device and spec.access is Access.READ_WRITE and now.quality is Quality.NOT_CONNECTED:
        return Refused(f"{spec.device} is not connected")
    return _may_hold(spec, value)


def may_force(spec: TagSpec, value: Value) -> Allowed | Refused:
    """Decide whether a technician may put a value over what is read."""
    if why := why_not_forced(spec):
        return Refused(why)
    for point in spec.points & _CAREFUL.keys():
        if value is not _CAREFUL[point]:
            return Refused(f"{spec.name} may be forced to {_CAREFUL[point]:d} only: the other way would hide a fault")
    return _may_hold(spec, value)


def why_not_forced(spec: TagSpec) -> str:
    """Say why no value at all may be put over a tag; empty where some may."""
    if not spec.device and not spec.formula:
        return f"{spec.name} is the server's own word"
    if spec.access is Access.WRITE:
        return f"{spec.name} is never read: there is nothing to force"
    if any(is_proof(point) and point not in _CAREFUL for point in spec.points):
        return f"{spec.name} may not be forced: the boom, the money or the handshake rests on it"
    return ""


def why_not_by_hand(spec: TagSpec) -> str:
    """Say why no person may write a tag; empty where one may."""
    if not spec.device:
        return f"{spec.name} is the server's own word"
    if spec.access is Access.READ:
        return f"{spec.name} is read only"
    if any(_group(point) in _NO_HAND or is_proof(point) for point in spec.points):
        return f"{spec.name} belongs to the lane: no person writes it"
    return ""


def is_proof(point: str) -> bool:
    """Say whether a lane's decisions rest on a point, so that nothing but its device may say it."""
    return _group(point) in _PROVES and point not in _TREND


def _group(point: str) -> str:
    return point.partition(".")[0]


def _may_hold(spec: TagSpec, value: Value) -> Allowed | Refused:
    if value is None:
        return Refused(f"{spec.name} cannot be made unknown")
    if isinstance(value, float) and not isfinite(value):
        return Refused(f"{value} is no number for {spec.name}")
    if isinstance(value, str) and len(value) > MAX_TEXT:
        return Refused(f"{len(value)} characters are too many for {spec.name}")
    if not _is_of(spec.shape, value):
        return Refused(f"{value!r} is no {spec.shape.value if spec.shape else 'value'} for {spec.name}")
    if not isinstance(value, bool | str) and not _is_between(value, spec.lo, spec.hi):
        return Refused(f"{value:g} is not between {_told(spec.lo)} and {_told(spec.hi)}")
    return Allowed()


def _is_of(shape: Shape | None, value: Value) -> bool:
    match shape:
        case None:
            return True
        case Shape.BOOL:
            return isinstance(value, bool)
        case Shape.TEXT:
            return isinstance(value, str)
        case Shape.WHOLE:
            return isinstance(value, int) and not isinstance(value, bool)
        case Shape.NUMBER:
            return isinstance(value, int | float) and not isinstance(value, bool)


def _is_between(value: float | None, lo: float | None, hi: float | None) -> bool:
    return value is None or ((lo is None or value >= lo) and (hi is None or value <= hi))


def _told(limit: float | None) -> str:
    return "any" if limit is None else f"{limit:g}"
