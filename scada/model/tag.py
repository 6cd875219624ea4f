"""A tag: a name, a value, and how far the value may be trusted."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import NamedTuple, NewType

TagName = NewType("TagName", str)
"""A path such as `out1.gate.up`: the lane, then a name of `lanes.md` §12."""

Value = bool | int | float | str | None
"""None only where the quality is not good and no value was ever known."""


class Quality(Enum):
    """How far a value may be trusted; each has its OPC UA StatusCode (`plc.md` §3)."""

    GOOD = 0x00000000
    FORCED = 0x00960000
    STALE = 0x40900000
    STUCK = 0x40930000
    FAULT = 0x808C0000
    NOT_CONNECTED = 0x808A0000
    COMMUNICATION = 0x80050000
    OUT_OF_RANGE = 0x803C0000
    CONFIGURATION = 0x80890000

    @property
    def status_code(self) -> int:
        """Give the OPC UA StatusCode, 32 bits."""
        return self.value

    @property
    def is_good(self) -> bool:
        """Say whether a decision may rest on the value."""
        return self in (Quality.GOOD, Quality.FORCED)

    @property
    def is_bad(self) -> bool:
        """Say whether the value means nothing at all (severity Bad)."""
        return bool(self.value & 0x80000000)


_WORST_FIRST = (
    Quality.CONFIGURATION,
    Quality.NOT_CONNECTED,
    Quality.COMMUNICATION,
    Quality.FAULT,
    Quality.OUT_OF_RANGE,
    Quality.STUCK,
    Quality.STALE,
    Quality.FORCED,
    Quality.GOOD,
)
_RANK = {quality: rank for rank, quality in enumerate(_WORST_FIRST)}


def worse(one: Quality, other: Quality) -> Quality:
    """Give the worse of two qualities: what is reckoned from both is worth no more."""
    return one if _RANK[one] <= _RANK[other] else other


class TagValue(NamedTuple):
    """A value with its quality and its times. A named tuple: one is made for every change of every tag.

    `source_at` is the device's own time if it gives one, `seen_at` ours (both aware UTC);
    `seen_s` is the monotonic second by which age is judged; `seq` counts the publications of
    this tag in this process.
    """

    value: Value
    quality: Quality
    source_at: datetime | None
    seen_at: datetime
    seen_s: float
    seq: int = 0


class TagUpdate(NamedTuple):
    """What a driver saw of one tag. A named tuple: a block of 144 is made of columns, four times as fast."""

    name: TagName
    value: Value
    quality: Quality
    source_at: datetime | None = None


def lane_of(name: TagName) -> str:
    """Give the part of a tag's path before the first dot."""
    return name.partition(".")[0]


def point_of(name: TagName) -> str:
    """Give a tag's path without its lane: `out1.gate.up` -> `gate.up`."""
    return name.partition(".")[2]


class Access(Enum):
    """Who may write a tag."""

    READ = "ro"
    READ_WRITE = "rw"
    WRITE = "wo"


class Shape(Enum):
    """What kind of value a tag holds."""

    BOOL = "bool"
    WHOLE = "whole"
    NUMBER = "number"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A write is confirmed by the device's acknowledgement alone."""


@dataclass(frozen=True, slots=True)
class ReadsBack:
    """A write is confirmed by a reading: of the tag itself, or of another one that shows what became of it."""

    by: TagName | None = None


Verify = Acknowledged | ReadsBack


@dataclass(frozen=True, slots=True)
class TagSpec:
    """What the tag engine needs to know of a tag; where it lives on its device is `plc`'s affair.

    `device` is empty for tags of the server itself and for derived ones, which have a `formula`. `stale_s`: older is
    STALE, None for never. `safe` is what a picture or a permit assumes while the value is bad. `deadband`, `lo` and
    `hi` in `unit`. An unchanged `is_analog` value is published again at times. A contact counts as turned after
    `debounce_s`. An output goes back by itself after `pulse_s`. `role` is what the lane uses it as, if not its name.
    """

    name: TagName
    device: str
    access: Access
    stale_s: float | None = None
    safe: Value = None
    unit: str = ""
    deadband: float = 0.0
    description: str = ""
    description_zh: str = ""
    shape: Shape | None = None
    lo: float | None = None
    hi: float | None = None
    is_analog: bool = False
    debounce_s: float = 0.0
    formula: str = ""
    pulse_s: float = 0.0
    verify: Verify = ReadsBack()
    role: str = ""

    @property
    def points(self) -> frozenset[str]:
        """Give all that the lane may take the tag for: its name without the lane, and its role."""
        return frozenset({point_of(self.name), self.role} - {""})
