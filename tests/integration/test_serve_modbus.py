"""Our Modbus server in its own process, read by clients that nobody here wrote."""

import asyncio
import math
import re
import struct
from pathlib import Path

import pytest
from pyModbusTCP.client import ModbusClient

from plc.serve.modbus import BURST, PACE_S
from scada.model.tag import Quality
from scada.sim.trial.ports import free_port
from tests.support.serving import FREE, HERTZ, MAP, SPEED, UP, plant_that_serves, serving

FLOOD = 30_000


@pytest.fixture
def port() -> int:
    return free_port()


def section(port: int, more: str = "") -> str:
    return f'[serve.modbus]\nport = {port}\nmap = "modbus.csv"\n{more}'


async def mbpoll(port: int, *words: str) -> str:
    """Let mbpoll poll once and give what it said."""
    process = await asyncio.create_subprocess_exec(
        "mbpoll", "-0", "-1", "-m", "tcp", "-p", str(port), *words,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    return said.decode(errors="replace")


def values(said: str) -> dict[int, str]:
    return {int(at): value for at, value in re.findall(r"^\[(\d+)\]:\s+(\S+)", said, re.MULTILINE)}


async def registers(client: ModbusClient, start: int, count: int) -> list[int]:
    found = await asyncio.to_thread(client.read_input_registers, start, count)
    assert found is not None, client.last_except_as_txt
    return list(found)


async def shown(client: ModbusClient, at: int, value: int) -> None:
    """Wait until a register shows a value: changes cross within a tenth of a second."""
    found = -1
    for _ in range(500):
        found = (await registers(client, at, 1))[0]
        if found == value:
            return
        await asyncio.sleep(0.02)
    assert found == value


async def test_foreign_clients_read_values_and_qualities(tmp_path: Path, port: int) -> None:
    async with plant_that_serves(tmp_path, section(port)) as plant, serving(plant.file):
        plant.say({UP: True, FREE: 70000, SPEED: 1.5, HERTZ: 40000})
        client = ModbusClient("127.0.0.1", port, auto_open=True)
        await shown(client, 5, 70000 & 0xFFFF)
        assert values(await mbpoll(port, "-t", "3:int", "-B", "-r", "4", "127.0.0.1"))[4] == "70000"
        assert values(await mbpoll(port, "-t", "3:float", "-B", "-r", "7", "127.0.0.1"))[7] == "1.5"
        assert values(await mbpoll(port, "-t", "1", "-r", "0", "-c", "2", "127.0.0.1")) == {0: "1", 1: "1"}
        assert await registers(client, 9, 2) == [0, 40000]

        plant.say({UP: True, FREE: None, SPEED: None}, Quality.COMMUNICATION)
        await shown(client, 2, 0x8005)
        number = struct.unpack(">f", struct.pack(">2H", *await registers(client, 7, 2)))[0]
        assert math.isnan(number)
        assert await registers(client, 3, 3) == [0x8005, 0x8000, 0]
        assert values(await mbpoll(port, "-t", "1", "-r", "0", "-c", "2", "127.0.0.1")) == {0: "0", 1: "0"}
        client.close()


async def test_nothing_is_ever_written(tmp_path: Path, port: int) -> None:
    async with plant_that_serves(tmp_path, section(port)) as plant, serving(plant.file):
        said = await mbpoll(port, "-t", "4", "-r", "4", "127.0.0.1", "7")
        assert "Illegal function" in said
        client = ModbusClient("127.0.0.1", port, auto_open=True)
        for write in (client.write_single_register, client.write_single_coil):
            assert not await asyncio.to_thread(write, 4, 1)
            assert client.last_except == 1
        client.close()


async def test_without_the_plant_all_is_bad_and_it_comes_back(tmp_path: Path, port: int) -> None:
    async with plant_that_serves(tmp_path, section(port)) as plant, serving(plant.file):
        plant.say({FREE: 3})
        client = ModbusClient("127.0.0.1", port, auto_open=True)
        await shown(client, 5, 3)
        assert (await registers(client, 1, 1))[0] > 0
        await plant.leave()
        await shown(client, 3, 0x808A)
        assert await registers(client, 1, 1) == [0]
        await plant.come_back()
        await shown(client, 5, 3)
        client.close()


async def test_strangers_and_too_many_are_turned_away(tmp_path: Path, port: int) -> None:
    more = 'allow = ["127.0.0.2/32"]\nconnections = 1\n'
    async with plant_that_serves(tmp_path, section(port, more)) as plant, serving(plant.file):
        assert "failed" in (await mbpoll(port, "-t", "3", "-r", "0", "127.0.0.1")).lower()
        first = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0))
        first[1].write(struct.pack(">HHHBBHH", 1, 0, 6, 1, 4, 0, 1))
        assert len(await first[0].readexactly(11)) == 11
        second = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0))
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await second[0].readexactly(1)
        for _, writer in (first, second):
            writer.close()


async def test_a_client_that_floods_waits_and_others_do_not(tmp_path: Path, port: int) -> None:
    async with plant_that_serves(tmp_path, section(port)) as plant, serving(plant.file):
        plant.say({FREE: 3})
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        loop = asyncio.get_running_loop()
        began = loop.time()
        writer.write(struct.pack(">HHHBBHH", 1, 0, 6, 1, 4, 0, 11) * FLOOD)
        client = ModbusClient("127.0.0.1", port, auto_open=True)
        await shown(client, 5, 3)
        for _ in range(20):
            await registers(client, 0, 11)
        assert loop.time() - began < FLOOD / BURST * PACE_S
        await reader.readexactly(10 * BURST * 31)
        assert loop.time() - began >= 9 * PACE_S
        writer.transport.abort()
        client.close()


async def test_what_is_no_modbus_ends_the_connection(tmp_path: Path, port: int) -> None:
    async with plant_that_serves(tmp_path, section(port)) as plant, serving(plant.file):
        for garbage in (
            b"GET / HTTP/1.1\r\n\r\n",
            struct.pack(">HHHB", 1, 0, 1, 1),
            struct.pack(">HHHB", 1, 0, 999, 1),
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(garbage)
            async with asyncio.timeout(30):
                assert await _ended(reader)
            writer.close()


async def _ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read() == b""
    except ConnectionError:
        return True


async def test_a_flawed_map_is_refused_with_its_row(tmp_path: Path, port: int) -> None:
    async with plant_that_serves(tmp_path, section(port)) as plant:
        (tmp_path / "modbus.csv").write_text(MAP + "in1.gate.up,bool,DI0,IR50,,,\n")
        with pytest.raises(AssertionError):
            async with serving(plant.file):
                pass
