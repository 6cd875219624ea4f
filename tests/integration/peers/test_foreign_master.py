"""A master that nobody here wrote works the virtual PLC by the handshake of `plc.md` §6, from the tag map alone."""

from pathlib import Path

import pytest

from plc.map.mapped import TagMap
from plc.registers import command_words
from plc.sim.machine import Machine
from scada.model.handshake import AckResult, CommandBlock, CommandCode, Mode
from tests.support.peers import mbpoll, polled
from tests.support.plc import CLAIM, only_device, shipped_map, until, virtual_plc

HEARTBEAT, CLAIM_WANTED, BLOCK = 1024, 1025, 1026
TICK, PASSAGE_NOW = 2, 10


@pytest.fixture
def site() -> TagMap:
    return only_device(shipped_map(), "plc1")


async def write(port: int, start: int, *words: int) -> bool:
    said = await mbpoll(port, "-t", "4", "-r", str(start), "127.0.0.1", *(str(word) for word in words))
    return "Written" in said


async def claim(port: int, plc: Machine) -> None:
    """Move the heartbeat, then ask for the lane."""
    for beat in (1, 2):
        assert await write(port, HEARTBEAT, beat)
        await plc.next_scan()
    assert await write(port, CLAIM_WANTED, CLAIM)
    await until(lambda: plc.memories["in1"].mode is Mode.AUTO)


async def open_block(port: int, seq: int) -> CommandBlock:
    (tick,) = await polled(port, "4", TICK, 1)
    high, low = await polled(port, "4", PASSAGE_NOW, 2)
    return CommandBlock(CLAIM, CommandCode.OPEN, high * 65536 + low, 5000, tick, seq)


async def test_a_foreign_master_claims_the_lane_and_opens_once_however_often_it_writes_the_block(
    site: TagMap, tmp_path: Path
) -> None:
    port = site.devices["plc1"].port
    async with virtual_plc(site, "plc1", tmp_path) as plc:
        await claim(port, plc)
        plc.wire("in1", {"approach": True})
        await until(lambda: plc.memories["in1"].now)
        block = await open_block(port, seq=1)
        for _ in range(3):
            assert await write(port, HEARTBEAT, block.tick & 0xFF)
            assert await write(port, BLOCK, *command_words(block))
        await until(lambda: plc.memories["in1"].up)
        memory = plc.memories["in1"]
        assert (memory.retained.opened, memory.retained.seq, memory.result) == (1, 1, AckResult.DONE)


async def test_a_foreign_master_may_write_nothing_but_what_the_map_gives_to_a_server(
    site: TagMap, tmp_path: Path
) -> None:
    port = site.devices["plc1"].port
    async with virtual_plc(site, "plc1", tmp_path) as plc:
        before = plc.memories["in1"].retained
        for start in (TICK, PASSAGE_NOW, 34, 1023, 5000):
            assert not await write(port, start, 1)
        assert not await write(port, CLAIM_WANTED - 2, 1, 1)
        assert plc.memories["in1"].retained == before
