"""A report as a value, and its forms for programs: one value, every form says the same."""

import csv
import io
import json
import zipfile
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from scada.model.reports import REPORTS
from scada.model.saying import say
from scada.reports.documents.asked import days_between
from scada.reports.documents.document import (
    Chart,
    Column,
    Figure,
    Kind,
    Report,
    Section,
    Series,
    Shape,
    Table,
    code,
    count,
    counts,
    fen,
    hours_of,
    moment,
    several,
    text,
)
from scada.reports.forms.cells import duration_text, tongue
from scada.reports.forms.data import as_object, csv_file, csv_text
from tests.support.documents import SHANGHAI, sample

TABLE = Table(
    "lanes",
    (
        text("lane", say("Lane")),
        moment("at", say("Opened at")),
        count("openings", say("Openings")),
        fen("owed_fen", say("Owed, yuan")),
        counts("causes", say("Causes"), words=("FORWARD", "TAILGATE")),
        several("ghosts", say("Ghosts")),
    ),
    (
        ("in1", datetime(2026, 4, 30, 16, tzinfo=UTC), 3, 1250, {"FORWARD": 2}, ["a", "b"]),
        ("=cmd()", None, 4, None, {"TAILGATE": 1}, []),
    ),
)


def report_of(*sections: Section) -> Report:
    return sample(sections=sections)


def test_sums_are_reckoned_from_the_rows_and_stand_only_where_something_adds() -> None:
    assert TABLE.totals == (None, None, 7, 1250, None, None)
    assert Table("one", TABLE.columns, TABLE.rows[:1]).totals is None
    assert Table("names", (text("lane", say("Lane")),), (("in1",), ("out1",))).totals is None


def test_a_row_or_a_series_of_the_wrong_length_is_no_report() -> None:
    with pytest.raises(ValueError, match="a row has not 6 cells"):
        Table("lanes", TABLE.columns, (("in1",),))
    with pytest.raises(ValueError, match="a series has not 2 values"):
        Chart(Shape.BARS, ("a", "b"), (Series(say("Openings"), (1,)),))


def test_programs_get_every_table_under_its_name_with_whole_fen_and_the_sites_time() -> None:
    figure = Figure("openings", say("Openings"), 7)
    told = as_object(
        report_of(Section(say("By lane"), figures=(figure,), table=TABLE, name="sums")), tongue("en", SHANGHAI)
    )
    assert (told["from"], told["to"], told["agrees"], told["sums"]) == (
        "2026-05-01",
        "2026-05-31",
        True,
        {"openings": 7},
    )
    rows = json.loads(json.dumps(told["lanes"]))
    assert rows[0] == {
        "lane": "in1",
        "at": "2026-05-01T00:00:00+08:00",
        "openings": 3,
        "owed_fen": 1250,
        "causes": {"FORWARD": 2},
        "ghosts": ["a", "b"],
    }


def test_a_spreadsheet_gets_a_column_for_each_word_and_no_text_that_becomes_a_formula() -> None:
    first, second = csv.DictReader(io.StringIO(csv_text(TABLE, tongue("en", SHANGHAI))))
    assert (first["FORWARD"], first["TAILGATE"], first["ghosts"], first["owed_fen"]) == ("2", "0", "2", "1250")
    assert (second["lane"], second["owed_fen"]) == ("'=cmd()", "")


@pytest.mark.parametrize("typed", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x"])
def test_what_somebody_typed_is_no_formula_in_a_spreadsheet(typed: str) -> None:
    table = Table("notes", (text("note", say("Note")),), ((typed,),))
    (row,) = csv.DictReader(io.StringIO(csv_text(table, tongue("zh", SHANGHAI)), newline=""))
    assert row["note"] == f"'{typed}"


def test_several_tables_come_as_a_zip_and_one_as_a_file_that_spreadsheets_know_as_utf_8() -> None:
    speaks = tongue("zh", SHANGHAI)
    ending, content = csv_file(report_of(Section(say("By lane"), table=TABLE)), speaks)
    assert (ending, content[:3]) == ("csv", b"\xef\xbb\xbf")
    other = Table("names", (text("name", say("Lane")),), (("京A12345",),))
    ending, content = csv_file(
        report_of(Section(say("By lane"), table=TABLE), Section(say("By lane"), table=other)), speaks
    )
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert (ending, archive.namelist()) == ("zip", ["lanes.csv", "names.csv"])
        assert "京A12345" in archive.read("names.csv").decode("utf-8-sig")


def test_cells_are_written_in_the_readers_language_and_in_the_sites_zone() -> None:
    for language, leave, several_things in (("en", "Goodwill", "drove through 2"), ("zh", "客诉减免", "驶过 2")):
        speaks = tongue(language, SHANGHAI)
        assert speaks.cell("GOODWILL", code("reason", say("Reason"))) == leave
        assert speaks.cell({"FORWARD": 2, "TAILGATE": 0}, TABLE.columns[4]) == several_things
    speaks = tongue("en", SHANGHAI)
    assert speaks.cell(datetime(2026, 4, 30, 16, tzinfo=UTC), TABLE.columns[1]) == "2026-05-01 00:00:00"
    assert speaks.cell(-123_456, TABLE.columns[3]) == "-1,234.56"
    assert speaks.cell(-50, TABLE.columns[3]) == "-0.50"
    assert speaks.cell(0.985, Column("rate", say("Read"), Kind.PERCENT)) == "98.5 %"
    assert speaks.cell(None, TABLE.columns[3]) == ""


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0.0 s"),
        (59.94, "59.9 s"),
        (60, "1:00"),
        (3599, "59:59"),
        (3661, "1:01:01"),
        (183_600, "2 d 03:00"),
        (-90, "-1:30"),
    ],
)
def test_a_duration_is_as_exact_as_a_person_reads_it(seconds: float, said: str) -> None:
    assert duration_text(seconds) == said


def test_every_hour_of_the_days_is_apart_also_where_the_clock_goes_back() -> None:
    days = days_between(date(2026, 10, 25), date(2026, 10, 25), ZoneInfo("Europe/Berlin"))
    hours = hours_of(days)
    assert len(hours) == len(set(hours)) == 25
    assert hours[0] == days.since


def test_no_two_reports_have_one_name() -> None:
    names = [one.name for one in REPORTS]
    assert len(names) == len(set(names))
