"""What the files of other programs have in common: names made into ours, and notes on what did not fit."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from plc.map.sheet import Row

_NOT_OURS = re.compile(r"[^a-z0-9_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a conversion could not carry over; `row` is where it stands in the file read, 0 for nowhere."""

    row: int
    column: str
    text: str
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """The rows of a foreign file as rows of a tag map, the devices it names, and what did not fit."""

    tags: tuple[Row, ...]
    devices: tuple[Row, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """A map as another program's file, and what did not fit into it."""

    text: str
    notes: tuple[Note, ...]


def our_name(name: str, lane: str) -> str:
    """Make a tag's name of a foreign one: `In 1.LoopSafety` is `in_1.loop_safety`; `lane` stands before all of them."""
    parts = [_NOT_OURS.sub("_", _CAMEL.sub("_", part).lower()).strip("_") for part in re.split(r"[./\\]", name)]
    return ".".join(part for part in (lane, *parts) if part)


def row_of(line: int, cells: Mapping[str, object]) -> Row:
    """Make a row of what is known; blank cells are left out."""
    return Row(line, {column: text for column, value in cells.items() if (text := written(value))})


def written(value: object) -> str:
    """Write a value as a cell of ours: 1 and not 1.0, blank for nothing."""
    if value is None or value == "":
        return ""
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def class_of(period_ms: float) -> str:
    """Give the class that reads at least as often as asked, as far as there is one."""
    if period_ms < 500:
        return "fast"
    return "normal" if period_ms < 5000 else "slow"
