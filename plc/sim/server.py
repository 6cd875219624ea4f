"""A virtual PLC as a process: `python -m plc.sim.server --config FILE --device plc1`.

It serves its lanes over the protocol that the device table names, and the field side for the virtual car park.
"""

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import structlog

from plc.map.devices import Device
from plc.map.mapped import MappedTag
from plc.protocols.modbus import Modbus
from plc.sim.field import FieldSide
from plc.sim.guard import keys_beside
from plc.sim.machine import Machine, read_retained
from plc.sim.memory import Settings
from plc.sim.modbus_face import ModbusFace
from plc.sim.opcua_face import OpcUaFace
from plc.tagmap import TagMapError, read_map
from scada.clock import Clock, clock_from
from scada.config import Config, ConfigError, load
from scada.log import log_to_stderr

log = structlog.get_logger(__name__)


def main() -> int:
    """Run until told to stop. Exit code 2 says that configuration or tag map cannot be used."""
    arguments = argparse.ArgumentParser(description="Run one virtual PLC.")
    arguments.add_argument("--config", type=Path, required=True)
    arguments.add_argument("--device", required=True)
    options = arguments.parse_args()
    log_to_stderr(ours=logging.DEBUG)
    try:
        config = load(options.config)
        tag_map = read_map(config.beside(config.tags.map), config.beside(config.tags.devices), config.tags.protocols)
        device = tag_map.devices[options.device]
    except (ConfigError, TagMapError, KeyError) as error:
        log.error("cannot start", device=options.device, why=str(error))
        return 2
    try:
        asyncio.run(_until_stopped(config, device, tag_map.on(device.name)))
    except OSError as error:
        log.critical("a virtual plc has ended", device=device.name, why=str(error))
        return 1
    return 0


def _settings(config: Config) -> dict[str, Settings]:
    """Give what is set in the PLC of each lane that [sim.plc] names."""
    lanes = config.sim.plc if config.sim else {}
    return {
        lane: Settings(
            closing_fitted=one.closing_fitted, raise_when_lost=one.when_server_lost == "raise", two_way=one.two_way
        )
        for lane, one in lanes.items()
    }


async def _until_stopped(config: Config, device: Device, tags: tuple[MappedTag, ...]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    field_port = config.sim.field_ports[device.name] if config.sim else 0
    store = config.data / "sim" / f"{device.name}.json"
    async with AsyncExitStack() as stack:
        machine = await start(stack, device, tags, _settings(config), store, field_port, clock_from())
        print("READY", flush=True)  # noqa: T201
        waiting = [asyncio.create_task(one.wait()) for one in (stop, machine.ended)]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    log.info("stopped", device=device.name)


async def start(
    stack: AsyncExitStack,
    device: Device,
    tags: tuple[MappedTag, ...],
    settings: Mapping[str, Settings],
    store: Path,
    field_port: int,
    clock: Clock,
) -> Machine:
    """Start a virtual PLC on a stack that stops it."""
    kept = await asyncio.to_thread(read_retained, store)
    machine = Machine(sorted({tag.lane for tag in tags}), kept, settings, store)
    if isinstance(device.protocol, Modbus):
        await stack.enter_async_context(ModbusFace(machine, device, tags))
    else:
        await stack.enter_async_context(OpcUaFace(machine, device, tags, clock, keys_beside(store)))
    await stack.enter_async_context(FieldSide(machine, field_port))
    scanning = asyncio.create_task(machine.run(), name=f"scan of {device.name}")
    stack.push_async_callback(_finish, scanning)
    return machine


async def _finish(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    sys.exit(main())
