"""What lint says of a tag map or device table: a code of `plc.md` §4, where, what, and what to do."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from plc.map.sheet import Row, Sheet

if TYPE_CHECKING:
    from plc.map.protocol import Fault

ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake (`error`: the row or the lane is refused) or doubt (`warning`). `row` is the line in the file."""

    severity: str
    code: str
    file: str
    row: int
    column: str
    text: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.row}: {self.code} {self.column}: {self.text}; {self.remedy}"


def found(fault: "Fault", file: str, row: int) -> Finding:
    """Say where a fault stands."""
    return Finding(fault.severity, fault.code, file, row, fault.column, fault.text, fault.remedy)


def error(code: str, sheet: Sheet, row: Row | None, column: str, text: str, remedy: str) -> Finding:
    """Say that something cannot be used."""
    return Finding(ERROR, code, sheet.file, row.line if row else 1, column, text, remedy)


def warning(code: str, sheet: Sheet, row: Row | None, column: str, text: str, remedy: str) -> Finding:
    """Say that something is doubtful."""
    return Finding(WARNING, code, sheet.file, row.line if row else 1, column, text, remedy)
