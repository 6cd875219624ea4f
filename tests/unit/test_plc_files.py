"""Maps come as text or workbook, from spreadsheets that spoil cells, from Kepware and from Telegraf; and go there."""

import csv
import io
from datetime import date, datetime, time
from pathlib import Path

import pytest
from openpyxl import Workbook

from plc.map.files import kepware, own, telegraf
from plc.map.files.foreign import Taken, our_name
from plc.map.files.grid import GridError
from plc.map.sheet import Sheet, SheetError, read_sheet
from plc.map.tagrow import COLUMNS
from plc.map.whole.written import cells_of
from plc.tagmap import lint, read_map
from tests.support.plc import SHIPPED

DEVICES = (
    "device,protocol,host,port,unit,order,base\n"
    "plc1,modbus-tcp,127.0.0.1,502,1,,1\npump_station,modbus-tcp,10.0.0.9,1502,4,,1\nua1,opcua,127.0.0.1,4840,,,\n"
)


def workbook(path: Path, *rows: list[object], title: str = "Tags") -> Path:
    book = Workbook()
    first = book.active
    assert first is not None
    first.append(["notes for nobody"])
    sheet = book.create_sheet(title)
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def sheet_of(folder: Path, text: str) -> Sheet:
    (folder / "foreign.csv").write_text(text, encoding="utf-8")
    return read_sheet(folder / "foreign.csv")


def by_tag(taken: Taken) -> dict[str, dict[str, str]]:
    return {row["tag"]: dict(row.cells) for row in taken.tags}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_text_is_read_however_it_was_saved(tmp_path: Path, encoding: str, separator: str) -> None:
    text = "tag,device,description_zh\n\nin1.a,plc1,防砸地感\n".replace(",", separator)
    (tmp_path / "tags.csv").write_bytes(text.encode(encoding))
    (row,) = read_sheet(tmp_path / "tags.csv").rows
    assert (row.line, row["tag"], row["description_zh"]) == (3, "in1.a", "防砸地感")


def test_a_row_is_where_it_begins_even_behind_a_cell_of_several_lines(tmp_path: Path) -> None:
    text = 'tag,device,description\nin1.a,plc1,"one\ntwo\nthree"\nin1.b,plc1,x\n'
    (tmp_path / "tags.csv").write_text(text, encoding="utf-8")
    assert [row.line for row in read_sheet(tmp_path / "tags.csv").rows] == [2, 5]


def test_a_workbook_is_read_from_the_sheet_with_the_heads_and_numbers_are_written_plainly(tmp_path: Path) -> None:
    heads: list[object] = ["Tag", "device", "address", "type", "scale", "invert"]
    path = workbook(tmp_path / "tags.xlsx", heads, [None], ["in1.a", "plc1", 40005, "u16", 0.1, True])
    sheet = read_sheet(path)
    assert sheet.origin.sheet == "Tags"
    (row,) = sheet.rows
    assert row.line == 3
    assert dict(row.cells) == {
        "tag": "in1.a",
        "device": "plc1",
        "address": "40005",
        "type": "u16",
        "scale": "0.1",
        "invert": "1",
    }


@pytest.mark.parametrize(
    ("typed", "column", "made"),
    [
        (date(2026, 10, 1), "address", "a date"),
        (datetime(2026, 10, 1, 12, 30), "lo", "a date"),  # noqa: DTZ001 - a spreadsheet knows no zone
        (time(1, 10), "bit", "a time of day"),
        ("#REF!", "address", "a formula's error"),
        ("=HR4", "address", "a formula that was never reckoned"),
        ("=1/10", "lo", "a formula that was never reckoned"),
    ],
)
def test_what_a_spreadsheet_has_made_of_a_cell_is_found_there_with_a_hint(
    tmp_path: Path, typed: object, column: str, made: str
) -> None:
    heads: list[object] = ["tag", "device", "address", "type", "lo", "bit"]
    cells: dict[str, object] = {"tag": "x.a", "device": "plc1", "address": "HR1", "type": "u16", column: typed}
    path = workbook(tmp_path / "tags.xlsx", heads, [cells.get(str(head)) for head in heads])
    (tmp_path / "devices.csv").write_text(DEVICES, encoding="utf-8")
    (found,) = lint(path, tmp_path / "devices.csv")
    assert (found.code, found.row, found.column, found.sheet) == ("E04", 2, column, "Tags")
    assert made in found.text
    assert "as text" in found.remedy


def test_a_number_that_was_an_address_is_found_with_a_hint(tmp_path: Path) -> None:
    path = workbook(tmp_path / "tags.xlsx", ["tag", "device", "address", "type"], ["x.a", "plc1", 1, "u16"])
    (tmp_path / "devices.csv").write_text(DEVICES, encoding="utf-8")
    (found,) = lint(path, tmp_path / "devices.csv")
    assert (found.code, found.column) == ("E04", "address")
    assert "spreadsheet" in found.text


def test_a_broken_workbook_is_told_and_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "tags.xlsx").write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(SheetError, match="workbook cannot be read"):
        read_sheet(tmp_path / "tags.xlsx")


@pytest.mark.parametrize(
    "raw", [b"\x89PNG\r\n\x1a\n\0\0", b"%PDF-1.7\nx", b"\xd0\xcf\x11\xe0\xa1", b"tag,type\n\0,x\n"]
)
def test_what_is_no_table_is_told_as_that(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "tags.csv").write_bytes(raw)
    with pytest.raises(SheetError, match="no table but a picture"):
        read_sheet(tmp_path / "tags.csv")


def test_what_we_export_as_workbook_or_text_we_read_back(tmp_path: Path) -> None:
    tag_map = read_map(SHIPPED / "tags.csv", SHIPPED / "devices.csv")
    rows = [cells_of(tag) for tag in tag_map.tags]
    for name, content in (("a.csv", own.as_csv(COLUMNS, rows)), ("a.xlsx", own.as_xlsx("tags", COLUMNS, rows))):
        (tmp_path / name).write_bytes(content)
        again = read_map(tmp_path / name, SHIPPED / "devices.csv")
        assert [cells_of(tag) for tag in again.tags] == rows


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("In1.LoopSafety", "in1.loop_safety"), ("Lane 1.Gate-Up", "lane_1.gate_up"), ("a/b.C", "a.b.c")],
)
def test_foreign_names_become_ours(theirs: str, ours: str) -> None:
    assert our_name(theirs, "") == ours
    assert our_name(theirs, "out2") == f"out2.{ours}"


def test_a_kepware_file_becomes_rows_of_ours(tmp_path: Path) -> None:
    text = (
        f"{','.join(kepware.HEADS)}\n;comment,,,\n"
        '"In1.Loop.Safety",400005.1,Boolean,1,RO,50,,,,,,,,,,"Safety loop",\n'
        '"In1.Motor",300011,Word,1,RO,5000,Linear,0,1000,0,10,Float,1,1,A,"Motor",0\n'
        '"In1.Total",400010,DWord,1,R/W,1000,,,,,,,,,,"",\n'
        '"In1.Plate",400500.016H,String,1,RO,1000,,,,,,,,,,"",\n'
        '"In1.Odd",400600,BCD,1,RO,1000,,,,,,,,,,"",\n'
    )
    taken = kepware.take(sheet_of(tmp_path, text), "plc1", "", 1)
    rows = by_tag(taken)
    assert rows["in1.loop.safety"] == {
        "tag": "in1.loop.safety",
        "device": "plc1",
        "address": "HR4.1",
        "type": "bool",
        "access": "ro",
        "class": "fast",
        "description": "Safety loop",
    }
    assert rows["in1.motor"] | {"scale": "0.01", "offset": "0", "lo": "0", "hi": "10", "unit": "A"} == rows["in1.motor"]
    assert (rows["in1.total"]["address"], rows["in1.total"]["type"], rows["in1.total"]["access"]) == (
        "HR9",
        "u32",
        "rw",
    )
    assert (rows["in1.plate"]["address"], rows["in1.plate"]["length"]) == ("HR499", "8")
    assert [(note.row, note.is_error) for note in taken.notes if "BCD" in note.text] == [(7, True)]
    assert any("clamped" in note.text for note in taken.notes)


def test_a_kepware_server_that_counts_from_0_is_read_so(tmp_path: Path) -> None:
    text = f"{','.join(kepware.HEADS)}\nIn1.A,400005,Word,1,RO,50,,,,,,,,,,,\n"
    (row,) = kepware.take(sheet_of(tmp_path, text), "plc1", "", 0).tags
    assert row["address"] == "HR5"


def test_what_goes_to_kepware_comes_back_as_it_was(tmp_path: Path) -> None:
    tag_map = read_map(SHIPPED / "tags.csv", SHIPPED / "devices.csv")
    given = kepware.give(tag_map.on("plc1"))
    rows = by_tag(kepware.take(sheet_of(tmp_path, given.text), "plc1", "", 1))
    assert any("in1.cmd" in note.text for note in given.notes)
    for tag in tag_map.on("plc1"):
        if tag.kind.value == "cmdblock":
            assert tag.name not in rows
            continue
        ours, theirs = cells_of(tag), rows[tag.name]
        for column in ("address", "type", "access", "class", "unit", "description"):
            assert theirs.get(column, "") == ours.get(column, ""), (tag.name, column)
        assert float(theirs.get("scale", 1)) == pytest.approx(float(ours.get("scale", 1)))


TELEGRAF = """
[[inputs.modbus]]
  name = "Pump Station"
  slave_id = 4
  controller = "tcp://10.0.0.9:1502"
  configuration_type = "register"
  coils = [ { name = "pump.run", address = [3] } ]
  holding_registers = [
    { name = "pump.power", byte_order = "CDAB", data_type = "FLOAT32-IEEE", scale = 0.1, address = [5, 6] },
    { name = "pump.speed", byte_order = "AB", data_type = "UFIXED", scale = 0.01, address = [8] },
    { name = "pump.odd", byte_order = "AB", data_type = "FLOAT16-IEEE", address = [9] },
  ]

[[inputs.modbus]]
  name = "line"
  controller = "file:///dev/ttyUSB0"
  baud_rate = 19200
  configuration_type = "request"
  [[inputs.modbus.request]]
    slave_id = 7
    byte_order = "DCBA"
    register = "input"
    fields = [
      { address = 0, name = "meter.energy", type = "UINT64", scale = 0.001 },
      { address = 4, name = "meter.skip", type = "INT16", omit = true },
    ]

[[inputs.modbus]]
  name = "gate"
  controller = "tcp://10.0.0.8:502"
  transmission_mode = "RTUoverTCP"
  configuration_type = "metric"
  [[inputs.modbus.metric]]
    fields = [
      { address = 4, name = "in1.gate.up", type = "BIT", bit = 4 },
      { register = "discrete", address = 2, name = "in1.beam" },
      { address = 9, name = "in1.firmware", type = "STRING", length = 8 },
    ]

[[inputs.opcua]]
  name = "ua1"
  endpoint = "opc.tcp://10.0.0.7:4841"
  security_policy = "Basic256Sha256"
  [[inputs.opcua.group]]
    namespace = "3"
    identifier_type = "s"
    nodes = [ { name = "out1.gate.up", identifier = "Out1.Gate.Up" } ]
"""


def test_every_style_of_telegraf_becomes_rows_and_devices_of_ours() -> None:
    taken = telegraf.take(TELEGRAF, "")
    rows = by_tag(taken)
    assert rows["pump.run"] == {"tag": "pump.run", "device": "pump_station", "address": "C3", "type": "bool"}
    assert rows["pump.power"]["order"] == "CDAB"
    assert (rows["pump.power"]["type"], rows["pump.power"]["scale"]) == ("f32", "0.1")
    assert (rows["pump.speed"]["type"], rows["pump.speed"]["address"]) == ("u16", "HR8")
    assert rows["meter.energy"] == {
        "tag": "meter.energy",
        "device": "line",
        "address": "IR0",
        "type": "u64",
        "order": "DCBA",
        "scale": "0.001",
    }
    assert "meter.skip" not in rows
    assert (rows["in1.gate.up"]["address"], rows["in1.beam"]["address"]) == ("HR4.4", "DI2")
    assert rows["in1.firmware"]["length"] == "8"
    assert rows["out1.gate.up"]["address"] == "ns=3;s=Out1.Gate.Up"
    devices = {row["device"]: dict(row.cells) for row in taken.devices}
    assert devices["pump_station"] == {
        "device": "pump_station",
        "unit": "4",
        "protocol": "modbus-tcp",
        "host": "10.0.0.9",
        "port": "1502",
    }
    assert devices["line"]["serial"] == "/dev/ttyUSB0,19200,N"
    assert devices["gate"]["protocol"] == "modbus-rtu-tcp"
    assert devices["ua1"]["port"] == "4841"


def test_what_telegraf_says_and_we_cannot_read_is_told_with_its_line() -> None:
    notes = telegraf.take(TELEGRAF, "").notes
    lines = TELEGRAF.splitlines()
    (odd,) = [note for note in notes if "FLOAT16" in note.text]
    assert "pump.odd" in lines[odd.row - 1]
    assert any("security" in note.text for note in notes)
    assert any("no type" in note.text for note in notes)


def test_what_goes_to_telegraf_comes_back_as_it_was() -> None:
    tag_map = read_map(SHIPPED / "tags.csv", SHIPPED / "devices.csv")
    given = telegraf.give(tag_map.tags, tag_map.devices)
    rows = by_tag(telegraf.take(given.text, ""))
    for tag in tag_map.on("plc1"):
        if not tag.is_read:
            assert tag.name not in rows
            continue
        ours, theirs = cells_of(tag), rows[tag.name]
        assert [theirs.get(column, "") for column in ("device", "address", "type", "scale")] == [
            ours.get(column, "") for column in ("device", "address", "type", "scale")
        ]
    assert rows["out1.gate.up"]["address"] == "ns=2;s=Out1.Gate.Up"


@pytest.mark.parametrize("text", ["not = [toml", "[agent]\ninterval = '1s'\n"])
def test_what_is_no_telegraf_file_is_told(text: str) -> None:
    with pytest.raises(GridError):
        telegraf.take(text, "")


def test_a_csv_of_ours_opens_in_a_spreadsheet_as_utf_8() -> None:
    content = own.as_csv(("tag", "description_zh"), [{"tag": "in1.a", "description_zh": "地感"}])
    assert content.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[1] == ["in1.a", "地感"]
