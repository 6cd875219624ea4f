"""What lint says of a tag map or device table: a code of `plc.md` §4, where, what, and what to do."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from plc.map.sheet import Origin, Row, Sheet

if TYPE_CHECKING:
    from plc.map.protocol import Fault

ERROR = "error"
WARNING = "warning"
CODES = {
    "E00": "a file cannot be read",
    "E01": "not a tag name",
    "E02": "a name twice, whatever the case",
    "E03": "unknown device",
    "E04": "no address, or what a spreadsheet has made of a cell",
    "E05": "unknown type",
    "E06": "word type in a bit area",
    "E07": "bool in a register without bit",
    "E08": "bit above 15",
    "E09": "beyond 65535",
    "E10": "writable tag in DI or IR",
    "W11": "writing one bit of a register",
    "E12": "bad order",
    "W12": "two words and no order",
    "E13": "unknown class",
    "E14": "lo above hi",
    "W15": "stale_ms below three scans",
    "E16": "opening output without pulse or handshake",
    "E17": "places overlap",
    "W17": "the same place twice",
    "E18": "a role twice in a lane",
    "E19": "a lane lacks what AUTO needs",
    "E20": "command block not whole, or not one write",
    "E21": "scale or filter on what has none",
    "W22": "hole above max_gap",
    "W23": "one word in two classes",
    "E24": "unknown, missing or double column",
    "W25": "pulse lane",
    "E27": "a cell that cannot be read",
    "E28": "a lane's template cannot be filled in",
    "E30": "a device that cannot be used",
    "E31": "security that cannot be had",
    "W32": "simulated device",
    "E33": "a formula that cannot be read",
    "E34": "a formula looks at no tag",
    "E35": "formulas in a circle",
    "E36": "a derived tag has no such column",
    "E37": "what a lane rests on is neither derived nor filtered",
    "W38": "requests in flight where the answers cannot be told apart",
    "E39": "a name of the server's own tags",
    "W40": "a lane's signal away from the device of its heartbeat",
}
"""All codes; those up to 25 are `plc.md`'s own."""
_MOST_SIGNS = 400


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake (`error`: the row or the lane is refused) or doubt (`warning`). `row` is the line in the file.

    `sheet` is that of a workbook; `lane` the one for which a template's row was filled in.
    """

    severity: str
    code: str
    file: str
    row: int
    column: str
    text: str
    remedy: str
    sheet: str = ""
    lane: str = ""

    def __str__(self) -> str:
        lane = f"lane {self.lane}: " if self.lane else ""
        where = Origin(self.file, self.sheet)
        what = f"{self.code} {self.column}".rstrip()
        return f"{where}:{self.row}: {what}: {lane}{self.text}; {self.remedy}"


def found(fault: "Fault", origin: Origin, row: int) -> Finding:
    """Say where a fault stands."""
    return at(origin, row, fault.severity, fault.code, fault.column, fault.text, fault.remedy)


def at(origin: Origin, row: int, severity: str, code: str, column: str, text: str, remedy: str) -> Finding:
    """Say what is wrong in one place; of words that hold a long cell the middle is left out."""
    if len(text) > _MOST_SIGNS:
        text = f"{text[: _MOST_SIGNS // 2]}…{text[-_MOST_SIGNS // 4 :]}"
    return Finding(severity, code, origin.file, row, column, text, remedy, origin.sheet, origin.lane)


def error(code: str, sheet: Sheet, row: Row | None, column: str, text: str, remedy: str) -> Finding:
    """Say that something cannot be used."""
    return at(sheet.origin, row.line if row else 1, ERROR, code, column, text, remedy)


def warning(code: str, sheet: Sheet, row: Row | None, column: str, text: str, remedy: str) -> Finding:
    """Say that something is doubtful."""
    return at(sheet.origin, row.line if row else 1, WARNING, code, column, text, remedy)
