"""The linter finds every mistake that was put into a map, each with its row and its column, and nothing else."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import pytest
from openpyxl import Workbook

from plc.map.findings import CODES, Finding
from plc.map.tagrow import COLUMNS
from plc.tagmap import lint
from tests.support.maps import many_lanes
from tests.support.plc import SHIPPED

DEVICES = (
    (SHIPPED / "devices.csv").read_text(encoding="utf-8").splitlines()[0]
    + """
plc1,modbus-tcp,127.0.0.1,5020,1,ABCD,0,125,40,500,0,1,lane.st,,0
any,modbus-tcp,127.0.0.1,5021,1,,1,125,8,500,0,1,,,0
few,modbus-tcp,127.0.0.1,5022,1,ABCD,1,8,8,500,0,1,,,0
ua1,opcua,127.0.0.1,4840,,,,,,2000,,,,,0
"""
)


@dataclass(frozen=True)
class Seed:
    """A row with a mistake in it, and what lint must say of that row."""

    code: str
    column: str
    cells: dict[str, str]


def seed(code: str, column: str, tag: str, place: str, kind: str = "u16", **cells: str) -> Seed:
    device, _, address = place.rpartition("/")
    return Seed(code, column, {"tag": tag, "device": device or "plc1", "address": address, "type": kind, **cells})


def follows(code: str, column: str, tag: str, expr: str, kind: str = "bool", **cells: str) -> Seed:
    return Seed(code, column, {"tag": tag, "type": kind, "expr": expr, **cells})


GOOD = "-"
SEEDS = [
    seed("E01", "tag", "No Name", "HR2000"),
    seed("E01", "tag", "nolane", "HR2001"),
    seed("E02", "tag", "in1.gate.up", "HR2002"),
    seed(GOOD, "", "x1.one", "HR2003"),
    seed("E03", "device", "x1.stranger", "plc9/HR2004"),
    seed("E04", "address", "x1.date", "1.10"),
    seed("E04", "address", "x1.coil", "1"),
    seed("E04", "address", "x1.power", "4.00001E+05"),
    seed("E04", "address", "x1.blank", ""),
    seed("E04", "address", "x1.node", "ua1/HR1"),
    seed("E04", "address", "x1.guid", "ua1/ns=2;g=no-guid"),
    seed("E04", "address", "x1.number", "ua1/ns=2;i=one"),
    seed("E04", "address", "x1.profile", "any/%QW1"),
    seed("E04", "lo", "x1.limit", "HR2005", lo="2026-10-01"),
    seed("E05", "type", "x1.kind", "HR2006", "word"),
    seed("E05", "type", "x1.method", "HR2007", "method", access="wo"),
    seed("E06", "type", "x1.wide", "C200"),
    seed("E07", "bit", "x1.nobit", "HR2008", "bool"),
    seed("E08", "bit", "x1.bit", "HR2009.16", "bool"),
    seed("E08", "bit", "x1.bit2", "HR2010", "bool", bit="17"),
    seed("E08", "bit", "x1.bit3", "C201.1", "bool"),
    seed("E09", "address", "x1.end", "HR65535", "u32"),
    seed("E09", "address", "x1.begin", "any/40000"),
    seed("E10", "access", "x1.input", "IR0", access="rw"),
    seed("E10", "access", "x1.contact", "DI200", "bool", access="wo"),
    seed("W11", "access", "x1.lamp", "HR2011.0", "bool", access="rw"),
    seed("E12", "order", "x1.order", "HR2012", "u32", order="ABDC"),
    seed("W12", "order", "x1.noorder", "any/HR0", "f32"),
    seed("E13", "class", "x1.class", "HR2014", **{"class": "quick"}),
    seed("E14", "lo", "x1.range", "HR2015", lo="9", hi="1"),
    seed("W15", "stale_ms", "x1.stale", "HR2016", stale_ms="1400"),
    seed("E16", "pulse_ms", "in1.gate.open_pulse", "C202", "bool", access="wo"),
    seed("E17", "address", "x1.under", "HR1034", "u32"),
    seed("W17", "address", "x1.again", "HR2003"),
    seed(GOOD, "", "x1.other_bit", "HR2005.3", "bool"),
    seed(GOOD, "", "x1.next_bit", "HR2005.4", "bool"),
    seed("E18", "role", "in1.my_loop", "HR2006", role="loop.approach"),
    seed("E19", "tag", "in7.loop.approach", "HR2007.0", "bool"),
    seed("E20", "address", "in1.cmd8", "HR2100:8", "cmdblock", access="wo"),
    seed("E20", "access", "in1.cmd9", "HR2110:9", "cmdblock"),
    seed("E20", "address", "in1.cmd10", "few/HR0:9", "cmdblock", access="wo"),
    seed("E20", "access", "in1.cmd11", "ua1/ns=2;s=Cmd", "cmdblock"),
    seed("E21", "scale", "x1.scaled", "HR2008.1", "bool", scale="2"),
    seed("E21", "scale", "x1.nothing", "HR2009", scale="0"),
    seed("W22", "address", "x1.far", "HR2080"),
    seed(GOOD, "", "x1.slower", "HR2017.7", "bool"),
    seed("W23", "class", "x1.fast", "HR2017.6", "bool", **{"class": "fast"}),
    seed("W25", "tag", "in8.gate.open_pulse", "C8", "bool", access="wo", pulse_ms="500"),
    seed("E27", "access", "x1.access", "HR2010", access="all"),
    seed("E27", "scale", "x1.comma", "HR2011", scale="0,1"),
    seed("E27", "invert", "x1.flag", "HR2012.5", "bool", invert="yes"),
    seed("E27", "stale_ms", "x1.words", "HR2013", stale_ms="1 s"),
    seed("E27", "length", "x1.text", "HR2014", "string"),
    seed("E27", "verify", "x1.verify", "HR2015", verify="twice"),
    seed(GOOD, "", "x1.door", "HR2019.0", "bool", debounce_ms="200"),
    seed("E21", "debounce_ms", "x1.count", "HR2020", debounce_ms="200"),
    seed("E27", "debounce_ms", "x1.waits", "HR2019.1", "bool", debounce_ms="0.2"),
    seed("E37", "debounce_ms", "x1.beam", "HR2019.2", "bool", debounce_ms="200"),
    seed("E37", "debounce_ms", "x1.light", "HR2019.3", "bool", debounce_ms="200", role="loop.closing"),
    follows(GOOD, "", "x1.left_open", "x1.door and in1.lane.state == 'idle' and dev.plc1.state == 'up'"),
    follows(GOOD, "", "x1.twice", "in1.count.pass * 2", "u32", unit="cars", lo="0", role="double", safe="0"),
    follows("E33", "expr", "x1.half", "x1.door and"),
    follows("E33", "expr", "x1.code", "__import__('os').system('true')"),
    follows("E34", "expr", "x1.lost", "not x1.doors"),
    follows("E34", "expr", "x1.whose", "in1.plate.text == ''"),
    follows("E35", "expr", "x1.round1", "x1.round2"),
    follows(GOOD, "", "x1.round2", "not x1.round1"),
    follows("E36", "address", "x1.placed", "x1.door", address="HR1"),
    follows("E36", "access", "x1.written", "x1.door", access="rw"),
    follows("E36", "debounce_ms", "x1.filtered", "x1.door", debounce_ms="5"),
    follows("E37", "expr", "in1.loop.both", "x1.door"),
    follows("E37", "expr", "x1.mains", "x1.door", role="gate.mains"),
    follows("E05", "type", "x1.untyped", "x1.door", "word"),
    seed("E17", "address", "x1.lamp2", "HR1025", access="rw"),
    seed("E17", "address", "x1.lamp3", "HR1024", access="wo"),
    seed("W17", "address", "x1.seen", "HR1025"),
    seed("E39", "tag", "in1.gate.open_request", "HR2081", "string", length="5"),
    seed("E39", "tag", "in1.camera.ok", "HR2019.4", "bool"),
    follows("E39", "tag", "in1.quote.due_fen", "0", "u32"),
    seed("E39", "tag", "x1.gate.open_answer", "HR2086"),
    seed("E39", "tag", "zone.all.free", "HR2087"),
    seed("E39", "tag", "site.forced", "HR2088"),
    seed("E39", "tag", "dev.plc1.state", "HR2089"),
    seed(GOOD, "", "site.power", "HR2090"),
    seed(GOOD, "", "x1.alarm", "HR2091"),
    seed("E27", "verify", "x1.readback", "HR2018.5", "bool", verify="readback:x1.none"),
]


def good_lane() -> list[dict[str, str]]:
    """Give the rows of the shipped map's lane of registers."""
    shipped = csv.DictReader(io.StringIO((SHIPPED / "tags.csv").read_text(encoding="utf-8")))
    return [row for row in shipped if row["tag"].startswith("in1.")]


def bad_map() -> tuple[list[dict[str, str]], set[tuple[int, str, str]]]:
    """Put every seeded row behind a good lane; say what must be found where."""
    rows = good_lane()
    first = len(rows) + 2
    expected = {(first + at, one.code, one.column) for at, one in enumerate(SEEDS) if one.code != GOOD}
    return [*rows, *(one.cells for one in SEEDS)], expected


def as_csv(rows: list[dict[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def linted(folder: Path) -> list[Finding]:
    (folder / "devices.csv").write_text(DEVICES, encoding="utf-8")
    (tags,) = folder.glob("tags.*")
    return lint(tags, folder / "devices.csv")


def places(found: list[Finding]) -> set[tuple[int, str, str]]:
    return {(finding.row, finding.code, finding.column) for finding in found}


def test_every_seeded_mistake_is_found_in_its_row_and_column_and_nothing_else(tmp_path: Path) -> None:
    rows, expected = bad_map()
    (tmp_path / "tags.csv").write_text(as_csv(rows), encoding="utf-8")
    found = linted(tmp_path)
    assert places(found) == expected
    assert all(finding.text and finding.remedy and finding.column in COLUMNS for finding in found)


def test_the_same_mistakes_are_found_in_a_workbook_with_its_sheet_named(tmp_path: Path) -> None:
    rows, expected = bad_map()
    book = Workbook()
    sheet = book.create_sheet("Tags")
    sheet.append(COLUMNS)
    for row in rows:
        sheet.append([row.get(head, "") for head in COLUMNS])
    book.save(tmp_path / "tags.xlsx")
    found = linted(tmp_path)
    assert places(found) == expected
    assert {finding.sheet for finding in found} == {"Tags"}


def test_every_code_of_the_table_has_a_seed_here_or_a_test_of_its_own() -> None:
    elsewhere = {"E00", "E24", "E28", "E30", "E31", "W32", "W38", "W40"}
    assert {one.code for one in SEEDS} - {GOOD} | elsewhere == set(CODES)


@pytest.mark.parametrize(
    ("heads", "column", "text"),
    [
        ("tag,device,address,type,colour", "colour", "unknown"),
        ("tag,device,address,type,type", "type", "twice"),
        ("name,device,address,type", "tag", "no column"),
    ],
)
def test_heads_that_are_unknown_double_or_missing_are_named(tmp_path: Path, heads: str, column: str, text: str) -> None:
    (tmp_path / "tags.csv").write_text(f"{heads}\n", encoding="utf-8")
    named = [finding for finding in linted(tmp_path) if finding.column == column]
    assert [(finding.code, finding.row) for finding in named] == [("E24", 1)]
    assert text in named[0].text


def test_a_comma_that_shifts_the_cells_is_named(tmp_path: Path) -> None:
    text = "tag,device,address,type,description\nx1.a,plc1,HR0,u16,Pump, left\n"
    (tmp_path / "tags.csv").write_text(text, encoding="utf-8")
    (found,) = linted(tmp_path)
    assert (found.code, found.row, found.column) == ("E24", 2, "description")
    assert "quotation marks" in found.remedy


def test_a_row_with_several_mistakes_is_told_all_of_them(tmp_path: Path) -> None:
    text = "tag,device,address,type,class,lo,hi,invert\nX,plc9,HR0,word,quick,9,1,yes\n"
    (tmp_path / "tags.csv").write_text(text, encoding="utf-8")
    assert {finding.code for finding in linted(tmp_path)} == {"E01", "E03", "E05", "E13", "E14", "E27"}


def test_a_lane_is_told_every_point_that_it_lacks(tmp_path: Path) -> None:
    kept = [row for row in good_lane() if not row["tag"].startswith("in1.ack.s") and row["tag"] != "in1.ack.result"]
    (tmp_path / "tags.csv").write_text(as_csv(kept), encoding="utf-8")
    (lane,) = linted(tmp_path)
    assert (lane.code, lane.row, lane.column) == ("E19", 2, "tag")
    assert "ack.seq, ack.result" in lane.text


def test_a_refused_row_does_not_make_its_lane_lack_it(tmp_path: Path) -> None:
    lane = [{**row, "type": "word"} if row["tag"] == "in1.ack.seq" else row for row in good_lane()]
    (tmp_path / "tags.csv").write_text(as_csv(lane), encoding="utf-8")
    assert {finding.code for finding in linted(tmp_path)} == {"E05"}


def test_a_signal_on_another_device_than_its_lanes_heartbeat_is_a_warning(tmp_path: Path) -> None:
    lane = [
        {**row, "device": "any", "address": "DI0"} if row["tag"] == "in1.loop.approach" else row for row in good_lane()
    ]
    lane.append({"tag": "in1.counter.day", "device": "any", "address": "IR9", "type": "u16"})
    (tmp_path / "tags.csv").write_text(as_csv(lane), encoding="utf-8")
    (found,) = linted(tmp_path)
    assert (found.code, found.column, found.severity) == ("W40", "device", "warning")
    assert "in1.loop.approach lives on any" in found.text


def test_a_simulated_device_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "tags.csv").write_text("tag,device,address,type\nx1.a,p,HR0,u16\n", encoding="utf-8")
    devices = "device,protocol,host,port,simulated\np,modbus-tcp,127.0.0.1,502,1\n"
    (tmp_path / "devices.csv").write_text(devices, encoding="utf-8")
    (found,) = lint(tmp_path / "tags.csv", tmp_path / "devices.csv")
    assert (found.code, found.column, found.severity) == ("W32", "simulated", "warning")


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        ("p,modbus-rtu-tcp,127.0.0.1,502,,,4", "W38", "pipeline"),
        ("p,modbus-tcp,127.0.0.1,502,,20,4", "W38", "pipeline"),
        ("p,modbus-rtu,,,,,", "E30", "serial"),
        ('p,modbus-rtu,,,"/dev/ttyUSB0,9600,X",,', "E30", "serial"),
        ('p,modbus-rtu,,,"/dev/ttyUSB0,fast,E",,', "E30", "serial"),
        ("p,modbus-rtu-tcp,,502,,,", "E30", "host"),
    ],
)
def test_what_a_way_to_a_device_lacks_is_named(tmp_path: Path, row: str, code: str, column: str) -> None:
    (tmp_path / "tags.csv").write_text("tag,device,address,type\nx1.a,p,HR0,u16\n", encoding="utf-8")
    devices = f"device,protocol,host,port,serial,pause_ms,pipeline\n{row}\n"
    (tmp_path / "devices.csv").write_text(devices, encoding="utf-8")
    found = lint(tmp_path / "tags.csv", tmp_path / "devices.csv")
    assert [(one.code, one.column) for one in found] == [(code, column)]


@pytest.mark.parametrize("row", ['p,modbus-rtu,,,"/dev/ttyUSB0,9600,E",,', "p,modbus-rtu,,,/dev/ttyUSB0,,"])
def test_a_serial_line_is_its_path_and_whatever_is_not_usual(tmp_path: Path, row: str) -> None:
    (tmp_path / "tags.csv").write_text("tag,device,address,type\nx1.a,p,HR0,u16\n", encoding="utf-8")
    devices = f"device,protocol,host,port,serial,pause_ms,pipeline\n{row}\n"
    (tmp_path / "devices.csv").write_text(devices, encoding="utf-8")
    assert lint(tmp_path / "tags.csv", tmp_path / "devices.csv") == []


def test_a_map_of_5_000_rows_is_linted_as_a_small_one_is(tmp_path: Path) -> None:
    tags, devices = many_lanes(tmp_path, 5_000)
    assert lint(tags, devices) == []


def test_every_code_is_told_on_the_technicians_page() -> None:
    page = (SHIPPED.parents[1] / "docs" / "plc" / "maps.md").read_text(encoding="utf-8")
    assert [code for code, text in CODES.items() if f"| {code} | {text} |" not in page] == []
