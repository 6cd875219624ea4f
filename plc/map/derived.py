"""Rows of derived tags: a formula instead of a device and an address (docs/decisions/0022)."""

from collections.abc import Iterable, Iterator, Mapping

from plc.map.findings import ERROR, Finding, at
from plc.map.mapped import DerivedTag
from plc.map.sheet import Row, Sheet
from plc.map.tagrow import RowReader
from scada.formula import FormulaError, circle, open_to_formulas, parse
from scada.model.figures import device_specs
from scada.model.interlock import is_proof
from scada.model.tag import Access, TagName

_NOT_DERIVED = (
    *("device", "address", "order", "bit", "class", "scale", "offset", "invert"),
    *("stale_ms", "pulse_ms", "verify", "length", "debounce_ms"),
)
"""Columns that say how a tag is read from a device."""


def is_derived(row: Row) -> bool:
    """Say whether a row is that of a derived tag."""
    return "expr" in row.cells


def read_derived(row: Row, sheet: Sheet) -> tuple[DerivedTag | None, list[Finding]]:
    """Read a derived tag's row; the tag is None if any finding is an error, or if a spreadsheet has spoilt a cell."""
    return (None, []) if row.spoilt else _DerivedReader(row, sheet, {}).read_derived()


class _DerivedReader(RowReader):
    """Reads the cells of a row that has a formula."""

    def read_derived(self) -> tuple[DerivedTag | None, list[Finding]]:
        name, kind = self.name(), self.kind()
        self.scaling(kind)
        self._check_formula()
        for column in _NOT_DERIVED:
            if column in self.cells:
                self.error("E36", column, f"a derived tag has no {column}", f"empty {column}, or empty expr")
        if self.cells.get("access", Access.READ.value) != Access.READ.value:
            self.error("E36", "access", "a derived tag is never written", "leave access empty")
        self._check_rests(name)
        refused = any(finding.severity == ERROR for finding in self.findings)
        if kind is None or refused:
            return None, self.findings
        spec = self.spec(name, kind, Access.READ, scan=None)
        return DerivedTag(spec, kind, self.row.line, self.sheet.origin), self.findings

    def _check_formula(self) -> None:
        try:
            parse(self.cells["expr"])
        except FormulaError as bad:
            self.error("E33", "expr", str(bad), "docs/plc/tags.md says how a formula is written")

    def _check_rests(self, name: TagName) -> None:
        """A formula must not stand in for what only the PLC can say."""
        for point in sorted(filter(is_proof, self.points(name))):
            text = f"{point} comes from the PLC alone: boom, money or handshake rest on it"
            self.error("E37", "expr", text, "reckon it in the PLC, or give the tag another name and role")


def check_formulas(tags: Iterable[DerivedTag], names: Iterable[str], devices: Iterable[str]) -> Iterator[Finding]:
    """Say which formulas look at tags that there are not, and which follow one another in a circle."""
    derived = {tag.name: tag for tag in tags}
    inputs = {name: parse(tag.spec.formula).inputs for name, tag in derived.items()}
    known = {*names, *(spec.name for spec in device_specs(devices))}
    for tag in derived.values():
        missing = sorted(name for name in inputs[tag.name] - known if not open_to_formulas(name, known))
        if missing:
            text = f"the formula looks at {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not there"
            yield at(tag.origin, tag.line, ERROR, "E34", "expr", text, "write whole names of tags of this map")
    yield from _circles(inputs, derived)


def _circles(inputs: dict[TagName, frozenset[TagName]], derived: Mapping[TagName, DerivedTag]) -> Iterator[Finding]:
    """Name each circle once, at its first row."""
    while round_ := circle(inputs):
        first = min((derived[name] for name in set(round_)), key=lambda tag: tag.line)
        text = f"these follow one another in a circle: {' -> '.join(round_)}"
        yield at(first.origin, first.line, ERROR, "E35", "expr", text, "break the circle in one of them")
        for name in set(round_):
            del inputs[name]
