"""A table as it stands in a file, before anybody knows what it means: lines of cells, each with its number."""

from collections.abc import Mapping
from dataclasses import dataclass, field


class GridError(Exception):
    """The file cannot be read as a table; the message says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `number` is where a person finds it; `spoilt` says by column what a spreadsheet has made of a cell."""

    number: int
    cells: tuple[str, ...]
    spoilt: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grid:
    """The lines of one table that hold anything, heads first. `sheet` is its name in a workbook."""

    lines: tuple[Line, ...]
    sheet: str = ""
