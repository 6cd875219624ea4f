"""What an OPC UA link goes through: frozen servers, nodes that come and go, limits, commands as one array."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from asyncua import ua
from asyncua.server.internal_session import InternalSession
from asyncua.server.server import Server
from asyncua.ua.object_ids import ObjectIds

from plc.opcua import OpcUaDriver
from plc.ua.keys import KeyFolder
from scada.clock import SystemClock
from scada.model.handshake import AckResult, CommandBlock, CommandCode, Mode
from scada.model.tag import Quality, TagName
from scada.ports import PlcError
from scada.sim.trial.ports import free_port
from tests.support.plc import CLAIM, NO_KEYS, Sink, beating, running, small_map, until, virtual_plc
from tests.support.ua import Valve, as_array, opcua_site

HEAD = "tag,device,address,type,access,class\n"
NO_SUCH_NODE = 0x80340000
URI = "urn:test:plc"


@asynccontextmanager
async def server(port: int, names: Sequence[str], limits: dict[str, int] | None = None) -> AsyncIterator[Server]:
    """Run a server with a variable of u16 7 for each name, in the namespace 3 after one of somebody else's."""
    made = Server()
    await made.init()
    made.set_endpoint(f"opc.tcp://127.0.0.1:{port}/")
    made.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    await made.register_namespace("urn:test:other")
    await made.register_namespace(URI)
    for name, limit in (limits or {}).items():
        number = getattr(ObjectIds, f"Server_ServerCapabilities_OperationLimits_{name}")
        await made.get_node(ua.NodeId(number)).write_value(ua.Variant(limit, ua.VariantType.UInt32))
    for name in names:
        await add(made, name)
    async with made:
        yield made


async def add(made: Server, name: str) -> None:
    node = await made.nodes.objects.add_variable(
        ua.NodeId.from_string(f"ns=3;s={name}"), ua.QualifiedName(name, 3), ua.Variant(7, ua.VariantType.UInt16)
    )
    await node.set_writable()


async def driver_of(folder: Path, rows: str, port: int, sink: Sink, timeout_ms: int = 1000) -> OpcUaDriver:
    table = f"device,protocol,host,port,timeout_ms\nua9,opcua,127.0.0.1,{port},{timeout_ms}\n"
    tags, device = await small_map(folder, HEAD + rows, table)
    return OpcUaDriver(device, tags, sink, SystemClock(), KeyFolder(NO_KEYS))


def rows_of(names: Sequence[str], access: str = "ro") -> str:
    return "".join(f"in1.{name.lower()},ua9,ns=3;s={name},u16,{access},fast\n" for name in names)


@pytest.mark.parametrize("secured", [False, True])
async def test_a_frozen_plc_is_bad_and_back_by_a_new_connection(tmp_path: Path, secured: bool) -> None:
    site, ends = await asyncio.to_thread(opcua_site, tmp_path, secured)
    async with ends.plc(), Valve(site.port) as valve:
        driver = replace(ends, site=replace(ends.site, devices={"ua1": replace(site, port=valve.port)})).driver
        async with running(driver):
            await until(lambda: ends.sink.quality("out1.plc.tick") is Quality.GOOD)
            valve.shut()
            await until(lambda: ends.sink.quality("out1.plc.tick") is Quality.NOT_CONNECTED)
            assert all(update.quality.is_bad for update in ends.sink.now.values())
            with pytest.raises(PlcError, match="not sent"):
                await driver.write(TagName("out1.hb.server"), 1)
            met = valve.connections
            await until(lambda: valve.connections > met)
            valve.open()
            await until(lambda: ends.sink.quality("out1.plc.tick") is Quality.GOOD)
    assert driver.figures().connects == 2


async def test_a_write_into_a_frozen_link_is_given_up_within_its_own_time(tmp_path: Path) -> None:
    port, sink = free_port(), Sink()
    async with server(port, ["A"]), Valve(port) as valve:
        driver = await driver_of(tmp_path, rows_of(["A"], "rw"), valve.port, sink, timeout_ms=300)
        async with running(driver):
            await until(lambda: sink.value("in1.a") == 7)
            valve.shut()
            began_s = asyncio.get_running_loop().time()
            with pytest.raises(PlcError):
                await driver.write(TagName("in1.a"), 1)
            assert asyncio.get_running_loop().time() - began_s < 2.0


async def test_a_device_that_does_not_answer_at_its_first_address_is_reached_at_its_second(tmp_path: Path) -> None:
    port, sink = free_port(), Sink()
    table = f"device,protocol,host,port,port2\nua9,opcua,127.0.0.1,{free_port()},{port}\n"
    tags, device = await small_map(tmp_path, HEAD + rows_of(["A"]), table)
    driver = OpcUaDriver(device, tags, sink, SystemClock(), KeyFolder(NO_KEYS))
    async with server(port, ["A"]), running(driver):
        await until(lambda: sink.value("in1.a") == 7)
        assert driver.figures().address == f"127.0.0.1:{port}"


@pytest.mark.parametrize("publishing_ms", [50.0, 500.0])
async def test_a_node_that_is_loaded_later_is_found_and_one_that_is_dropped_is_bad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, publishing_ms: float
) -> None:
    monkeypatch.setattr("plc.transport.opcua.PUBLISH_MS", publishing_ms)
    monkeypatch.setattr("plc.opcua.LOOK_AGAIN_S", 0.2)
    port, sink = free_port(), Sink()
    driver = await driver_of(tmp_path, rows_of(["A", "B"]), port, sink)
    async with server(port, ["A"]) as plc, running(driver):
        await until(lambda: sink.value("in1.a") == 7)
        await until(lambda: sink.quality("in1.b") is Quality.COMMUNICATION)
        await until(lambda: driver.figures().holes == 1)
        await add(plc, "B")
        await until(lambda: sink.quality("in1.b") is Quality.GOOD and driver.figures().holes == 0)
        node = ua.NodeId.from_string("ns=3;s=B")
        await plc.write_attribute_value(node, ua.DataValue(StatusCode=ua.StatusCode(ua.UInt32(NO_SUCH_NODE))))
        await until(lambda: sink.quality("in1.b") is Quality.COMMUNICATION and driver.figures().holes == 1)
        assert sink.quality("in1.a") is Quality.GOOD
        await plc.write_attribute_value(node, ua.DataValue(ua.Variant(8, ua.VariantType.UInt16)))
        await until(lambda: sink.value("in1.b") == 8 and sink.quality("in1.b") is Quality.GOOD)
        await until(lambda: driver.figures().holes == 0)
    assert driver.figures().publishing_ms == 0


async def test_the_interval_that_the_server_made_of_ours_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plc.transport.opcua.PUBLISH_MS", 500.0)
    port, sink = free_port(), Sink()
    driver = await driver_of(tmp_path, rows_of(["A"]), port, sink)
    async with server(port, ["A"]), running(driver):
        await until(lambda: sink.value("in1.a") == 7)
        await until(lambda: driver.figures().publishing_ms == 500.0)
        await until(lambda: driver.figures().scan_ms > 0)


@pytest.mark.parametrize("publishing_ms", [50.0, 500.0])
async def test_no_request_asks_for_more_than_the_server_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, publishing_ms: float
) -> None:
    monkeypatch.setattr("plc.transport.opcua.PUBLISH_MS", publishing_ms)
    names = [f"N{number}" for number in range(10)]
    port, sink, sizes = free_port(), Sink(), dict[str, set[int]](read=set(), items=set())
    read, items = InternalSession.read, InternalSession.create_monitored_items

    async def spied_read(self: InternalSession, params: ua.ReadParameters) -> list[ua.DataValue]:
        sizes["read"].add(len(params.NodesToRead))
        return await read(self, params)

    async def spied_items(
        self: InternalSession, params: ua.CreateMonitoredItemsParameters
    ) -> list[ua.MonitoredItemCreateResult]:
        sizes["items"].add(len(params.ItemsToCreate))
        return await items(self, params)

    driver = await driver_of(tmp_path, rows_of(names), port, sink)
    async with server(port, names, {"MaxNodesPerRead": 3, "MaxMonitoredItemsPerCall": 4}):
        monkeypatch.setattr(InternalSession, "read", spied_read)
        monkeypatch.setattr(InternalSession, "create_monitored_items", spied_items)
        async with running(driver):
            await until(lambda: all(sink.value(f"in1.{name.lower()}") == 7 for name in names))
    assert max(sizes["read"]) <= 3
    assert sizes["items"] == {4, 2}


async def test_a_namespace_by_its_uri_is_found_wherever_the_server_counts_it(tmp_path: Path) -> None:
    port, sink = free_port(), Sink()
    rows = f"in1.a,ua9,nsu={URI};s=A,u16,rw,fast\nin1.b,ua9,nsu=urn:nobody;s=A,u16,rw,fast\n"
    driver = await driver_of(tmp_path, rows, port, sink)
    async with server(port, ["A"]), running(driver):
        await until(lambda: sink.value("in1.a") == 7)
        assert sink.quality("in1.b") is Quality.COMMUNICATION
        await driver.write(TagName("in1.a"), 9)
        await until(lambda: sink.value("in1.a") == 9)
        with pytest.raises(PlcError, match="does not have it"):
            await driver.write(TagName("in1.b"), 9)


async def test_a_command_as_one_array_opens_once_and_its_answer_is_read_from_the_image(tmp_path: Path) -> None:
    site, ends = await asyncio.to_thread(opcua_site, tmp_path, False)
    ends = replace(ends, site=as_array(ends.site))
    sink, driver = ends.sink, ends.driver
    async with virtual_plc(ends.site, "ua1", tmp_path) as plc, running(driver):
        await until(lambda: sink.quality("out1.plc.tick") is Quality.GOOD)
        async with beating(driver, "out1"):
            await until(lambda: sink.value("out1.hb.server_seen"))
            await driver.write(TagName("out1.claim.wanted"), CLAIM)
            await until(lambda: sink.value("out1.mode.now") == Mode.AUTO)
            plc.wire("out1", {"approach": True})
            await until(lambda: sink.value("out1.passage.now") == 1)
            block = CommandBlock(CLAIM, CommandCode.OPEN, 1, 2000, sink.number("out1.plc.tick"), 1)
            assert await driver.command(TagName("out1.cmd"), block) is None
            await until(lambda: sink.value("out1.ack.seq") == 1)
            assert sink.value("out1.ack.result") == AckResult.DONE
            assert await driver.command(TagName("out1.cmd"), block) is None
            await until(lambda: sink.value("out1.gate.up"))
    assert plc.memories["out1"].retained.opened == 1
    assert site.port
