"""A leader stands still with a gate command in its hands, and wakes when another server leads: what the PLC gets then.

On the wire: a process with the real lease, driver and gatekeeper, a virtual PLC over Modbus TCP and over OPC UA, and
between them a line that keeps what was said.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from plc.map.mapped import TagMap
from plc.sim.machine import Machine
from scada.engine.writing import Confirmed
from scada.model.handshake import AckResult, Done, Mode
from scada.model.modes import Wish
from scada.model.names import PassageId
from scada.store.db import Database
from tests.support.freezing import stands, thaw
from tests.support.hmi import write_config
from tests.support.house import ROOT
from tests.support.late_leader import lead_of, modbus_write, ua_writes
from tests.support.one_lane import Server, both, server
from tests.support.plc import shipped_map, until, virtual_plc
from tests.support.postgres import Postgres
from tests.support.store import made_database

pytestmark = pytest.mark.timeout(240)
WAKE_S = 2.0
"""So long it is listened to after it has woken up."""


@dataclass
class Recorder:
    """A line to a PLC; what comes from the server is kept in order."""

    to_port: int
    port: int = 0
    said: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection("127.0.0.1", self.to_port)

        async def answers() -> None:
            while data := await back.read(65_536):
                writer.write(data)

        answering = asyncio.create_task(answers())
        try:
            while data := await self._heard(reader):
                self.said.append(data)
                forth.write(data)
        finally:
            answering.cancel()
            forth.close()
            writer.close()

    async def _heard(self, reader: asyncio.StreamReader) -> bytes:
        with suppress(ConnectionError):
            return await reader.read(65_536)
        return b""

    def writes(self) -> int:
        """Count what wrote something."""
        return sum(modbus_write(one) or ua_writes(one) for one in self.said)


@dataclass
class Stage:
    """A PLC, a leader behind a recording line, and everything to take over from it."""

    site: TagMap
    lane: str
    device: str
    url: str
    machine: Machine
    wire: Recorder
    late: Process
    file: Path

    async def told(self, word: bytes) -> None:
        """Wait until the leader says this."""
        assert self.late.stdout is not None
        async with asyncio.timeout(90):
            while word not in (line := await self.late.stdout.readline()):
                assert line, "it has ended"

    async def stands_still(self, word: str) -> None:
        """Tell it to do something, and wait until it stands still over it."""
        assert self.late.stdin is not None
        self.late.stdin.write(f"{word}\n".encode())
        await until(partial(stands, self.late.pid), 30)

    @asynccontextmanager
    async def taken_over(self) -> AsyncIterator[Server]:
        """Let another server lead and hold the lane."""
        async with AsyncExitStack() as stack:
            lead = await lead_of(stack, self.file, "other", self.url)
            db = await stack.enter_async_context(Database(self.url, fence=lead.fence))
            here = await stack.enter_async_context(server(self.site, self.lane, self.device, db, lead.holds))
            await here.claim()
            yield here

    async def wakes(self) -> int:
        """Let the former leader go on; give how many writes came from it since."""
        before = self.wire.writes()
        thaw(self.late.pid)
        await asyncio.sleep(WAKE_S)
        return self.wire.writes() - before


@asynccontextmanager
async def stage(folder: Path, lane: str, device: str, moment: str) -> AsyncIterator[Stage]:
    url = await asyncio.to_thread(made_database, folder)
    site = await asyncio.to_thread(shipped_map)
    wire = Recorder(site.devices[device].port)
    files = []
    for name in ("late", "other"):
        (folder / name).mkdir()
        files.append(await asyncio.to_thread(write_config, folder / name))
    async with (
        virtual_plc(site, device, folder) as machine,
        await asyncio.start_server(wire.serve, "127.0.0.1") as line,
    ):
        wire.port = line.sockets[0].getsockname()[1]
        words = (str(files[0]), url, lane, device, str(wire.port), moment)
        late = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.support.late_leader", *words, stdin=PIPE, stdout=PIPE, cwd=ROOT
        )
        try:
            made = Stage(site, lane, device, url, machine, wire, late, files[1])
            await made.told(b"LEADS")
            yield made
        finally:
            if late.returncode is None:
                late.kill()
            await late.wait()


def opened(machine: Machine, lane: str) -> int:
    return machine.memories[lane].retained.opened


@pytest.mark.parametrize(
    ("lane", "device", "moment"),
    [
        ("in1", "plc1", "asked"),
        ("in1", "plc1", "waiting"),  # over OPC UA nothing waits for its link
        ("in1", "plc1", "hand"),
        ("out1", "ua1", "asked"),
        ("out1", "ua1", "hand"),
    ],
)
async def test_a_leader_that_wakes_late_opens_nothing(
    on_postgres: Postgres, tmp_path: Path, lane: str, device: str, moment: str
) -> None:
    async with stage(tmp_path, lane, device, moment) as play:
        play.machine.wire(lane, {"approach": True})
        await until(lambda: play.machine.memories[lane].now != 0)
        number = play.machine.memories[lane].now
        await play.stands_still(f"open {number}")
        async with play.taken_over() as other:
            assert await play.wakes() == (1 if moment == "hand" else 0)
            assert opened(play.machine, lane) == 0
            if moment == "hand":
                assert play.machine.memories[lane].result == AckResult.CLAIM
            assert await other.gatekeeper.open(PassageId("other"), number, "a test") == Done()
            await until(lambda: other.image().up.is_on)
            assert opened(play.machine, lane) == 1
            assert other.alarms == []


@both
@pytest.mark.parametrize("moment", ["asked", "hand"])
async def test_a_wish_for_a_mode_that_comes_late_never_stands_unseen(
    on_postgres: Postgres, tmp_path: Path, lane: str, device: str, moment: str
) -> None:
    """A wish has no number and no claim: one that was in the hand is taken. A person is told, and takes it back."""
    async with stage(tmp_path, lane, device, moment) as play:
        await play.stands_still("hold")
        async with play.taken_over() as other:
            assert await play.wakes() == (1 if moment == "hand" else 0)
            if moment == "asked":
                assert other.image().mode is Mode.AUTO
                return
            await until(lambda: other.image().mode is Mode.HOLD_OPEN)
            await until(lambda: other.alarms == ["MODE_UNASKED"], 30)
            assert await other.modes.ask(Wish(Mode.AUTO, "li")) == Confirmed()
            assert other.image().mode is Mode.AUTO
