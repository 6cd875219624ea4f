"""A table on paper: columns as wide as they need, long texts on several lines, the head again on every page."""

from collections.abc import Sequence
from typing import Final

from scada.model.saying import say
from scada.reports.documents.document import NUMBERS, Column, Kind, Table
from scada.reports.forms.cells import Tongue
from scada.reports.forms.pdf.sheet import FAINT, INK, MARGIN, PAGE_WIDTH, Paper, width_of, wrapped

SIZE: Final = 8.0
_LEADING: Final = 10.5
_GAP: Final = 8.0
_NARROWEST: Final = 28.0
_LOOKED_AT: Final = 300
_ALL: Final = PAGE_WIDTH - 2 * MARGIN
_HEAD: Final = (0.93, 0.94, 0.95)

Lines = list[list[str]]


def write_table(paper: Paper, table: Table, tongue: Tongue) -> None:
    """Write a table."""
    shown = [place for place, column in enumerate(table.columns) if not column.only_data]
    columns = [table.columns[place] for place in shown]
    heads = [tongue.say(column.title) for column in columns]
    writers = [(place, tongue.writer(table.columns[place])) for place in shown]
    cells = [[write(row[place]) for place, write in writers] for row in table.rows]
    sums = table.totals
    totals = None if sums is None else [tongue.cell(sums[place], table.columns[place]) for place in shown]
    if totals is not None:
        totals[0] = totals[0] or tongue.say(say("all together"))
    sheet = _Columns(paper, columns, _widths([heads, *cells[:_LOOKED_AT], *([totals] if totals else [])]))
    sheet.head(heads)
    for row in cells:
        sheet.row(row, heads)
    if totals is not None:
        sheet.row(totals, heads, is_sum=True)
    paper.y += 6


def _widths(rows: Sequence[Sequence[str]]) -> list[float]:
    """Give each column what it wants; where that is too much, the widest give way, all to one width."""
    wanted = [max(_NARROWEST, *(_widest(row[place]) for row in rows)) + _GAP for place in range(len(rows[0]))]
    if sum(wanted) <= _ALL:
        return wanted
    low, high = 0.0, max(wanted)
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(min(one, middle) for one in wanted) <= _ALL else (low, middle)
    return [min(one, low) for one in wanted]


def _widest(text: str) -> float:
    return max(width_of(line, SIZE) for line in text.split("\n"))


class _Columns:
    """The columns of one table, on the paper."""

    def __init__(self, paper: Paper, columns: Sequence[Column], widths: Sequence[float]) -> None:
        self._paper = paper
        self._right = [column.kind in NUMBERS or column.kind is Kind.LIST for column in columns]
        self._widths = widths

    def head(self, heads: Sequence[str]) -> None:
        """Write the heads; a head never stands alone at the foot of a page."""
        lines = self._lines(heads)
        height = self._height(lines)
        if self._paper.room < height + 3 * _LEADING:
            self._paper.turn()
        self._paper.box(MARGIN, self._paper.y, sum(self._widths), height, _HEAD)
        self._write(lines, height)
        self._paper.line(MARGIN, self._paper.y, MARGIN + sum(self._widths), self._paper.y, FAINT, 0.8)

    def row(self, cells: Sequence[str], heads: Sequence[str], *, is_sum: bool = False) -> None:
        """Write a row, on a new page under the heads if this one is full."""
        lines = self._lines(cells)
        height = self._height(lines)
        if self._paper.room < height:
            self._paper.turn()
            self.head(heads)
        if is_sum:
            self._paper.line(MARGIN, self._paper.y, MARGIN + sum(self._widths), self._paper.y, INK, 0.8)
        self._write(lines, height)
        self._paper.line(MARGIN, self._paper.y, MARGIN + sum(self._widths), self._paper.y)

    def _lines(self, cells: Sequence[str]) -> Lines:
        return [wrapped(cell, SIZE, width - _GAP) for cell, width in zip(cells, self._widths, strict=True)]

    def _height(self, lines: Lines) -> float:
        return max(map(len, lines)) * _LEADING + 3

    def _write(self, lines: Lines, height: float) -> None:
        x = MARGIN
        for of_cell, width, is_right in zip(lines, self._widths, self._right, strict=True):
            for number, line in enumerate(of_cell):
                down = self._paper.y + _LEADING * (number + 1) - 1.5
                if is_right:
                    self._paper.text(x + width - _GAP / 2, down, line, SIZE, side="end")
                elif line:
                    self._paper.text(x + _GAP / 2, down, line, SIZE)
            x += width
        self._paper.y += height
