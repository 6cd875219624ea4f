"""A report for somebody who need not see whole plates: of each its first two signs and its last two."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from scada.model.covering import plate_covered
from scada.model.masks import masked
from scada.reports.documents.document import Cell, Column, Kind, Report, Section, Table

_PLATES: Final = frozenset({"plate", "plates"})


def covered(report: Report) -> Report:
    """Cover every plate: in columns of plates, in lists, and in what somebody wrote."""
    return replace(report, sections=tuple(map(_section, report.sections)))


def _section(section: Section) -> Section:
    return section if section.table is None else replace(section, table=_table(section.table))


def _table(table: Table) -> Table:
    rows = tuple(tuple(map(_cell, row, table.columns)) for row in table.rows)
    return replace(table, rows=rows)


def _cell(cell: Cell, column: Column) -> Cell:
    if isinstance(cell, str):
        return _plate(cell) if column.kind is Kind.PLATE else masked(cell)
    if column.kind is Kind.LIST and isinstance(cell, list | tuple):
        return [_thing(one) for one in cell]
    return cell


def _thing(thing: object) -> object:
    match thing:
        case Mapping():
            return {name: _plate(value) if name in _PLATES else _thing(value) for name, value in thing.items()}
        case str():
            return masked(thing)
        case _:
            return thing


def _plate(value: object) -> str:
    """Cover what is called a plate, also one that no rule of plates knows."""
    text = str(value or "")
    hidden = masked(text)
    return hidden if hidden != text else plate_covered(text)
