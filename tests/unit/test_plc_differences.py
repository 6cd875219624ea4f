"""Maps are compared by what they mean; lanes are made of templates, and mistakes point into those."""

from pathlib import Path

import pytest

from plc.map.addresses import Area, NodeAddress, Register, side_by_side
from plc.map.mapped import Scan, TagMap
from plc.map.whole.differences import differences
from plc.protocols.modbus import with_the_faster
from plc.registers import Kind, Order, in_all_orders
from plc.tagmap import Filling, examine, lint, read_map
from scada.model.tag import TagName
from tests.support.plc import SHIPPED

HEADS = "tag,device,address,type,class,unit,safe\n"
DEVICES = "device,protocol,host,port,unit\nplc1,modbus-tcp,127.0.0.1,5020,1\nplc2,modbus-tcp,127.0.0.1,5021,1\n"


def tag_map(folder: Path, rows: str, devices: str = DEVICES, heads: str = HEADS) -> TagMap:
    (folder / "tags.csv").write_text(heads + rows, encoding="utf-8")
    (folder / "devices.csv").write_text(devices, encoding="utf-8")
    return read_map(folder / "tags.csv", folder / "devices.csv")


def test_a_map_does_not_differ_from_itself_written_otherwise(tmp_path: Path) -> None:
    one = tag_map(tmp_path, "x.a,plc1,HR4,u16,normal,A,\n")
    other = tag_map(tmp_path, "x.a,plc1,40005,u16,,A,\n")
    assert differences(one, other).is_none


def test_added_removed_and_changed_tags_are_told_with_their_columns(tmp_path: Path) -> None:
    old = tag_map(tmp_path, "x.a,plc1,HR4,u16,,A,\nx.b,plc1,HR5,u16,,,\n")
    new = tag_map(tmp_path, "x.a,plc1,HR6,u16,,V,\ny.c,plc2,HR0,u16,,,\n")
    found = differences(old, new)
    kinds = {change.name: change.kind for change in found.tags}
    assert kinds == {"x.a": "changed", "x.b": "removed", "y.c": "added"}
    assert found.tags[0].columns == {"address": ("HR4", "HR6"), "unit": ("A", "V")}
    assert {one.device: (one.restarts, one.lanes) for one in found.devices} == {
        "plc1": (True, ("x",)),
        "plc2": (True, ("y",)),
    }


def test_what_only_the_screen_shows_restarts_no_link(tmp_path: Path) -> None:
    old = tag_map(tmp_path, "x.a,plc1,HR4,u16,,A,\n")
    new = tag_map(tmp_path, "x.a,plc1,HR4,u16,,V,1\n")
    assert [(one.device, one.restarts) for one in differences(old, new).devices] == [("plc1", False)]


def test_another_address_of_a_device_restarts_its_link_alone(tmp_path: Path) -> None:
    rows = "x.a,plc1,HR4,u16,,,\ny.a,plc2,HR4,u16,,,\n"
    old, new = tag_map(tmp_path, rows), tag_map(tmp_path, rows, DEVICES.replace("5021", "5022"))
    (device,) = differences(old, new).devices
    assert (device.device, device.restarts, device.columns) == ("plc2", True, {"port": ("5021", "5022")})


def test_a_tag_that_moves_to_another_device_touches_both(tmp_path: Path) -> None:
    old = tag_map(tmp_path, "x.a,plc1,HR4,u16,,,\n")
    new = tag_map(tmp_path, "x.a,plc2,HR4,u16,,,\n")
    assert {one.device for one in differences(old, new).devices} == {"plc1", "plc2"}


def template(folder: Path) -> list[Filling]:
    """Make a template of the shipped map's lane, and two lanes of it on one device."""
    lane = [
        line.replace("in1.", "{lane}.").replace(",plc1,", ",{device},")
        for line in (SHIPPED / "tags.csv").read_text(encoding="utf-8").splitlines()
        if not line.startswith("out1.")
    ]
    for at, line in enumerate(lane[1:], start=1):
        tag, device, address, *rest = line.split(",")
        area = address.rstrip("0123456789.:")
        start = address.removeprefix(area)
        number, mark, tail = start.partition(":") if ":" in start else start.partition(".")
        base = {"HR": "base", "C": "coils"}.get(area, "base")
        lane[at] = ",".join([tag, device, f"{area}{{{base}+{number}}}{mark}{tail}", *rest])
    (folder / "lane.csv").write_text("\n".join(lane), encoding="utf-8")
    (folder / "tags.csv").write_text("tag,device,address,type\n", encoding="utf-8")
    devices = "device,protocol,host,port,unit,order,max_gap\nplc1,modbus-tcp,127.0.0.1,5020,1,ABCD,40\n"
    (folder / "devices.csv").write_text(devices, encoding="utf-8")
    return [
        Filling("in3", folder / "lane.csv", {"device": "plc1", "base": "0", "coils": "0"}),
        Filling("in4", folder / "lane.csv", {"device": "plc1", "base": "2000", "coils": "10"}),
    ]


def test_lanes_are_made_of_a_template_each_with_its_own_numbers(tmp_path: Path) -> None:
    fillings = template(tmp_path)
    files = tmp_path / "tags.csv", tmp_path / "devices.csv", None, fillings
    assert lint(*files) == []
    tags = {str(tag.name): tag.address for tag in read_map(*files).tags}
    assert (tags["in3.loop.safety"], tags["in4.loop.safety"]) == (
        Register(Area.HOLDING, 4, 1),
        Register(Area.HOLDING, 2004, 1),
    )
    assert tags["in4.cmd"] == Register(Area.HOLDING, 3026, count=9)


def test_a_mistake_in_a_template_points_into_it_and_names_the_lane(tmp_path: Path) -> None:
    fillings = template(tmp_path)
    text = (tmp_path / "lane.csv").read_text(encoding="utf-8")
    (tmp_path / "lane.csv").write_text(
        text.replace("{lane}.ack.seq,{device},HR{base+8},u32", "{lane}.ack.seq,{device},HR{base+8},word")
    )
    found = lint(tmp_path / "tags.csv", tmp_path / "devices.csv", None, fillings)
    row = next(at for at, line in enumerate(text.splitlines(), start=1) if "ack.seq" in line)
    assert [(one.code, one.row, one.lane, Path(one.file).name) for one in found] == [
        ("E05", row, "in3", "lane.csv"),
        ("E05", row, "in4", "lane.csv"),
    ]
    assert "lane in3" in str(found[0])


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"device": "plc1", "coils": "0"}, "nothing is given for {base+"),
        ({"device": "plc1", "base": "x", "coils": "0"}, "cannot be reckoned"),
        ({"device": "plc1", "base": "²", "coils": "0"}, "cannot be reckoned"),
        ({"device": "plc1", "base": "9" * 5000, "coils": "0"}, "cannot be reckoned"),
    ],
)
def test_a_template_that_cannot_be_filled_in_is_told_with_its_column(
    tmp_path: Path, values: dict[str, str], text: str
) -> None:
    template(tmp_path)
    _, found = examine(
        tmp_path / "tags.csv", tmp_path / "devices.csv", None, [Filling("in3", tmp_path / "lane.csv", values)]
    )
    unfilled = [one for one in found if one.code == "E28"]
    assert unfilled
    assert {one.column for one in unfilled} == {"address"}
    assert text in unfilled[0].text


def test_two_lanes_of_one_template_in_the_same_registers_overlap(tmp_path: Path) -> None:
    one, other = template(tmp_path)
    found = lint(
        tmp_path / "tags.csv", tmp_path / "devices.csv", None, [one, Filling("in4", other.template, one.values)]
    )
    assert "W17" in {finding.code for finding in found}
    assert all(finding.lane == "in4" for finding in found)


@pytest.mark.parametrize(
    ("place", "base", "profile", "forms"),
    [
        (Register(Area.HOLDING, 4), 1, "", ("HR4", "40005", "wire 0x0004")),
        (Register(Area.HOLDING, 4, 3), 0, "", ("HR4.3", "40004.3", "wire 0x0004")),
        (Register(Area.INPUT, 10000), 1, "", ("IR10000", "310001", "wire 0x2710")),
        (Register(Area.COIL, 11), 1, "lane.st", ("C11", "00012", "%QX1.3", "wire 0x000B")),
        (Register(Area.HOLDING, 1026, count=9), 0, "lane.st", ("HR1026:9", "41026", "%MW2", "wire 0x0402")),
        (NodeAddress("ns=2;s=A"), 1, "", ("ns=2;s=A",)),
    ],
)
def test_an_address_is_shown_in_all_its_forms(
    place: Register | NodeAddress, base: int, profile: str, forms: tuple[str, ...]
) -> None:
    assert side_by_side(place, base, profile) == forms


def test_a_number_is_shown_in_all_four_orders() -> None:
    assert in_all_orders(0x12345678, Kind.U32, Order.CDAB) == {
        Order.CDAB: 0x12345678,
        Order.ABCD: 0x56781234,
        Order.BADC: 0x78563412,
        Order.DCBA: 0x34127856,
    }
    assert in_all_orders(7, Kind.U16, Order.ABCD) == {}
    assert in_all_orders(True, Kind.BOOL, Order.ABCD) == {}


def test_a_word_that_two_classes_share_is_read_with_the_faster(tmp_path: Path) -> None:
    rows = "x.a,plc1,HR4.1,bool,slow,,\nx.b,plc1,HR4.2,bool,fast,,\nx.c,plc1,HR5,u16,slow,,\n"
    paced = {tag.name: tag.scan for tag in with_the_faster(tag_map(tmp_path, rows).tags)}
    assert paced == {TagName("x.a"): Scan.FAST, TagName("x.b"): Scan.FAST, TagName("x.c"): Scan.SLOW}
