"""Lanes that are all alike: a template's rows, filled in for each lane (`{lane}`, `{device}`, `{base+4}`)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from plc.map.findings import Finding, error
from plc.map.sheet import Row, Sheet
from scada.model.digits import whole_of

_MOST = 2**32
"""No address and no node id is larger."""
_BLANK = re.compile(r"\{(\w+)(?:([+-])(\d+))?\}")


@dataclass(frozen=True, slots=True)
class Filling:
    """A lane that is made of a template, and what stands for the names in its braces; `lane` is one of them."""

    lane: str
    template: Path
    values: Mapping[str, str]


class _Unfilled(Exception):
    pass


def fill(template: Sheet, filling: Filling) -> tuple[Sheet, list[Finding]]:
    """Give a template's rows for one lane; they keep their place in the template's file."""
    values = {"lane": filling.lane, **filling.values}
    sheet = replace(template, origin=replace(template.origin, lane=filling.lane), rows=())
    rows, findings = [], []
    for row in template.rows:
        cells, wrong = _filled(row, values, sheet)
        findings += wrong
        if not wrong:
            rows.append(replace(row, cells=cells))
    return replace(sheet, rows=tuple(rows)), findings


def _filled(row: Row, values: Mapping[str, str], sheet: Sheet) -> tuple[dict[str, str], list[Finding]]:
    cells, findings = dict(row.cells), []
    for column, text in row.cells.items():
        if "{" not in text:
            continue
        try:
            cells[column] = _BLANK.sub(lambda blank: _value(blank, values), text)
        except _Unfilled as unfilled:
            remedy = "give it in [[tags.lanes]] of config.toml, under values"
            findings.append(error("E28", sheet, row, column, str(unfilled), remedy))
    return cells, findings


def _value(blank: re.Match[str], values: Mapping[str, str]) -> str:
    name, sign, number = blank.groups()
    value = values.get(name)
    if value is None:
        raise _Unfilled(f"nothing is given for {blank.group()}; there are {', '.join(values)}")
    if sign is None:
        return value
    base, by = whole_of(value, _MOST), whole_of(number, _MOST)
    if base is None or by is None:
        raise _Unfilled(f"{blank.group()} cannot be reckoned: {name} is {value!r}")
    return str(base + by if sign == "+" else base - by)
