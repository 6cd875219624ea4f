"""The OPC UA driver against a real server: subscription, method, and what it says when the link is lost."""

import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from asyncua import ua
from asyncua.client.ua_session import UaSession
from asyncua.server.server import Server

from plc.links import build
from plc.map.mapped import TagMap
from plc.opcua import OpcUaDriver
from plc.sim.machine import Machine
from plc.ua.keys import KeyFolder
from scada.clock import SystemClock
from scada.model.handshake import AckResult, Answer, CommandBlock, CommandCode, Mode
from scada.model.tag import Quality, TagName
from scada.ports import Driver, PlcError
from scada.sim.trial.ports import free_port
from tests.support.plc import (
    CLAIM,
    NO_KEYS,
    Sink,
    beating,
    only_device,
    running,
    shipped_map,
    small_map,
    until,
    virtual_plc,
)

CMD = TagName("out1.cmd")


@pytest.fixture
def site() -> TagMap:
    return only_device(shipped_map(), "ua1")


@pytest.fixture
async def plc(site: TagMap, tmp_path: Path) -> AsyncIterator[Machine]:
    async with virtual_plc(site, "ua1", tmp_path) as machine:
        yield machine


def driver_for(site: TagMap, sink: Sink) -> Driver:
    (driver,) = build(site, sink, SystemClock(), NO_KEYS)
    return driver


def good_tags(sink: Sink) -> set[str]:
    return {name for name, update in sink.now.items() if update.quality is Quality.GOOD}


async def test_every_tag_of_the_map_is_told_with_good_quality_and_the_devices_own_time(
    site: TagMap, plc: Machine
) -> None:
    sink = Sink()
    before = SystemClock().now()
    async with running(driver_for(site, sink)):
        await until(lambda: {tag.name for tag in site.tags if tag.is_read} <= good_tags(sink))
        tick = sink.now[TagName("out1.plc.tick")]
    assert tick.source_at is not None
    assert abs((tick.source_at - before).total_seconds()) < 30
    assert sink.calls[0][0].quality is Quality.NOT_CONNECTED


async def test_a_command_goes_by_one_method_call_and_is_answered_by_it(site: TagMap, plc: Machine) -> None:
    sink = Sink()
    driver = driver_for(site, sink)
    async with running(driver):
        await until(lambda: sink.quality("out1.plc.tick") is Quality.GOOD)
        async with beating(driver, "out1"):
            await until(lambda: sink.value("out1.hb.server_seen"))
            await driver.write(TagName("out1.claim.wanted"), CLAIM)
            await until(lambda: sink.value("out1.mode.now") == Mode.AUTO)
            plc.wire("out1", {"approach": True})
            await until(lambda: sink.value("out1.passage.now") == 1)
            block = CommandBlock(CLAIM, CommandCode.OPEN, 1, 2000, sink.number("out1.plc.tick"), 1)
            assert await driver.command(CMD, block) == Answer(1, AckResult.DONE)
            assert await driver.command(CMD, block) == Answer(1, AckResult.DONE)
            await until(lambda: sink.value("out1.gate.up"))
    assert plc.memories["out1"].retained.opened == 1


@pytest.mark.parametrize("trouble", [[], struct.error("too short")])
async def test_whatever_the_library_makes_of_a_senseless_answer_the_caller_hears_that_nobody_knows(
    site: TagMap, plc: Machine, monkeypatch: pytest.MonkeyPatch, trouble: list[object] | Exception
) -> None:
    async def call(_session: UaSession, _methods: list[ua.CallMethodRequest]) -> list[object]:
        if isinstance(trouble, Exception):
            raise trouble
        return trouble

    sink = Sink()
    driver = driver_for(site, sink)
    async with running(driver):
        await until(lambda: sink.quality("out1.plc.tick") is Quality.GOOD)
        monkeypatch.setattr(UaSession, "call", call)
        block = CommandBlock(CLAIM, CommandCode.OPEN, 1, 2000, sink.number("out1.plc.tick"), 1)
        with pytest.raises(PlcError, match=r"call out1\.cmd"):
            await driver.command(CMD, block)


async def test_contacts_that_change_in_one_scan_are_told_in_one_call(site: TagMap, plc: Machine) -> None:
    sink = Sink()
    async with running(driver_for(site, sink)):
        await until(lambda: sink.value("out1.gate.close_permit"))
        plc.wire("out1", {"approach": True, "beam": True})
        await until(lambda: sink.value("out1.passage.now"))
    told = next(call for call in sink.calls if any(u.name == "out1.loop.approach" and u.value for u in call))
    assert {"out1.loop.approach", "out1.beam", "out1.gate.close_permit", "out1.passage.now"} <= {u.name for u in told}


async def test_a_dead_plc_makes_every_tag_bad_and_they_come_back(site: TagMap, tmp_path: Path) -> None:
    sink = Sink()
    driver = driver_for(site, sink)
    read = {tag.name for tag in site.tags if tag.is_read}
    async with running(driver):
        async with virtual_plc(site, "ua1", tmp_path):
            await until(lambda: read <= good_tags(sink))
        await until(lambda: not good_tags(sink))
        assert sink.value("out1.plc.boot") == 1
        with pytest.raises(PlcError, match="not sent"):
            await driver.write(TagName("out1.hb.server"), 1)
        with pytest.raises(PlcError, match="not sent"):
            await driver.command(CMD, CommandBlock(1, CommandCode.OPEN, 1, 2000, 0, 1))
        async with virtual_plc(site, "ua1", tmp_path):
            await until(lambda: sink.value("out1.plc.boot") == 2 and read <= good_tags(sink))


async def test_unchanged_tags_are_told_again_before_they_would_be_stale(site: TagMap, plc: Machine) -> None:
    sink = Sink()
    async with running(driver_for(site, sink)):
        await until(lambda: sink.value("out1.gate.down"))
        seen = len(sink.calls)
        await until(lambda: sum(any(u.name == "out1.gate.down" for u in call) for call in sink.calls[seen:]) >= 3)


ROWS = """tag,device,address,type,access,class
in1.a,ua9,ns=2;s=A,u16,ro,fast
in1.gone,ua9,ns=2;s=Gone,u16,ro,fast
in1.broken,ua9,ns=2;s=Broken,bool,ro,fast
in1.wrong,ua9,ns=2;s=A,bool,ro,fast
in1.cmd,ua9,ns=2;s=NoMethod,method,wo,
"""


async def other_server(port: int) -> Server:
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    await server.register_namespace("urn:test")
    objects = server.nodes.objects
    await objects.add_variable(ua.NodeId.from_string("ns=2;s=A"), "2:A", ua.Variant(7, ua.VariantType.UInt16))
    broken = await objects.add_variable(ua.NodeId.from_string("ns=2;s=Broken"), "2:Broken", False)
    sensor = ua.DataValue(ua.Variant(True), ua.StatusCode(ua.UInt32(Quality.FAULT.status_code)))
    await server.write_attribute_value(broken.nodeid, sensor)
    return server


@pytest.mark.parametrize("publishing_ms", [50.0, 500.0])
async def test_what_a_server_lacks_or_doubts_is_told_whether_it_publishes_fast_or_is_polled(
    tmp_path: Path, publishing_ms: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plc.transport.opcua.PUBLISH_MS", publishing_ms)
    port, sink = free_port(), Sink()
    tags, device = await small_map(
        tmp_path, ROWS, f"device,protocol,host,port,timeout_ms\nua9,opcua,127.0.0.1,{port},2000\n"
    )
    driver = OpcUaDriver(
        device, [tag for tag in tags if tag.name != "in1.wrong"], sink, SystemClock(), KeyFolder(NO_KEYS)
    )
    async with await other_server(port), running(driver):
        await until(lambda: sink.value("in1.a") == 7)
        await until(lambda: sink.quality("in1.broken") is Quality.FAULT)
        await until(lambda: sink.quality("in1.gone") is Quality.COMMUNICATION)
        with pytest.raises(PlcError, match="does not have it"):
            await driver.command(TagName("in1.cmd"), CommandBlock(1, CommandCode.OPEN, 1, 2000, 0, 1))
        with pytest.raises(PlcError, match="no tag that may be written"):
            await driver.write(TagName("in1.a"), 1)


async def test_a_node_of_another_type_is_a_mistake_of_the_map(tmp_path: Path) -> None:
    port, sink = free_port(), Sink()
    tags, device = await small_map(tmp_path, ROWS, f"device,protocol,host,port\nua9,opcua,127.0.0.1,{port}\n")
    wrong = [tag for tag in tags if tag.name == "in1.wrong"]
    async with await other_server(port), running(OpcUaDriver(device, wrong, sink, SystemClock(), KeyFolder(NO_KEYS))):
        await until(lambda: sink.quality("in1.wrong") is Quality.CONFIGURATION)
