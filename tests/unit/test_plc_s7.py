"""S7 as a tag map sees it: addresses of STEP 7, what lint says of them, and one entry in config.toml."""

from pathlib import Path

import pytest

from plc.links import build
from plc.map.addresses import AddressError
from plc.s7 import MOST_BYTES, S7Driver, blocks, parse_place
from plc.tagmap import examine, read_map, site_files
from scada.clock import SystemClock
from scada.config import load
from tests.support.house import site_beside
from tests.support.s7 import OF_SITE, s7_map

DEVICE = "device,protocol,host,port,unit\ns1,s7,127.0.0.1,102,1\n"
HEAD = "tag,device,address,type,access,class,length\n"


@pytest.mark.parametrize(
    "text", ["DB1.DBX4.3", "DB1.DBB6", "DB20.DBW10", "DB1.DBD2", "DB1.DBB100:18", "M10.2", "MB3", "MW4", "I0.0", "Q0.1"]
)
def test_an_address_is_read_and_written_as_in_step_7(text: str) -> None:
    assert str(parse_place(text)) == text


@pytest.mark.parametrize(("text", "same"), [("e0.7", "I0.7"), ("A1.0", "Q1.0"), ("db1.dbw2", "DB1.DBW2")])
def test_german_letters_and_small_ones_are_understood(text: str, same: str) -> None:
    assert str(parse_place(text)) == same


def test_the_bit_may_stand_in_its_column() -> None:
    assert str(parse_place("DB1.DBX4", 3)) == "DB1.DBX4.3"


@pytest.mark.parametrize(
    "text", ["", "HR4", "40005", "DB1.DBX4", "DB1.DBX4.8", "DB1.DBW4.1", "DB1", "MX1.1", "T5", "DB.DBW2"]
)
def test_anything_else_is_no_address(text: str) -> None:
    with pytest.raises(AddressError):
        parse_place(text)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("in1.a,s1,HR4,u16,ro,,", "E04"),
        ("in1.a,s1,DB1.DBX4.3,u16,ro,,", "E07"),
        ("in1.a,s1,DB1.DBW4,bool,ro,,", "E07"),
        ("in1.a,s1,DB1.DBW4,u32,ro,,", "E06"),
        ("in1.a,s1,DB1.DBD4,i16,ro,,", "E06"),
        ("in1.a,s1,I0.0,bool,rw,,", "E10"),
        ("in1.cmd,s1,DB1.DBB100:16,cmdblock,wo,,", "E20"),
        ("in1.cmd,s1,DB1.DBB100:18,cmdblock,rw,,", "E20"),
        ("in1.cmd,s1,MB4,cmdblock,wo,,", "E20"),
        ("in1.a,s1,MB4,method,wo,,", "E05"),
        ("in1.a,s1,DB1.DBB4,string,ro,,", "E27"),
        ("in1.a,s1,DB1.DBB4,string,rw,,8", "E10"),
        ("in1.a,s1,DB1.DBD4,u32,ro,,\nin1.b,s1,DB1.DBW6,u16,ro,,", "E17"),
        ("in1.a,s1,DB1.DBW6,u16,ro,,\nin1.b,s1,DB1.DBW6,u16,ro,,", "W17"),
        ("in1.claim.wanted,s1,DB1.DBW6,u16,wo,,\nin1.b,s1,DB1.DBW6,u16,rw,,", "E17"),
        ("in1.cmd,s1,DB1.DBB100:18,cmdblock,wo,,\nin1.b,s1,DB1.DBX104.0,bool,rw,,", "E17"),
        ("in1.gate.close,s1,Q0.1,bool,wo,,\nin1.b,s1,Q0.1,bool,wo,,", "E17"),
    ],
)
def test_lint_finds_what_is_wrong_with_a_place(tmp_path: Path, row: str, code: str) -> None:
    assert code in codes(tmp_path, HEAD + row, DEVICE)


def codes(folder: Path, rows: str, devices: str) -> set[str]:
    s7_map(folder, rows, devices)
    return {finding.code for finding in examine(folder / "tags.csv", folder / "devices.csv", OF_SITE)[1]}


@pytest.mark.parametrize(
    ("device", "code"), [("s1,s7,,102,1", "E30"), ("s1,s7,127.0.0.1,,1", "E30"), ("s1,s7,127.0.0.1,102,40", "E30")]
)
def test_lint_finds_what_a_device_lacks(tmp_path: Path, device: str, code: str) -> None:
    found = codes(tmp_path, f"{HEAD}in1.a,s1,DB1.DBW4,u16,ro,,", f"device,protocol,host,port,unit\n{device}\n")
    assert code in found


def test_a_sound_map_has_nothing_but_what_a_lane_lacks(tmp_path: Path) -> None:
    rows = "in1.a,s1,DB1.DBD4,f32,rw,fast,\nin1.b,s1,DB1.DBB8,i64,ro,fast,\nin1.c,s1,Q0.1,bool,rw,,\n"
    rows += "in1.d,s1,DB1.DBB20,string,ro,,8"
    assert codes(tmp_path, HEAD + rows, DEVICE) <= {"E19"}


def test_one_entry_in_the_configuration_makes_a_site_speak_s7(tmp_path: Path) -> None:
    entry = 'devices = "devices.csv"\n[tags.protocols]\ns7 = "plc.s7:S7"'
    file = site_beside(
        tmp_path, ('map = "plc/sim/tags.csv"', 'map = "tags.csv"'), ('devices = "plc/sim/devices.csv"', entry)
    )
    s7_map(tmp_path, f"{HEAD}in1.a,s1,DB1.DBW4,u16,ro,,", DEVICE)
    tag_map = read_map(*site_files(load(file)))
    (driver,) = build(tag_map, lambda updates: None, SystemClock(), tmp_path)
    assert isinstance(driver, S7Driver)
    assert driver.tags == {"in1.a"}


def test_without_its_entry_in_the_configuration_nobody_speaks_s7(tmp_path: Path) -> None:
    s7_map(tmp_path, f"{HEAD}in1.a,s1,DB1.DBW4,u16,ro,,", DEVICE)
    findings = examine(tmp_path / "tags.csv", tmp_path / "devices.csv")[1]
    assert any(finding.column == "protocol" and "s7" in finding.text for finding in findings)


def test_places_are_joined_within_an_area_over_small_holes_and_within_one_pdu(tmp_path: Path) -> None:
    places = ["DB1.DBW0", "DB1.DBW4", "DB1.DBW40", "DB2.DBW0", "MW0", "I0.0", f"DB1.DBW{MOST_BYTES + 38}"]
    rows = "".join(f"in1.t{n},s1,{place},{'bool' if '.0' in place else 'u16'},ro,,\n" for n, place in enumerate(places))
    tags = s7_map(tmp_path, HEAD + rows, DEVICE).tags
    assert [[str(tag.address) for tag in block.tags] for block in blocks(tags, 8)] == [
        ["I0.0"],
        ["MW0"],
        ["DB1.DBW0", "DB1.DBW4"],
        ["DB1.DBW40"],
        [f"DB1.DBW{MOST_BYTES + 38}"],
        ["DB2.DBW0"],
    ]
    assert [len(block.tags) for block in blocks(tags, 500)] == [1, 1, 3, 1, 1]
