"""What settings rest on: differences place by place, and tables as files that do no harm."""

import io
import re
import zipfile

import pytest
from openpyxl import Workbook, load_workbook

from hmi.i18n.said import said
from hmi.sheets import MOST_ROWS, SheetError, as_csv, as_xlsx, read_table
from scada.model.changes import changes


def told(before: object, after: object) -> list[tuple[str, object, object]]:
    return [(one.place, one.before, one.after) for one in changes(before, after)]


def test_a_difference_says_where_and_what_stood_there_before() -> None:
    old = {"price": 5, "rows": [{"unit": 60}, {"unit": 30}], "days": [1, 2], "gone": {"a": 1}}
    new = {"price": 6, "rows": [{"unit": 60}, {"unit": 15, "cap": 9}], "days": [1, 3], "new": "x"}
    assert told(old, new) == [
        ("price", 5, 6),
        ("rows.2.unit", 30, 15),
        ("rows.2.cap", None, 9),
        ("days", [1, 2], [1, 3]),
        ("gone.a", 1, None),
        ("new", None, "x"),
    ]
    assert told(None, {"a": {"b": 1}}) == [("a.b", None, 1)]
    assert told(old, old) == []


def book_of(*rows: tuple[str | float | None, ...]) -> bytes:
    book = Workbook()
    sheet = book.create_sheet(index=0)
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_table_comes_back_as_it_was_written_and_holds_no_formula() -> None:
    rows = [["京A12345", "=HYPERLINK(1)", "007"], ["沪B1", "-1+1", ""]]
    head = ["plate", "note", "number"]
    written = as_xlsx("rights", head, rows)
    sheet = load_workbook(io.BytesIO(written)).active
    assert sheet is not None
    assert "f" not in {cell.data_type for row in sheet.iter_rows() for cell in row}
    assert read_table(written)[:2] == [head, rows[0]]
    text = as_csv(head, rows).decode("utf-8-sig")
    assert "'=HYPERLINK(1)" in text
    assert "'-1+1" in text
    assert read_table(as_csv(head, rows))[1] == rows[0]


def test_numbers_and_days_of_a_spreadsheet_are_read_as_texts() -> None:
    assert read_table(book_of(("a", "b"), (5.0, 1.5), ("x", None))) == [["a", "b"], ["5", "1.5"], ["x", ""]]


def packed(size: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/worksheets/sheet1.xml", b"0" * size)
    return out.getvalue()


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (book_of(("plate",), ("=1+1",)), "row 2 holds a formula"),
        (packed(30_000_000), "unpacks to too much"),
        (b"PK\x03\x04 broken", "workbook cannot be read"),
        (packed(10), "workbook cannot be read"),
        (b"\xff\xfe\x00", "neither a workbook"),
        (b"", "is empty"),
        (b"x" * 1_000_001, "more than 1 MB"),
        (b"a\n" * (MOST_ROWS + 2), "more than 5000 rows"),
        (b"," * 40, "row 1 has more than 30 columns"),
        (b"a\n" + b"x" * 600, "row 2 has a cell of more than 500 signs"),
    ],
)
def test_a_file_that_could_do_harm_is_refused_with_words(raw: bytes, why: str) -> None:
    with pytest.raises(SheetError, match=why) as refused:
        read_table(raw)
    assert re.search("[\u4e00-\u9fff]", said(str(refused.value), "zh"))
