"""The published Modbus map: places that never move, and values that are not known."""

import math
import struct
from pathlib import Path

import pytest

from plc.map.sheet import read_sheet
from plc.registers import Kind
from plc.serve.catalogue import Served, from_json, served
from plc.serve.table import HEAD, Entry, Flaw, as_csv, number_of, proposed, read_table, unserved, words
from scada.model.tag import Access, Quality, TagName, TagSpec, Value

UP, FREE, SPEED = TagName("in1.gate.up"), TagName("zone.lot.free"), TagName("in1.speed")
CATALOGUE = {
    UP: Served(UP, Kind.BOOL, "", "Boom up", "抬杆到位"),
    FREE: Served(FREE, Kind.I32),
    SPEED: Served(SPEED, Kind.F64, "m/s"),
    TagName("in1.lane.state"): Served(TagName("in1.lane.state"), Kind.STRING),
}
COMMUNICATION = Quality.COMMUNICATION.status_code


def table(folder: Path, *rows: str) -> tuple[list[Entry], list[Flaw]]:
    file = folder / "map.csv"
    file.write_text("\n".join(["tag,type,address,quality", *rows]), encoding="utf-8")
    return read_table(read_sheet(file))


def test_a_first_map_has_a_place_for_everything_that_is_no_text() -> None:
    entries = proposed([], CATALOGUE)
    assert [(one.name, one.kind, one.address, one.quality) for one in entries] == [
        (UP, Kind.BOOL, 0, HEAD),
        (FREE, Kind.I32, HEAD + 2, HEAD + 1),
        (SPEED, Kind.F32, HEAD + 5, HEAD + 4),
    ]


def test_what_was_published_keeps_its_place_when_tags_come_and_go() -> None:
    old = [Entry(SPEED, Kind.F32, 41, 40), Entry(TagName("in1.gone"), Kind.BOOL, 6, 9)]
    new = proposed(old, CATALOGUE)
    assert new[:2] == old
    assert [(one.name, one.address, one.quality) for one in new[2:]] == [(UP, 8, 43), (FREE, 45, 44)]
    assert proposed(new, CATALOGUE) == new


def test_a_map_whose_first_line_is_spoilt_is_refused_and_never_taken_for_an_empty_one(tmp_path: Path) -> None:
    file = tmp_path / "map.csv"
    file.write_text("name,type,address,quality\nin1.gate.up,bool,DI0,IR2\n", encoding="utf-8")
    entries, (flaw,) = read_table(read_sheet(file))
    assert (entries, flaw.line, flaw.column) == ([], 1, "tag")
    file.write_text("rubbish\n", encoding="utf-8")
    assert [flaw.column for flaw in read_table(read_sheet(file))[1]] == ["tag", "type", "address", "quality"]


def test_a_row_without_a_name_is_refused(tmp_path: Path) -> None:
    _, (flaw,) = table(tmp_path, ",bool,DI0,IR2")
    assert (flaw.line, flaw.column) == (2, "tag")


def test_a_map_that_was_written_is_read_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "map.csv"
    file.write_text(as_csv(proposed([], CATALOGUE), CATALOGUE), encoding="utf-8")
    entries, flaws = read_table(read_sheet(file))
    assert flaws == []
    assert number_of(entries) == number_of(proposed([], CATALOGUE))
    assert "抬杆到位" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("in1.gate.up,bit,DI0,IR2", "type"),
        ("in1.gate.up,string,IR4,IR2", "type"),
        ("in1.gate.up,bool,IR0,IR2", "address"),
        ("zone.lot.free,i32,HR4,IR2", "address"),
        ("zone.lot.free,i32,IR4,", "quality"),
        ("zone.lot.free,i32,IR1,IR5", "address"),
        ("zone.lot.free,i32,IR65535,IR5", "address"),
        ("zone.lot.free,i32,IR4,IR5", "address"),
        ("zone.lot.free,u64,IR100,IR102", "address"),
        ("in1.speed,f32,IR30,IR32", "tag"),
    ],
)
def test_a_flaw_in_the_map_is_told_with_its_row_and_column(tmp_path: Path, row: str, column: str) -> None:
    _, flaws = table(tmp_path, "in1.speed,f32,IR20,IR22", row)
    assert [(flaw.line, flaw.column) for flaw in flaws] == [(3, column)]


def test_a_row_that_nothing_is_served_for_is_told() -> None:
    rows = [
        Entry(TagName("in1.cmd"), Kind.U16, 4, 3, 2),
        Entry(UP, Kind.U16, 6, 5, 3),
        Entry(TagName("in1.lane.state"), Kind.U16, 9, 8, 4),
        Entry(FREE, Kind.U16, 11, 10, 5),
    ]
    assert [(flaw.line, flaw.column) for flaw in unserved(rows, CATALOGUE)] == [(2, "tag"), (3, "type"), (4, "type")]


@pytest.mark.parametrize(
    ("kind", "value", "coded"),
    [
        (Kind.U16, 40000, (40000,)),
        (Kind.I16, -2, (0xFFFE,)),
        (Kind.I32, 0x12345678, (0x1234, 0x5678)),
        (Kind.F32, 1.5, struct.unpack(">2H", struct.pack(">f", 1.5))),
    ],
)
def test_a_good_number_stands_high_word_first(kind: Kind, value: Value, coded: tuple[int, ...]) -> None:
    assert words(kind, value, 0) == (coded, 0)


@pytest.mark.parametrize(
    ("kind", "coded"),
    [
        (Kind.U16, (0xFFFF,)),
        (Kind.I16, (0x8000,)),
        (Kind.U32, (0xFFFF, 0xFFFF)),
        (Kind.I32, (0x8000, 0)),
        (Kind.U64, (0xFFFF,) * 4),
        (Kind.I64, (0x8000, 0, 0, 0)),
    ],
)
def test_a_bad_number_is_never_shown_as_a_number(kind: Kind, coded: tuple[int, ...]) -> None:
    assert words(kind, 0, COMMUNICATION) == (coded, 0x8005)
    assert words(kind, 10**30, 0) == (coded, 0x803C)
    assert words(kind, None, Quality.STALE.status_code) == (coded, 0x4090)


def test_a_bad_broken_number_is_no_number() -> None:
    coded, quality = words(Kind.F32, 0.0, COMMUNICATION)
    assert math.isnan(struct.unpack(">f", struct.pack(">2H", *coded))[0])
    assert quality == 0x8005


def test_a_stale_number_is_shown_with_its_quality() -> None:
    assert words(Kind.U16, 7, Quality.STALE.status_code) == ((7,), 0x4090)


def test_commands_and_what_says_who_somebody_is_never_leave_the_house() -> None:
    names = ("in1.cmd", "in1.plate.text", "in1.stay", "in1.gate.open_request", "in1.gate.up")
    specs = [TagSpec(TagName(name), "", Access.WRITE if name == "in1.cmd" else Access.READ) for name in names]
    assert list(served(specs, {}, ["*"])) == ["in1.gate.up"]
    assert list(served(specs, {}, ["in1.plate.*", "out1.*"])) == []


def test_the_catalogue_crosses_the_bridge_whole() -> None:
    assert [from_json(tag.as_json()) for tag in CATALOGUE.values()] == list(CATALOGUE.values())
