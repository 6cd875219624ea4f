"""May this value be written to this tag? The one question before every write."""

from dataclasses import dataclass
from math import isfinite

from scada.model.tag import Access, Quality, TagSpec, TagValue, Value, point_of

RESERVED = frozenset({"cmd", "claim.wanted", "hb.server", "gate.open_pulse"})
"""Points that only a lane's gatekeeper may write, by the handshake and never by name."""
MAX_TEXT = 4096


@dataclass(frozen=True, slots=True)
class Allowed:
    """The write may go out."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It may not, and for certain nothing was written."""

    why: str


def may_write(spec: TagSpec, value: Value, now: TagValue) -> Allowed | Refused:
    """Decide on a write from what the tag is, what it shall become and what it is now."""
    if point_of(spec.name) in RESERVED:
        return Refused(f"{spec.name} is written by the lane's gatekeeper only")
    if spec.access is Access.READ:
        return Refused(f"{spec.name} is read only")
    if spec.device and spec.access is Access.READ_WRITE and now.quality is Quality.NOT_CONNECTED:
        return Refused(f"{spec.device} is not connected")
    return _may_hold(spec, value)


def _may_hold(spec: TagSpec, value: Value) -> Allowed | Refused:
    if value is None:
        return Refused(f"{spec.name} cannot be made unknown")
    if isinstance(value, float) and not isfinite(value):
        return Refused(f"{value} is no number for {spec.name}")
    if isinstance(value, str) and len(value) > MAX_TEXT:
        return Refused(f"{len(value)} characters are too many for {spec.name}")
    return Allowed()
