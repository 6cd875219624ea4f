"""A counted list: read from a workbook or CSV, with every mistake told by its row, and compared with who is inside."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from hmi.control import counted
from hmi.i18n.said import said
from tests.support.workbooks import sheet_of

INSIDE: list[dict[str, object]] = [
    {"id": "S1", "plate": "京A12345", "zone": "site", "entered_at": "2026-11-26", "entry_lane": "in1"},
    {"id": "S2", "plate": "京A67890", "zone": "=1+1", "entered_at": "2026-11-26", "entry_lane": "in1"},
]


def xlsx(*rows: list[str]) -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(out)
    return out.getvalue()


def test_a_workbook_and_a_csv_file_say_the_same() -> None:
    rows = [["zone", "车牌"], ["site", "京a 12345"], ["site", ""], ["site", "沪B88888"]]
    by_csv = "\n".join(",".join(row) for row in rows).encode("utf-8-sig")
    for raw in (xlsx(*rows), by_csv):
        found = counted.read(raw)
        assert found.plates == {"京A12345": 2, "沪B88888": 4}
        assert found.faults == []
        assert counted.differences(found, INSIDE) == {"missing": ["S2"], "unknown": ["沪B88888"]}


def test_every_mistake_is_told_with_its_row() -> None:
    found = counted.read("plate\n京A12345\nhello\n京A12345\n".encode())
    assert [(one.row, bool(one.remedy)) for one in found.faults] == [(3, True), (4, True)]
    assert [one.row for one in counted.read(b"colour\nred\n").faults] == [1]


def test_our_own_list_is_read_back_and_reckons_nothing_in_a_spreadsheet() -> None:
    raw = counted.workbook(INSIDE)
    assert counted.differences(counted.read(raw), INSIDE) == {"missing": [], "unknown": []}
    cells = [cell for row in load_workbook(io.BytesIO(raw)).worksheets[0].iter_rows(values_only=True) for cell in row]
    assert "'=1+1" in cells


@given(st.binary(max_size=200))
def test_whatever_is_sent_is_read_or_told_wrong(raw: bytes) -> None:
    found = counted.read(raw)
    assert found.faults or found.plates is not None
    counted.read(b"PK\x03\x04" + raw)


@pytest.mark.parametrize(
    "rows",
    ["<row", '<row r="1"><c r="A1" t="s"><v>99</v></c></row>'],
)
def test_a_workbook_with_anything_wrong_in_it_is_a_mistake_and_no_failure(rows: str) -> None:
    assert [fault.row for fault in counted.read(sheet_of(rows)).faults] == [0]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("车牌\n京A12345".encode("gbk"), "neither a workbook nor text in UTF-8"),
        (b"PK\x03\x04 broken", "the workbook is damaged or far too large"),
        (b'plate\n"open', "a quote is not closed"),
    ],
)
def test_a_file_that_is_no_list_is_told_in_words_and_not_by_a_library(raw: bytes, why: str) -> None:
    [fault] = counted.read(raw).faults
    assert (fault.row, fault.what) == (0, f"cannot be read: {why}")
    assert said(fault.what, "zh").isascii() is False
    assert "codec" not in said(fault.what, "zh")
