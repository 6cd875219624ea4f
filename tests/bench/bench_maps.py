"""How long a tag map of 5,000 rows takes to lint, beside the bare reading of its file, and how that grows with size."""

import csv
import io
import tempfile
from functools import partial
from pathlib import Path

from plc.map.files import own
from plc.map.tagrow import COLUMNS
from plc.tagmap import lint
from tests.bench import support
from tests.support.maps import many_lanes

LIMIT_S = 1.0
ROUNDS = 3
SIZES = (500, 5_000)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [_row(folder, size) for size in SIZES]
        rows.append(_workbook(folder))
    heads = ("map", "lint, s of CPU", "limit 1 s", "reading alone = 1", "µs a row")
    support.show("Tag maps", heads, rows, "in turns with csv.reader over the same bytes; medians")


def _row(folder: Path, size: int) -> tuple[str, ...]:
    tags, devices = many_lanes(folder, size)
    text = tags.read_text(encoding="utf-8")
    works = {
        "lint": partial(_cpu_s, lambda: lint(tags, devices)),
        "read": partial(_cpu_s, lambda: list(csv.reader(io.StringIO(text)))),
    }
    return _told(f"{size:,} rows, CSV", support.in_turns(ROUNDS, works), size)


def _workbook(folder: Path) -> tuple[str, ...]:
    size = SIZES[1]
    tags, devices = many_lanes(folder, size)
    with tags.open(encoding="utf-8") as file:
        content = own.as_xlsx("tags", COLUMNS, list(csv.DictReader(file)))
    book = folder / "tags.xlsx"
    book.write_bytes(content)
    from openpyxl import load_workbook

    def bare() -> None:
        sheet = load_workbook(book, read_only=True).worksheets[0]
        for _ in sheet.iter_rows(values_only=True):
            pass

    works = {"lint": partial(_cpu_s, lambda: lint(book, devices)), "read": partial(_cpu_s, bare)}
    return _told(f"{size:,} rows, xlsx", support.in_turns(1, works), size)


def _cpu_s(work: object) -> float:
    if not callable(work):
        raise TypeError("a work is called")
    return support.cpu_us(work, 1) / 1e6


def _told(name: str, seen: dict[str, float], size: int) -> tuple[str, ...]:
    lint_s, read_s = seen["lint"], seen["read"]
    shares = support.times(lint_s, LIMIT_S), f"{lint_s / read_s:.1f} ×"
    return (name, f"{lint_s:.3f}", *shares, f"{lint_s / size * 1e6:.0f}")


if __name__ == "__main__":
    support.run(main)
