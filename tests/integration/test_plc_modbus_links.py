"""The ways to a Modbus device: RTU by socket, a serial line for several, a second address; and what each way brings."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from plc.links import build
from plc.map.mapped import TagMap
from plc.protocols.modbus import RTU_TCP
from plc.tagmap import examine
from scada.clock import SystemClock
from scada.model.device import LinkState
from scada.model.tag import Quality, TagName
from scada.ports import Driver, PlcError
from scada.sim.trial.ports import free_port
from tests.support.plc import Sink, only_device, running, shipped_map, until, virtual_plc
from tests.support.plc_peers import BadPlc
from tests.support.serial_lines import serial_pair

HEAD = "device,protocol,host,port,host2,port2,serial,unit,timeout_ms,pause_ms,pipeline,profile,max_gap\n"
DEAD = 9
"""A unit of a serial line that never answers."""
ROWS = "tag,device,address,type,access,class\n"


async def drivers_of(folder: Path, devices: Sequence[str], rows: Sequence[str], sink: Sink) -> list[Driver]:
    def read() -> TagMap:
        (folder / "devices.csv").write_text(HEAD + "\n".join(devices) + "\n", encoding="utf-8")
        (folder / "tags.csv").write_text(ROWS + "\n".join(rows) + "\n", encoding="utf-8")
        return examine(folder / "tags.csv", folder / "devices.csv")[0]

    return build(await asyncio.to_thread(read), sink, SystemClock(), folder)


def memory(unit: int) -> SimDevice:
    """A device of which register n holds 100 times its unit and n."""
    bits = SimData(0, values=[n % 2 == 1 for n in range(50)], datatype=DataType.BITS)
    words = SimData(0, values=[100 * unit + n for n in range(50)], datatype=DataType.REGISTERS)
    return SimDevice(unit, simdata=([bits], [bits], [words], [words]))


EVERY_AREA = [
    "in1.coil,plc1,C1,bool,rw,fast",
    "in1.input,plc1,DI3,bool,ro,fast",
    "in1.word,plc1,HR2,u16,rw,fast",
    "in1.more,plc1,IR4,u32,ro,fast",
]


async def works_over_rtu(sink: Sink, driver: Driver) -> None:
    """See every area read and written."""
    await until(lambda: (sink.value("in1.coil"), sink.value("in1.input")) == (True, True))
    await until(lambda: (sink.value("in1.word"), sink.value("in1.more")) == (102, (104 << 16) + 105))
    await driver.write(TagName("in1.coil"), False)
    await driver.write(TagName("in1.word"), 7)
    await until(lambda: (sink.value("in1.coil"), sink.value("in1.word")) == (False, 7))


async def test_rtu_goes_through_a_socket(tmp_path: Path) -> None:
    port, sink = free_port(), Sink()
    server = ModbusTcpServer(memory(1), framer=FramerType.RTU, address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    device = f"plc1,modbus-rtu-tcp,127.0.0.1,{port},,,,1,500,,,,"
    (driver,) = await drivers_of(tmp_path, [device], EVERY_AREA, sink)
    async with running(driver):
        await works_over_rtu(sink, driver)
        assert driver.figures().address == f"127.0.0.1:{port}"
    await server.shutdown()  # type: ignore[no-untyped-call]


@asynccontextmanager
async def serial_server(*units: int) -> AsyncIterator[str]:
    """Serve several units at one end of a line, but for a dead one; gives the other end."""
    with serial_pair(lost=bytes([DEAD])) as (here, there):
        server = ModbusSerialServer([memory(unit) for unit in units], port=there, baudrate=115200)
        await server.serve_forever(background=True)
        try:
            yield here
        finally:
            await server.shutdown()  # type: ignore[no-untyped-call]


async def test_several_devices_share_a_serial_line_and_a_dead_one_leaves_it_to_the_others(tmp_path: Path) -> None:
    sink = Sink()
    async with serial_server(1, 2) as path:
        devices = [f'plc{unit},modbus-rtu,,,,,"{path},115200,N",{unit},300,,,,' for unit in (1, 2, DEAD)]
        rows = [*EVERY_AREA, "in2.word,plc2,HR2,u16,ro,fast", "in9.word,plc9,HR2,u16,ro,fast"]
        drivers = await drivers_of(tmp_path, devices, rows, sink)
        async with running(*drivers):
            await works_over_rtu(sink, drivers[0])
            await until(lambda: sink.value("in2.word") == 202)
            await until(lambda: drivers[2].figures().errors >= 2)
            reads = [driver.figures().reads for driver in drivers]
            await until(lambda: all(driver.figures().reads > reads[n] + 5 for n, driver in enumerate(drivers[:2])))
            assert [driver.figures().connects for driver in drivers[:2]] == [1, 1]
            assert sink.quality("in9.word") is Quality.NOT_CONNECTED


async def test_a_serial_port_that_is_not_there_is_told_and_a_line_has_one_setting(tmp_path: Path) -> None:
    sink = Sink()
    async with serial_server(1) as path:
        devices = [f'plc1,modbus-rtu,,,,,"{path},115200,N",1,300,,,,', f'plc2,modbus-rtu,,,,,"{path},9600,N",2,300,,,,']
        devices.append('plc3,modbus-rtu,,,,,"/dev/no-such-port,9600,N",1,300,,,,')
        rows = [*EVERY_AREA, "in2.word,plc2,HR2,u16,ro,fast", "in3.word,plc3,HR2,u16,ro,fast"]
        first, second, third = await drivers_of(tmp_path, devices, rows, sink)
        async with running(first):
            await until(lambda: sink.value("in1.word") == 102)
            async with running(second, third):
                await until(lambda: second.figures().errors and third.figures().errors)
    assert "another device on it asks for" in second.figures().why
    assert "no-such-port" in third.figures().why


async def test_a_second_address_takes_over_and_the_live_one_is_told(tmp_path: Path) -> None:
    sink = Sink()
    async with BadPlc() as main, BadPlc() as spare:
        device = f"plc1,modbus-tcp,127.0.0.1,{main.port},127.0.0.1,{spare.port},,1,300,,,,"
        (driver,) = await drivers_of(tmp_path, [device], ["in1.a,plc1,HR7,u16,ro,fast"], sink)
        async with running(driver):
            await until(lambda: sink.value("in1.a") == 7)
            assert (driver.figures().address, spare.connections) == (f"127.0.0.1:{main.port}", 0)
            main.manner = "silent"
            await until(lambda: driver.figures().address == f"127.0.0.1:{spare.port}")
            await until(lambda: sink.quality("in1.a") is Quality.GOOD)
            spare.manner, main.manner = "hang_up", ""
            await until(lambda: driver.figures().address == f"127.0.0.1:{main.port}")
            await until(lambda: driver.figures().state is LinkState.UP)


async def test_an_address_that_nobody_serves_is_passed_over_at_once(tmp_path: Path) -> None:
    sink = Sink()
    async with BadPlc() as spare:
        device = f"plc1,modbus-tcp,127.0.0.1,{free_port()},127.0.0.1,{spare.port},,1,300,,,,"
        (driver,) = await drivers_of(tmp_path, [device], ["in1.a,plc1,HR7,u16,ro,fast"], sink)
        async with running(driver):
            await until(lambda: sink.value("in1.a") == 7)
        assert driver.figures().errors == 0


async def test_a_closed_peer_is_known_at_once_even_if_nothing_is_in_flight(tmp_path: Path) -> None:
    sink = Sink()
    async with BadPlc() as bad:
        device = f"plc1,modbus-tcp,127.0.0.1,{bad.port},,,,1,5000,,,,"
        (driver,) = await drivers_of(tmp_path, [device], ["in1.a,plc1,HR7,u16,ro,slow"], sink)
        async with running(driver):
            await until(lambda: sink.value("in1.a") == 7)
            bad.hang_up()
            await until(lambda: sink.quality("in1.a") is Quality.NOT_CONNECTED)


BLOCKS = [f"in1.n{at},plc1,HR{at * 20},u16,ro,fast" for at in range(2, 6)]


async def test_several_requests_in_flight_find_their_answers_whatever_their_order(tmp_path: Path) -> None:
    sink = Sink()
    async with BadPlc() as bad:
        bad.manner = "reverse"
        device = f"plc1,modbus-tcp,127.0.0.1,{bad.port},,,,1,1000,,2,,0"
        (driver,) = await drivers_of(tmp_path, [device], BLOCKS, sink)
        async with running(driver):
            await until(lambda: [sink.value(f"in1.n{at}") for at in range(2, 6)] == [40, 60, 80, 100])
            reads = driver.figures().reads
            await until(lambda: driver.figures().reads > reads + 20)
    assert driver.figures().errors == 0


async def test_one_lost_answer_of_several_fails_them_all_and_whoever_wrote_is_told(tmp_path: Path) -> None:
    sink = Sink()
    async with BadPlc() as bad:
        device = f"plc1,modbus-tcp,127.0.0.1,{bad.port},,,,1,300,,3,,0"
        (driver,) = await drivers_of(tmp_path, [device], [*BLOCKS, "in1.w,plc1,HR9,u16,wo,"], sink)
        async with running(driver):
            await until(lambda: sink.value("in1.n5") == 100)
            bad.manner = "deaf_to_writes"
            with pytest.raises(PlcError, match="write"):
                await driver.write(TagName("in1.w"), 1)
            await until(lambda: driver.figures().connects == 2)
    assert len(bad.writes) == 1


@pytest.mark.parametrize(("profile", "first"), [("", ("read", 4)), ("masks", ("write", 4))])
async def test_a_bit_is_written_by_a_mask_where_the_map_says_so(
    tmp_path: Path, profile: str, first: tuple[str, int]
) -> None:
    sink = Sink()
    async with BadPlc() as bad:
        device = f"plc1,modbus-tcp,127.0.0.1,{bad.port},,,,1,500,,,{profile},"
        (driver,) = await drivers_of(tmp_path, [device], ["in1.b,plc1,HR4.3,bool,wo,"], sink)
        async with running(driver):
            await until(lambda: driver.figures().state is LinkState.UP)
            await driver.write(TagName("in1.b"), True)
            bad.unknown = {22}
            await driver.write(TagName("in1.b"), False)
    masked = [(4, bytes.fromhex("fff70008"))] if profile else [(4, bytes([0, 12]))]
    assert bad.log[0] == first
    assert bad.writes == [*masked, (4, bytes([0, 4]))]


async def test_a_device_that_does_not_know_the_write_of_one_is_asked_by_that_of_several(tmp_path: Path) -> None:
    sink = Sink()
    async with BadPlc() as bad:
        bad.unknown = {6}
        device = f"plc1,modbus-tcp,127.0.0.1,{bad.port},,,,1,500,,,,"
        (driver,) = await drivers_of(tmp_path, [device], ["in1.w,plc1,HR4,u16,wo,"], sink)
        async with running(driver):
            await until(lambda: driver.figures().state is LinkState.UP)
            await driver.write(TagName("in1.w"), 5)
            await driver.write(TagName("in1.w"), 6)
    assert bad.writes == [(4, bytes([0, 5])), (4, bytes([0, 6]))]
    assert len(bad.log) == 3


@pytest.mark.parametrize("code", [5, 6])
async def test_a_busy_device_is_asked_again_and_its_tags_only_age(tmp_path: Path, code: int) -> None:
    sink = Sink()
    async with BadPlc() as bad:
        device = f"plc1,modbus-tcp,127.0.0.1,{bad.port},,,,1,500,,,,0"
        (driver,) = await drivers_of(tmp_path, [device], [*BLOCKS, "in1.w,plc1,HR9,u16,wo,"], sink)
        async with running(driver):
            await until(lambda: sink.value("in1.n5") == 100)
            bad.says_no = {40: code, 9: code}
            await until(lambda: driver.figures().refusals > 3)
            told = len(sink.calls)
            with pytest.raises(PlcError, match=f"exception {code}"):
                await driver.write(TagName("in1.w"), 1)
            await until(lambda: sum(any(u.name == "in1.n5" for u in call) for call in sink.calls[told:]) > 1)
            assert not any(update.name == "in1.n2" for call in sink.calls[told:] for update in call)
            assert (sink.quality("in1.n2"), driver.figures().connects) == (Quality.GOOD, 1)


async def test_a_gateway_that_does_not_reach_its_device_is_a_lost_link(tmp_path: Path) -> None:
    sink = Sink()
    async with BadPlc() as bad:
        device = f"plc1,modbus-tcp,127.0.0.1,{bad.port},,,,1,500,,,,0"
        (driver,) = await drivers_of(tmp_path, [device], BLOCKS, sink)
        async with running(driver):
            await until(lambda: sink.value("in1.n5") == 100)
            bad.says_no = {40: 11}
            await until(lambda: sink.quality("in1.n5") is Quality.NOT_CONNECTED)
    assert "gateway" in driver.figures().why


async def test_of_a_block_without_holes_only_what_is_missing_is_given_up(tmp_path: Path) -> None:
    sink = Sink()
    rows = [f"in1.n{at},plc1,HR{at},u16,ro,fast" for at in range(30)]
    async with BadPlc(missing={17}) as bad:
        device = f"plc1,modbus-tcp,127.0.0.1,{bad.port},,,,1,500,,,,8"
        (driver,) = await drivers_of(tmp_path, [device], rows, sink)
        async with running(driver):
            await until(lambda: all(sink.value(f"in1.n{at}") == at for at in range(30) if at != 17))
            await until(lambda: sink.quality("in1.n17") is Quality.COMMUNICATION)
            reads = len(bad.reads)
            await until(lambda: len(bad.reads) > reads + 30)
    assert (17, 1) in bad.reads
    assert len(set(bad.reads[reads:])) <= 8
    assert driver.figures().holes >= 1


async def test_a_pause_is_kept_between_requests(tmp_path: Path) -> None:
    sink = Sink()
    async with BadPlc() as bad:
        device = f"plc1,modbus-tcp,127.0.0.1,{bad.port},,,,1,500,40,,,0"
        (driver,) = await drivers_of(tmp_path, [device], BLOCKS, sink)
        began_s = time.monotonic()
        async with running(driver):
            await until(lambda: len(bad.reads) >= 10)
    assert time.monotonic() - began_s >= 10 * 0.04


async def test_a_whole_lane_is_read_over_rtu(tmp_path: Path) -> None:
    site = only_device(await asyncio.to_thread(shipped_map), "plc1")
    site = TagMap(site.tags, {"plc1": replace(site.devices["plc1"], protocol=RTU_TCP)})
    sink = Sink()
    async with virtual_plc(site, "plc1", tmp_path):
        (driver,) = build(site, sink, SystemClock(), tmp_path)
        async with running(driver):
            read = {tag.name for tag in site.tags if tag.is_read}
            await until(lambda: read <= {name for name, seen in sink.now.items() if seen.quality is Quality.GOOD})


async def test_a_plc_that_takes_connections_and_says_nothing_is_never_up(tmp_path: Path) -> None:
    taken: list[asyncio.StreamWriter] = []

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.append(writer)

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    device = f"plc1,modbus-tcp,127.0.0.1,{port},,,,,100,,,,"
    (driver,) = await drivers_of(tmp_path, [device], ["in1.word,plc1,HR2,u16,ro,fast"], Sink())
    states: set[LinkState] = set()

    def seen_often() -> bool:
        states.add(driver.figures().state)
        return len(taken) >= 3

    async with server, running(driver):
        await until(seen_often)
    for writer in taken:
        writer.close()
    assert LinkState.UP not in states
