"""The virtual PLC as the process it is: READY when it serves, a field side, a memory that survives being killed."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from scada.sim.trial.ports import free_port
from tests.support.plc import SHIPPED

ROOT = Path(__file__).parents[2]


def write_site(folder: Path, field_port: int) -> Path:
    shipped = (ROOT / "config.toml").read_text(encoding="utf-8")
    devices = (SHIPPED / "devices.csv").read_text(encoding="utf-8").replace(",5020,", f",{free_port()},")
    (folder / "devices.csv").write_text(devices, encoding="utf-8")
    site = shipped.replace('devices = "plc/sim/devices.csv"', f'devices = "{folder / "devices.csv"}"')
    site = site.replace('map = "plc/sim/tags.csv"', f'map = "{SHIPPED / "tags.csv"}"')
    site = site.replace('[site]\nid = "demo"', f'[site]\nid = "demo"\ndata = "{folder / "data"}"')
    site = site.replace("plc1 = 8093", f"plc1 = {field_port}")
    (folder / "config.toml").write_text(site, encoding="utf-8")
    return folder / "config.toml"


@asynccontextmanager
async def process(config: Path, end: signal.Signals) -> AsyncIterator[None]:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "plc.sim.server", "--config", str(config), "--device", "plc1"),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert child.stdout is not None
    try:
        assert await asyncio.wait_for(child.stdout.readline(), 60) == b"READY\n"
        yield
    finally:
        child.send_signal(end)
        code = await asyncio.wait_for(child.wait(), 60)
    assert code == (0 if end is signal.SIGTERM else -signal.SIGKILL)


async def field(port: int, changes: dict[str, object]) -> dict[str, dict[str, object]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(json.dumps(changes).encode() + b"\n")
    answer: dict[str, dict[str, object]] = json.loads(await reader.readline())
    writer.close()
    await writer.wait_closed()
    return answer


async def passage_is(number: int, port: int) -> None:
    async with asyncio.timeout(40):
        while (await field(port, {}))["in1"]["passage_now"] != number:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.01)


async def test_a_killed_plc_never_gives_a_passage_number_twice(tmp_path: Path) -> None:
    port = free_port()
    config = await asyncio.to_thread(write_site, tmp_path, port)
    async with process(config, signal.SIGKILL):
        await field(port, {"in1": {"approach": True}})
        await passage_is(1, port)
    async with process(config, signal.SIGTERM):
        await field(port, {"in1": {"approach": True}})
        await passage_is(2, port)
        assert "error" in await field(port, {"in1": {"loop": True}})
        assert "error" in await field(port, {"in9": {"approach": True}})
