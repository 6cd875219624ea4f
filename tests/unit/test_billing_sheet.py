"""Lines of the register of rights as people write them: what is read, and every mistake with its place."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.plates.sheet import COLUMNS, Line, Terms, cells_of, clashes, read_file, read_line
from billing.rights import Entry, RightKind
from scada.model.names import ZoneName
from scada.model.plate import Plate
from tests.support.rights import LOT, NOW, ROOF, ZONES

SHANGHAI = ZoneInfo("Asia/Shanghai")
TERMS = Terms(ZONES, SHANGHAI, NOW)
HEAD = "plate,kind,zone,from,until,card,spaces,note\n"


def test_a_file_may_name_its_columns_in_any_order_and_leave_some_out() -> None:
    sheet = read_file('kind, Plate ,note\nMONTH,京a·12345,"Wang, 3rd floor"\n\n white ,粤B D1234 5,\n', TERMS)
    assert sheet.faults == []
    assert [(line.row, line.entry.plate, line.entry.kind) for line in sheet.lines] == [
        (2, "京A12345", RightKind.MONTH),
        (4, "粤BD12345", RightKind.WHITE),
    ]
    assert sheet.lines[0].entry.note == "Wang, 3rd floor"


def test_a_day_is_the_sites_own_and_the_last_one_counts_whole() -> None:
    [line] = read_file(HEAD + "京A12345,month,roof,2026-05-01,2026-05-31,C1,2,\n", TERMS).lines
    entry = line.entry
    assert entry.since == datetime(2026, 4, 30, 16, 0, tzinfo=UTC)
    assert entry.until == datetime(2026, 5, 31, 16, 0, tzinfo=UTC)
    assert (entry.zone, entry.card, entry.spaces) == (ROOF, "C1", 2)


@pytest.mark.parametrize(
    ("row", "column", "word"),
    [
        ("京A1,white,,,,,,", "plate", "no plate"),
        (",white,,,,,,", "plate", "no plate"),
        ("京A12345,vip,,,,,,", "kind", "no kind"),
        ("京A12345,white,attic,,,,,", "zone", "no zone"),
        ("京A12345,white,,May,,,,", "from", "no time"),
        ("京A12345,white,,,2026-13-01,,,", "until", "no time"),
        ("京A12345,white,,2026-05-02,2026-05-01,,,", "until", "over before"),
        ("京A12345,white,,2026-01-01,2026-02-01,,,", "until", "over before"),
        ("京A12345,white,,,,C1,,", "card", "month only"),
        ("京A12345,white,,,,,2,", "spaces", "month only"),
        ("京A12345,month,,,,,2,", "spaces", "goes with a card"),
        ("京A12345,month,,,,C1,0,", "spaces", "no number"),
        ("京A12345,month,,,,C1,２,", "spaces", "no number"),
        ("京A12345,month,,,,C1,1001,", "spaces", "no number"),
        (f"京A12345,month,,,,{'C' * 33},,", "card", "33 signs"),
        (f"京A12345,white,,,,,,{'x' * 201}", "note", "201 signs"),
        ("京A12345,white,,,,,,,,", "note", "10 cells"),
        ('京A12345,white,,,,,,"x', "plate", "not CSV"),
    ],
)
def test_each_mistake_is_told_with_row_column_and_remedy(row: str, column: str, word: str) -> None:
    sheet = read_file(f"{HEAD}粤B99999,white,,,,,,\n{row}\n", TERMS)
    [fault] = sheet.faults
    assert (fault.row, fault.column) == (3, column)
    assert word in fault.what
    assert fault.remedy


@pytest.mark.parametrize(
    ("head", "column", "word"),
    [
        ("plate,zone", "kind", "missing"),
        ("plate,kind,colour", "colour", "no column"),
        ("plate,kind,note,note", "note", "twice"),
        ("", "plate", "missing"),
    ],
)
def test_a_wrong_head_is_told_before_anything_is_read(head: str, column: str, word: str) -> None:
    sheet = read_file(f"{head}\n京A1,vip\n", TERMS)
    assert (sheet.faults[0].row, sheet.faults[0].column) == (1, column)
    assert word in sheet.faults[0].what
    assert sheet.lines == []


def test_lines_that_say_the_same_twice_or_differ_on_a_card_are_told() -> None:
    rows = ("京A12345,month,,,,C1,2,", "京A12346,month,,,,C1,3,", "京A12345,month,,2026-08-01,,,,")
    assert [(fault.row, fault.column) for fault in read_file(HEAD + "\n".join(rows), TERMS).faults] == [
        (3, "spaces"),
        (4, "plate"),
    ]
    renewed = ("京A12345,month,,,2026-07-31,,,", "京A12345,month,,2026-08-01,,,,", "京A12345,month,roof,,,,,")
    assert read_file(HEAD + "\n".join(renewed), TERMS).faults == []


def test_what_the_register_has_already_is_told() -> None:
    [line] = read_line({"plate": "京A12345", "kind": "black"}, TERMS).lines
    ended = Entry(Plate("京A12345"), RightKind.BLACK, NOW - timedelta(days=9), NOW)
    held = Entry(Plate("京A12345"), RightKind.BLACK, NOW - timedelta(days=9))
    assert clashes([line], [ended]) == []
    assert [fault.column for fault in clashes([line], [ended, held])] == ["plate"]


days = st.integers(0, 900).map(lambda number: datetime(2026, 4, 1, tzinfo=SHANGHAI) + timedelta(days=number))
minutes = st.integers(0, 900_000).map(lambda number: NOW + timedelta(minutes=number))


@given(st.sampled_from(RightKind), days | minutes, st.none() | st.integers(1, 99), st.sampled_from([None, LOT, ROOF]))
def test_what_is_shown_can_be_read_back(
    kind: RightKind, since: datetime, length: int | None, zone: ZoneName | None
) -> None:
    until = None if length is None else since + timedelta(days=length)
    entry = Entry(Plate("京A12345"), kind, since, until, zone, note="x")
    cells = cells_of(entry, SHANGHAI)
    assert tuple(cells) == COLUMNS
    assert read_line(cells, TERMS).lines == [Line(0, entry)]
