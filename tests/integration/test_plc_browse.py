"""`daozha tags browse`: what a device has, and the first tag map made of it."""

import asyncio
import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plc.browsed import Bounds, Browsable, Browsed, Found, rows
from plc.map.devices import Device
from plc.map.mapped import TagMap
from plc.registers import Kind
from plc.tagmap import examine
from scada.__main__ import main
from scada.model.tag import Access
from scada.ports import PlcError
from tests.support.house import site_beside
from tests.support.plc import NO_KEYS, SHIPPED, only_device, shipped_map, small_map, virtual_plc
from tests.support.ua import as_array

Out = pytest.CaptureFixture[str]


def site_with(folder: Path, device: Device) -> Path:
    """Write the shipped site with one device where the virtual one really is."""
    usual = {"ua1": ",4840,", "plc1": ",5020,"}[device.name]
    table = (SHIPPED / "devices.csv").read_text(encoding="utf-8").replace(usual, f",{device.port},")
    (folder / "devices.csv").write_text(table, encoding="utf-8")
    return site_beside(folder, ('devices = "plc/sim/devices.csv"', 'devices = "devices.csv"'))


async def looked(device: Device, bounds: Bounds | None = None) -> Browsed:
    assert isinstance(device.protocol, Browsable)
    return await device.protocol.browse(device, NO_KEYS, datetime.now(UTC), bounds or Bounds())


async def shipped(device: str) -> TagMap:
    return only_device(await asyncio.to_thread(shipped_map), device)


async def test_the_first_map_of_the_virtual_plc_is_the_shipped_one(tmp_path: Path, capsys: Out) -> None:
    site = await shipped("ua1")
    config = await asyncio.to_thread(site_with, tmp_path, site.devices["ua1"])
    async with virtual_plc(site, "ua1", tmp_path):
        assert await asyncio.to_thread(main, ["tags", "browse", "ua1", "--csv", "--config", str(config)]) == 0
        made = capsys.readouterr().out
        assert await asyncio.to_thread(main, ["tags", "browse", "ua1", "--config", str(config)]) == 0
        told = capsys.readouterr().out
        assert "4663" in told
        assert "…" not in told, "a narrow screen cuts nothing off"
    found = {(row["tag"], row["address"], row["type"]) for row in csv.DictReader(io.StringIO(made))}
    assert found == {(str(tag.name), str(tag.address), tag.kind.value) for tag in site.tags}
    await asyncio.to_thread((tmp_path / "first.csv").write_text, made, "utf-8")
    _, findings = await asyncio.to_thread(examine, tmp_path / "first.csv", tmp_path / "devices.csv")
    assert [finding for finding in findings if finding.severity == "error"] == []


async def test_a_command_array_is_seen_as_a_command_block(tmp_path: Path) -> None:
    site = as_array(await shipped("ua1"))
    async with virtual_plc(site, "ua1", tmp_path):
        browsed = await looked(site.devices["ua1"])
    [command] = [one for one in browsed.found if one.address.endswith("Cmd") or one.kind is Kind.COMMAND]
    assert (command.kind, command.access) == (Kind.COMMAND, Access.WRITE)


async def test_what_lies_too_deep_or_is_too_much_is_cut_off_and_said(tmp_path: Path) -> None:
    site = await shipped("ua1")
    device = site.devices["ua1"]
    async with virtual_plc(site, "ua1", tmp_path):
        few = await looked(device, Bounds(most=5))
        shallow = await looked(device, Bounds(depth=1))
        below = await looked(device, Bounds(under="ns=2;s=Out1"))
        with pytest.raises(PlcError, match="ns=9;s=none: BadNodeId"):
            await looked(device, Bounds(under="ns=9;s=none"))
        whole = await looked(device)
    assert "more than 5" in few.cut
    assert len(few.found) == 5
    assert "deeper than 1" in shallow.cut
    assert not whole.cut
    assert {one.address for one in below.found} == {one.address for one in whole.found}


async def test_the_registers_that_answer_are_found_by_reading_alone(tmp_path: Path) -> None:
    site = await shipped("plc1")
    async with virtual_plc(site, "plc1", tmp_path):
        browsed = await looked(site.devices["plc1"], Bounds(most=1100))
    found = {one.address: one for one in browsed.found}
    registers = {tag.address.start for tag in site.tags if str(tag.address).startswith("HR")}  # type: ignore[attr-defined]
    assert {f"HR{start}" for start in registers} <= set(found)
    assert {"C2", "C3"} <= set(found)
    assert "HR500" not in found
    assert found["HR0"].value == "4663"
    assert "1100" in browsed.cut


@pytest.mark.parametrize(
    ("words", "told"),
    [(("nobody",), "there is no device 'nobody'"), (("ua1", "--under", "ns=x"), "is no NodeId"), (("ua1",), "connect")],
)
def test_what_cannot_be_browsed_is_told(tmp_path: Path, capsys: Out, words: tuple[str, ...], told: str) -> None:
    config = site_with(tmp_path, shipped_map().devices["ua1"])
    assert main(["tags", "browse", *words, "--config", str(config)]) == 2
    assert told in capsys.readouterr().err


async def test_names_are_made_of_paths_and_none_comes_twice(tmp_path: Path) -> None:
    _, device = await small_map(tmp_path, "tag,device\n", "device,protocol,host,port\nPLC-1,opcua,127.0.0.1,4840\n")
    ro = Access.READ
    paths = [("Out1", "Loop.Safety"), ("Out1", "loop", "safety"), ("3rd", "MotorA"), ("道闸",), ("Temp",)]
    found = [Found(path, "i=1", Kind.F32, ro, "0") for path in paths] + [Found(("x",), "i=2", None, ro, "")]
    assert [row[0] for row in rows(device, found)] == [
        "out1.loop.safety",
        "out1.loop.safety_2",
        "n3rd.motor_a",
        "plc_1.tag",
        "plc_1.temp",
    ]
