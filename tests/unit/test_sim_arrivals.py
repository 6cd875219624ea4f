"""A day from a CSV file: which rows make a visit, and every mistake with its row and column."""

from pathlib import Path

import pytest

from scada.model.plate import Plate
from scada.sim.arrivals import ArrivalsError, Trip, read_arrivals


def read(folder: Path, text: str) -> list[Trip]:
    path = folder / "day.csv"
    path.write_text(text, encoding="utf-8")
    return read_arrivals(path)


def test_rows_with_the_same_plate_are_one_visit(tmp_path: Path) -> None:
    text = "time,direction,plate\n08:00,in,京A12345\n08:10,in,京A 12346\n09:00,out,京A12346\n10:30:30,out,京A12345\n"
    assert read(tmp_path, text) == [
        Trip(0.0, 9030.0, Plate("京A12345")),
        Trip(600.0, 3000.0, Plate("京A12346")),
    ]


def test_without_plates_the_first_in_is_the_first_out(tmp_path: Path) -> None:
    text = "direction,time\nin,2026-05-01 23:50\nin,2026-05-01 23:55\nout,2026-05-02 00:10\nout,2026-05-02 00:20\n"
    assert read(tmp_path, text) == [Trip(0.0, 1200.0), Trip(300.0, 1500.0)]


def test_who_goes_and_never_came_was_there_before_and_who_never_goes_leaves_at_the_end(tmp_path: Path) -> None:
    text = "time,direction,plate\n08:00,entry,京A12345\n08:30,exit,京B54321\n09:00,exit,\n09:30,entry,\n"
    assert read(tmp_path, text) == [
        Trip(0.0, 1800.0, Plate("京B54321")),
        Trip(0.0, 3600.0),
        Trip(0.0, 5400.0, Plate("京A12345")),
        Trip(5400.0, 0.0),
    ]


def test_every_mistake_is_told_with_its_row_and_column(tmp_path: Path) -> None:
    rows = ("25:00,in,", "08:00,sideways,京A12345", "", "09:00,in,XYZ", "08:59,in,", "08:00,in,", "2026-05-01,in,")
    text = "\n".join(("time,direction,plate", *rows))
    with pytest.raises(ArrivalsError) as told:
        read(tmp_path, text)
    assert str(told.value).splitlines() == [
        "day.csv row 2, column time: '25:00' is neither HH:MM[:SS] nor YYYY-MM-DD HH:MM[:SS]",
        "day.csv row 3, column direction: 'sideways' is neither in nor out",
        "day.csv row 5, column plate: 'XYZ' is no plate",
        "day.csv row 7, column time: '08:00' is before the row above",
        "day.csv row 8, column time: '2026-05-01' is neither HH:MM[:SS] nor YYYY-MM-DD HH:MM[:SS]",
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no column time and no column direction"),
        ("when,direction\n", "no column time"),
        ("time,direction\n", "no rows"),
    ],
)
def test_a_file_without_its_columns_or_rows_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ArrivalsError, match=why):
        read(tmp_path, text)


def test_a_file_that_is_not_there_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(ArrivalsError, match=r"none\.csv"):
        read_arrivals(tmp_path / "none.csv")
