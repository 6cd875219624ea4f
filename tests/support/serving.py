"""A plant that serves tags: its tag table behind the real door, and the serving process as it really runs."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from plc.registers import Kind
from plc.serve.catalogue import Served
from plc.serve.door import door
from scada.clock import SystemClock
from scada.config import Config, load
from scada.engine.bridge import BridgeServer
from scada.engine.tags import TagTable
from scada.model.rights import Role
from scada.model.tag import Access, Quality, TagName, TagSpec, TagUpdate, Value
from scada.store import operators as operators_module
from scada.store.db import Database
from scada.store.operators import Operators
from tests.support.hmi import ROOT, write_config
from tests.support.store import SITE, open_database

MALL, PASSWORD = "mall", "the mall reads along"
READY_S = 60.0
UP, FREE, SPEED, HERTZ, STATE = (
    TagName(name)
    for name in ("in1.gate.up", "zone.lot.free", "in1.boom.speed", "in1.loop.approach_hz", "in1.lane.state")
)
CATALOGUE: Mapping[TagName, Served] = {
    one.name: one
    for one in (
        Served(UP, Kind.BOOL, "", "Boom at its upper limit", "抬杆到位"),
        Served(FREE, Kind.I32),
        Served(SPEED, Kind.F64, "m/s", "Speed of the boom", "杆速"),
        Served(HERTZ, Kind.U16, "Hz"),
        Served(STATE, Kind.STRING),
    )
}
MAP = """tag,type,address,quality,unit,description,description_zh
in1.gate.up,bool,DI0,IR2,,,
zone.lot.free,i32,IR4,IR3,,,
in1.boom.speed,f32,IR7,IR6,m/s,,
in1.loop.approach_hz,u16,IR10,IR9,Hz,,
"""


@dataclass
class Plant:
    """What a test sets and reads."""

    config: Config
    file: Path
    tags: TagTable
    db: Database
    people: Operators
    open_door: Callable[[], BridgeServer]
    door: BridgeServer | None = None

    async def come_back(self) -> None:
        """Open the door."""
        self.door = await self.open_door().__aenter__()

    async def leave(self) -> None:
        """Be gone, as a plant that has ended."""
        if self.door is not None:
            await self.door.__aexit__()
            self.door = None

    def say(self, values: Mapping[TagName, Value], quality: Quality = Quality.GOOD) -> None:
        """Let the driver have seen these values."""
        self.tags.apply([TagUpdate(name, value, quality) for name, value in values.items()])


def serving_config(folder: Path, section: str) -> Path:
    """Write the shipped configuration with a section that serves, and the Modbus map beside it."""
    path = write_config(folder)
    with path.open("a", encoding="utf-8") as file:
        file.write(f'\n[serve]\ntags = ["*"]\n{section}')
    for table in ("tags.csv", "devices.csv"):
        text = (ROOT / "plc" / "sim" / table).read_text(encoding="utf-8")
        (folder / "plc" / "sim").mkdir(parents=True, exist_ok=True)
        (folder / "plc" / "sim" / table).write_text(text, encoding="utf-8")
    (folder / "modbus.csv").write_text(MAP, encoding="utf-8")
    return path


@asynccontextmanager
async def cheap_hashes() -> AsyncIterator[None]:
    """Let passwords be reckoned quickly: what they cost is no affair of these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operators_module, "MEMORY_KIB", 64)
        patch.setattr(operators_module, "PASSES", 1)
        yield


@asynccontextmanager
async def plant_that_serves(
    folder: Path, section: str, catalogue: Mapping[TagName, Served] = CATALOGUE
) -> AsyncIterator[Plant]:
    """Open the door of a plant with these tags, and with a system and an operator in its books."""
    file = await asyncio.to_thread(serving_config, folder, section)
    config = await asyncio.to_thread(load, file)
    tags = TagTable([TagSpec(name, "plc1", Access.READ) for name in catalogue], SystemClock())
    async with open_database(folder) as db, cheap_hashes():
        people = Operators(db, SITE, SystemClock())
        await people.add(MALL, Role.SYSTEM.value, PASSWORD, must_change=False)
        await people.add("li", Role.OPERATOR.value, PASSWORD, must_change=False)
        hello = {"plant": "start-1"}
        plant = Plant(
            config, file, tags, db, people, partial(door, config, SystemClock(), tags, catalogue, people, hello)
        )
        await plant.come_back()
        try:
            yield plant
        finally:
            await plant.leave()


@asynccontextmanager
async def serving(file: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the serving process until the end of the block; it must stop cleanly."""
    command = (sys.executable, "-m", "plc.serve", "--config", str(file))
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_S):
            assert await process.stdout.readline() == b"READY\n"
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            async with asyncio.timeout(30):
                await process.wait()
    assert process.returncode == 0
