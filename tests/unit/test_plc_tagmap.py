"""Tag maps are read from what people really save, and every mistake is named with its row and its remedy."""

from pathlib import Path

import pytest

from plc.links import build
from plc.map.addresses import AddressError, Area, Register, parse_register
from plc.map.files import own
from plc.map.tagrow import COLUMNS
from plc.map.whole.differences import differences
from plc.map.whole.written import all_cells
from plc.registers import Kind
from plc.tagmap import Finding, Scan, TagMapError, examine, lint, read_map
from scada.clock import SystemClock
from scada.engine.tags import TagTable
from scada.model.tag import Access, Acknowledged, Quality, ReadsBack, Shape, TagName, TagUpdate
from scada.ports import PlcError
from tests.support.plc import NO_KEYS, SHIPPED, Sink

DEVICES = (
    "device,protocol,host,port,unit,order,base\nplc1,modbus-tcp,127.0.0.1,5020,1,ABCD,1\nua1,opcua,127.0.0.1,4840,,,\n"
)


def findings(folder: Path, rows: str, devices: str = DEVICES, encoding: str = "utf-8") -> list[Finding]:
    (folder / "tags.csv").write_text(rows, encoding=encoding)
    (folder / "devices.csv").write_text(devices, encoding="utf-8")
    return lint(folder / "tags.csv", folder / "devices.csv")


def codes(folder: Path, row: str, head: str = "tag,device,address,type,access,class,scale,lo,hi") -> set[str]:
    found = findings(folder, f"{head}\n{row}\n")
    assert all(finding.text and finding.remedy for finding in found)
    return {finding.code for finding in found} - {"E19"}


def test_the_shipped_map_has_nothing_to_complain_about() -> None:
    assert lint(SHIPPED / "tags.csv", SHIPPED / "devices.csv") == []


def test_the_shipped_map_knows_each_tags_place_class_and_access() -> None:
    tag_map = read_map(SHIPPED / "tags.csv", SHIPPED / "devices.csv")
    tags = {tag.name: tag for tag in tag_map.tags}
    safety, command = tags[TagName("in1.loop.safety")], tags[TagName("in1.cmd")]
    assert (safety.address, safety.scan, safety.spec.stale_s) == (Register(Area.HOLDING, 4, 1), Scan.FAST, 0.5)
    assert safety.spec.safe is True
    assert (command.address, command.kind) == (Register(Area.HOLDING, 1026, count=9), Kind.COMMAND)
    assert (command.spec.access, command.spec.stale_s) == (Access.WRITE, None)
    assert {tag.lane for tag in tag_map.on("ua1")} == {"out1"}


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("In 1,plc1,HR0,u16", "E01"),
        ("in1.a,plc9,HR0,u16", "E03"),
        ("in1.a,plc1,1.10,u16", "E04"),
        ("in1.a,ua1,HR0,u16", "E04"),
        ("in1.a,plc1,HR0,word", "E05"),
        ("in1.a,plc1,HR0,method,wo", "E05"),
        ("in1.a,plc1,C0,u16", "E06"),
        ("in1.a,plc1,HR0,bool", "E07"),
        ("in1.a,plc1,HR0.16,bool", "E08"),
        ("in1.a,plc1,HR65535,u32", "E09"),
        ("in1.a,plc1,IR0,u16,rw", "E10"),
        ("in1.a,plc1,HR0.1,bool,rw", "W11"),
        ("in1.a,plc1,HR0,u16,ro,quick", "E13"),
        ("in1.a,plc1,HR0,u16,ro,fast,,9,1", "E14"),
        ("in1.gate.open_pulse,plc1,C0,bool,wo", "E16"),
        ("in1.cmd,plc1,HR0:8,cmdblock,wo", "E20"),
        ("in1.a,plc1,C0,bool,ro,fast,2", "E21"),
        ("in1.a,plc1,HR0,u16,ro,fast,x", "E27"),
        ("in1.a,plc1,HR0,u16,maybe", "E27"),
    ],
)
def test_a_mistake_in_a_row_is_named(tmp_path: Path, row: str, code: str) -> None:
    assert code in codes(tmp_path, row)


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ("in1.a,plc1,HR0,u16\nin1.A,plc1,HR1,u16", "E01"),
        ("in1.a,plc1,HR0,u16\nin1.a,plc1,HR1,u16", "E02"),
        ("in1.a,plc1,HR0,u32\nin1.b,plc1,HR1,u32", "E17"),
        ("in1.a,plc1,HR0,u16\nin1.b,plc1,HR0,u16", "W17"),
        ("in1.a,plc1,HR0,u16,ro,fast\nin1.b,plc1,HR0,u16,ro,slow", "W23"),
        ("in1.a,plc1,HR0,u16\nin1.b,plc1,HR60,u16", "W22"),
    ],
)
def test_a_mistake_between_rows_is_named(tmp_path: Path, rows: str, code: str) -> None:
    assert code in codes(tmp_path, rows)


def test_a_cell_that_several_look_at_is_named_once(tmp_path: Path) -> None:
    file = tmp_path / "tags.csv"
    file.write_text("tag,device,address,type,lo\nx.a,plc1,HR0,u16,A\n", encoding="utf-8")
    assert [finding.code for finding in lint(file, SHIPPED / "devices.csv")] == ["E27"]


def lane_s_own(folder: Path, device: str, place: str, written: str = "wo") -> set[str]:
    devices = (
        "device,protocol,host,port,host2\nplc1,modbus-tcp,10.0.0.1,502,10.0.1.1\nalso,modbus-tcp,10.0.1.1,502,\n"
        "other,modbus-tcp,10.0.0.9,502,\nua1,opcua,10.0.0.1,4840,\n"
    )
    rows = (
        "tag,device,address,type,access\nin1.claim.wanted,plc1,HR1025,u16,wo\n"
        f"in1.mode.wanted,ua1,ns=2;s=M,u16,wo\nin1.lamp,{device},{place},u16,{written}\n"
    )
    return {one.code for one in findings(folder, rows, devices)} - {"E19"}


def test_what_belongs_to_the_lane_is_written_by_one_name_only(tmp_path: Path) -> None:
    assert lane_s_own(tmp_path, "plc1", "HR1025") == {"E17"}
    assert lane_s_own(tmp_path, "ua1", "ns=2;s=M") == {"E17"}
    assert lane_s_own(tmp_path, "plc1", "HR1025", "ro") == {"W17"}
    assert lane_s_own(tmp_path, "ua1", "ns=2;s=M", "ro") == set()


def test_two_rows_of_the_device_table_may_be_one_device(tmp_path: Path) -> None:
    assert lane_s_own(tmp_path, "also", "HR1025") == {"E17"}
    assert lane_s_own(tmp_path, "also", "HR1026") == lane_s_own(tmp_path, "also", "HR1025", "ro") == set()
    assert lane_s_own(tmp_path, "other", "HR1025") == set()


def test_two_bits_of_one_word_are_no_mistake(tmp_path: Path) -> None:
    assert codes(tmp_path, "in1.a,plc1,HR0.1,bool\nin1.b,plc1,HR0.2,bool") == set()


def test_a_role_may_stand_once_in_a_lane(tmp_path: Path) -> None:
    rows = "in1.a,plc1,HR0,u16,gate.up\nin1.gate.up,plc1,HR1,u16,"
    assert "E18" in codes(tmp_path, rows, "tag,device,address,type,role")


def test_a_lane_that_lacks_what_auto_needs_is_refused_and_told_what(tmp_path: Path) -> None:
    rows = (SHIPPED / "tags.csv").read_text(encoding="utf-8")
    without = "\n".join(
        row for row in rows.splitlines() if "in1.loop.safety_fault" not in row and "out1.plc.boot" not in row
    )
    devices = (SHIPPED / "devices.csv").read_text(encoding="utf-8")
    found = findings(tmp_path, without, devices)
    assert [(finding.code, finding.severity) for finding in found] == [("E19", "error"), ("E19", "error")]
    assert "loop.safety_fault" in found[0].text
    assert "plc.boot" in found[1].text
    tag_map = read_map(tmp_path / "tags.csv", tmp_path / "devices.csv")
    assert set(tag_map.no_auto) == {"in1", "out1"}
    assert "loop.safety_fault" in tag_map.no_auto["in1"]


def test_a_map_with_an_error_in_a_row_is_refused_as_a_whole(tmp_path: Path) -> None:
    findings(tmp_path, "tag,device,address,type\nin1.a,plc1,HR0,word\n")
    with pytest.raises(TagMapError, match="E05"):
        read_map(tmp_path / "tags.csv", tmp_path / "devices.csv")


def test_a_pulse_lane_is_a_warning_not_an_error(tmp_path: Path) -> None:
    found = findings(tmp_path, "tag,device,address,type,access,pulse_ms\nout2.gate.open_pulse,plc1,C10,bool,wo,500\n")
    assert [finding.code for finding in found] == ["W25"]


def test_an_unknown_column_is_named_with_the_known_ones(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, "tag,device,address,type,colour\n")
    assert (found.code, found.column, found.row) == ("E24", "colour", 1)


def test_a_finding_says_file_row_and_column(tmp_path: Path) -> None:
    found = findings(tmp_path, "tag,device,address,type\nin1.a,plc1,HR0,u16\nin1.b,plc1,45.6.7,u16\n")
    named = next(finding for finding in found if finding.code == "E04")
    assert (named.row, named.column, named.file) == (3, "address", str(tmp_path / "tags.csv"))
    assert "spreadsheet" in named.text


@pytest.mark.parametrize(("encoding", "separator"), [("utf-8-sig", ","), ("gb18030", ";"), ("utf-8", "\t")])
def test_a_map_saved_by_any_spreadsheet_is_read(tmp_path: Path, encoding: str, separator: str) -> None:
    text = "tag,device,address,type,description_zh\nin1.loop.safety,plc1,HR4.1,bool,防砸地感\n".replace(",", separator)
    (tmp_path / "tags.csv").write_bytes(text.encode(encoding))
    (tmp_path / "devices.csv").write_text(DEVICES, encoding="utf-8")
    (tag,) = examine(tmp_path / "tags.csv", tmp_path / "devices.csv")[0].tags
    assert tag.spec.description_zh == "防砸地感"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("HR4", Register(Area.HOLDING, 4)),
        ("hr4.3", Register(Area.HOLDING, 4, 3)),
        ("HR1026:9", Register(Area.HOLDING, 1026, count=9)),
        ("40005", Register(Area.HOLDING, 4)),
        ("400005", Register(Area.HOLDING, 4)),
        ("300001", Register(Area.INPUT, 0)),
        ("10001", Register(Area.DISCRETE, 0)),
        ("00003", Register(Area.COIL, 2)),
        ("%QX0.3", Register(Area.COIL, 3)),
        ("%IW4", Register(Area.INPUT, 4)),
        ("%MW2", Register(Area.HOLDING, 1026)),
    ],
)
def test_every_form_of_an_address_is_understood(text: str, place: Register) -> None:
    assert parse_register(text, 1, "lane.st") == place


@pytest.mark.parametrize("text", ["", "4", "HR", "1-Oct", "%MW2", "ns=2;s=x"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(AddressError):
        parse_register(text)


@pytest.mark.parametrize("security", ["Basic256Sha256", "Basic256/Sign", "Basic256Sha256/Encrypt", "sign"])
def test_a_security_that_we_do_not_know_is_refused_rather_than_left_out(tmp_path: Path, security: str) -> None:
    head = "device,protocol,host,port,security\n"
    found = findings(tmp_path, "tag,device,address,type\n", f"{head}ua1,opcua,127.0.0.1,4840,{security}\n")
    assert [(finding.code, finding.column) for finding in found] == [("E31", "security")]
    assert "Aes256Sha256RsaPss/SignAndEncrypt" in found[0].remedy


@pytest.mark.parametrize("security", ["", "None", "Basic256Sha256/Sign", "Aes256Sha256RsaPss/SignAndEncrypt"])
def test_the_securities_of_opc_ua_are_known(tmp_path: Path, security: str) -> None:
    head = "device,protocol,host,port,security\n"
    assert findings(tmp_path, "tag,device,address,type\n", f"{head}ua1,opcua,127.0.0.1,4840,{security}\n") == []


@pytest.mark.parametrize(
    "row", ["in1.cmd,ua1,ns=2;s=Cmd,cmdblock,wo", "in1.cmd,ua1,i=7,method,wo", "in1.a,ua1,nsu=urn:a:b;s=A;B,u16,ro"]
)
def test_a_command_is_a_method_or_one_array_and_a_namespace_may_be_a_uri(tmp_path: Path, row: str) -> None:
    devices = "device,protocol,host,port\nua1,opcua,127.0.0.1,4840\n"
    found = findings(tmp_path, f"tag,device,address,type,access\n{row}\n", devices)
    assert {finding.code for finding in found} <= {"E19"}


@pytest.mark.parametrize("name", ["../../plc", "a/b", ".hidden", "clients", "x" * 64])
def test_a_device_is_not_called_like_a_path_or_like_those_who_read_from_us(tmp_path: Path, name: str) -> None:
    found = findings(tmp_path, "tag,device,address,type\n", f"device,protocol,host,port\n{name},opcua,127.0.0.1,4840\n")
    assert [(finding.code, finding.column) for finding in found] == [("E30", "device")]


def test_a_modbus_device_has_no_security(tmp_path: Path) -> None:
    devices = "device,protocol,host,port,security\nplc1,modbus-tcp,127.0.0.1,502,Basic256Sha256/Sign\n"
    found = findings(tmp_path, "tag,device,address,type\nin1.a,plc1,HR1,u16\n", devices)
    assert ("E31", "security") in [(finding.code, finding.column) for finding in found]
    tag_map, _ = examine(tmp_path / "tags.csv", tmp_path / "devices.csv")
    with pytest.raises(PlcError, match="security"):
        build(tag_map, Sink(), SystemClock(), NO_KEYS)


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("plc1,profinet,h,1,1,ABCD,1", "protocol"),
        ("plc1,s7,h,1,1,ABCD,1", "protocol"),
        ("plc1,modbus-tcp,h,,1,ABCD,1", "port"),
        ("plc1,modbus-tcp,h,99999,1,ABCD,1", "port"),
        ("plc1,modbus-tcp,h,1,1,XY,1", "order"),
        ("plc1,modbus-tcp,,1,1,ABCD,1", "host"),
    ],
)
def test_a_mistake_in_the_device_table_is_named(tmp_path: Path, row: str, column: str) -> None:
    found = findings(tmp_path, "tag,device,address,type\n", f"{DEVICES.splitlines()[0]}\n{row}\n")
    assert [(finding.code, finding.column) for finding in found] == [("E30", column)]


def test_a_file_that_is_not_there_is_a_finding_not_a_crash(tmp_path: Path) -> None:
    (found,) = lint(tmp_path / "none.csv", SHIPPED / "devices.csv")
    assert (found.code, found.severity) == ("E00", "error")


def test_a_protocol_of_the_site_is_found_by_the_name_in_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "tags.csv").write_text("tag,device,address,type\nx.a,p,HR0,u16\n", encoding="utf-8")
    (tmp_path / "devices.csv").write_text("device,protocol,host,port\np,fieldbus,127.0.0.1,502\n", encoding="utf-8")
    files = tmp_path / "tags.csv", tmp_path / "devices.csv"
    assert {finding.code for finding in lint(*files, {"fieldbus": "plc.protocols.modbus:TCP"})} == set()
    (unknown,) = (finding for finding in lint(*files, {"fieldbus": "plc.nowhere:TCP"}) if finding.code == "E30")
    assert "plc.nowhere" in unknown.text


def test_columns_of_the_tag_engine_reach_it(tmp_path: Path) -> None:
    rows = [
        "tag,device,address,type,access,scale,lo,hi,deadband,debounce_ms,pulse_ms,verify,expr,unit,safe,role",
        "x1.door,plc1,HR2000.0,bool,,,,,,250,,,,,1,",
        "x1.relay,plc1,C300,bool,wo,,,,,,500,readback:x1.cycles,,,,horn",
        "x1.cycles,plc1,HR2001,u16,,,,,,,,,,,,",
        "x1.level,plc1,HR2002,u16,rw,0.1,0,100,,,,ack,,cm,,",
        "x1.warn,,,f32,,,0,9,0.5,,,,x1.level / 2,cm,,",
    ]
    (tmp_path / "tags.csv").write_text("\n".join(rows), encoding="utf-8")
    tag_map = read_map(tmp_path / "tags.csv", SHIPPED / "devices.csv")
    specs = {spec.name.removeprefix("x1."): spec for spec in tag_map.specs}
    door, relay, level, warn = (specs[name] for name in ("door", "relay", "level", "warn"))
    assert (door.debounce_s, door.shape, door.safe) == (0.25, Shape.BOOL, True)
    assert (relay.pulse_s, relay.verify, relay.points) == (
        0.5,
        ReadsBack(TagName("x1.cycles")),
        frozenset({"relay", "horn"}),
    )
    assert (level.shape, level.lo, level.hi, level.verify) == (Shape.NUMBER, 0.0, 100.0, Acknowledged())
    assert [name for name, spec in specs.items() if spec.is_analog] == ["level", "warn"]
    assert (warn.formula, warn.device, warn.stale_s, warn.deadband) == ("x1.level / 2", "", None, 0.5)
    table = TagTable(tag_map.specs, SystemClock())
    table.apply([TagUpdate(level.name, 5.0, Quality.GOOD)])
    assert (table.get(warn.name).value, table.get(warn.name).quality) == (2.5, Quality.GOOD)
    again = own.as_csv(COLUMNS, list(all_cells(tag_map).values()))
    (tmp_path / "again.csv").write_bytes(again)
    assert differences(tag_map, read_map(tmp_path / "again.csv", SHIPPED / "devices.csv")).is_none
    (tmp_path / "other.csv").write_text(
        again.decode("utf-8-sig").replace("x1.level / 2", "x1.level / 3"), encoding="utf-8"
    )
    (change,) = differences(tag_map, read_map(tmp_path / "other.csv", SHIPPED / "devices.csv")).tags
    assert (change.name, change.columns) == ("x1.warn", {"expr": ("x1.level / 2", "x1.level / 3")})


def test_a_lane_on_a_simulated_device_is_refused_auto_and_the_others_are_not(tmp_path: Path) -> None:
    rows = (SHIPPED / "devices.csv").read_text(encoding="utf-8").splitlines()
    simulated = [f"{row[:-1]}1" if row.startswith("plc1,") else row for row in rows]
    (tmp_path / "devices.csv").write_text("\n".join(simulated), encoding="utf-8")
    tag_map = read_map(SHIPPED / "tags.csv", tmp_path / "devices.csv")
    assert tag_map.why_no_auto("in1") == "plc1 is simulated"
    assert tag_map.why_no_auto("out1") == ""
