"""The serving process: `python -m plc.serve --config FILE`. It reads the plant over the bridge and changes nothing."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import structlog

from plc.map.sheet import SheetError, read_sheet
from plc.serve.catalogue import Served, from_json
from plc.serve.door import APP
from plc.serve.modbus import ModbusServer
from plc.serve.opcua import OpcUaServer
from plc.serve.picture import Picture
from plc.serve.table import Entry, read_table, unserved
from plc.ua.keys import KeyFolder, KeysError
from scada.alive import live, say_ready
from scada.bridge import Bridge, Value
from scada.clock import Clock, clock_from
from scada.config import Config, ConfigError, load
from scada.log import log_to_stderr
from scada.model.tag import TagName
from scada.settings.stores import Serve, ServeModbus

COURTESY = 5
"""How much the plant and its other processes go before this one."""
LOOK_S = 1.0
"""How often it is seen whether the plant is another one, with other tags."""

log = structlog.get_logger()


class MapFlawed(Exception):
    """The published Modbus map cannot be used; the message says where."""


def main() -> None:
    """Read the command line and serve until SIGTERM; exit code 2 on a bad configuration."""
    parser = argparse.ArgumentParser(prog="python -m plc.serve")
    parser.add_argument("--config", type=Path, default=Path("config.toml"))
    arguments = parser.parse_args()
    log_to_stderr(ours=logging.DEBUG)
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    os.nice(COURTESY)
    try:
        config = load(arguments.config)
        if config.serve is None:
            raise ConfigError(f"{arguments.config}: there is no section [serve]: nothing is served")
        asyncio.run(run(config, config.serve, clock_from()))
    except (ConfigError, MapFlawed, KeysError) as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from error
    except OSError as error:
        sys.stderr.write(f"serve: {error}\n")
        raise SystemExit(1) from error


async def run(config: Config, serve: Serve, clock: Clock) -> None:
    """Serve until told to stop, or until the plant has other tags: then the supervisor starts us anew."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    picture = Picture()
    async with AsyncExitStack() as stack:
        bridge = Bridge(config.socket(APP), APP)
        picture.follow(bridge)
        bridge.start()
        stack.push_async_callback(asyncio.to_thread, bridge.close)
        catalogue = await asyncio.to_thread(fetch, bridge)
        opcua = None
        if serve.opcua is not None:
            keys = KeyFolder(config.data)
            opcua = OpcUaServer(serve.opcua, catalogue, picture, bridge, keys, clock)
            await stack.enter_async_context(opcua)
        if serve.modbus is not None:
            entries = await asyncio.to_thread(_entries, config, serve.modbus, catalogue)
            await stack.enter_async_context(ModbusServer(serve.modbus, entries, picture, clock))
        say_ready()
        log.info("other systems are served", tags=len(catalogue))
        async with asyncio.TaskGroup() as work:
            tasks = [work.create_task(live())]
            if opcua is not None:
                tasks.append(work.create_task(opcua.run()))
            await _stopped_or_outdated(stop, bridge, catalogue)
            for task in tasks:
                task.cancel()


def fetch(bridge: Bridge) -> dict[TagName, Served]:
    """Ask the plant for all served tags; wait for it as long as it takes. Blocks."""
    tags: list[Served] = []
    while True:
        reply = bridge.ask("catalogue", {"first": len(tags)}, within_s=2.0)
        match reply:
            case Value({"tags": [*rows], "total": int(total)}):
                tags += [from_json(row) for row in rows]
                if len(tags) >= total:
                    return {tag.name: tag for tag in tags}
            case _:
                tags = []


def _entries(config: Config, settings: ServeModbus, catalogue: Mapping[TagName, Served]) -> Sequence[Entry]:
    """Read the published map. Raises MapFlawed with every flaw; a row that is not served is told and stays bad."""
    path = config.beside(settings.map)
    try:
        entries, flaws = read_table(read_sheet(path))
    except SheetError as error:
        raise MapFlawed(f"{error}; write it with: daozha serve map --write") from error
    if flaws:
        raise MapFlawed("\n".join(f"{path}:{flaw.line}: {flaw.column}: {flaw.text}; {flaw.remedy}" for flaw in flaws))
    for flaw in unserved(entries, catalogue):
        log.warning("a row of the modbus map reads as bad", line=flaw.line, why=flaw.text)
    return entries


async def _stopped_or_outdated(stop: asyncio.Event, bridge: Bridge, catalogue: Mapping[TagName, Served]) -> None:
    plant = bridge.hello.get("plant")
    while not stop.is_set():
        if bridge.is_linked and bridge.hello.get("plant") != plant:
            plant = bridge.hello.get("plant")
            if await asyncio.to_thread(fetch, bridge) != catalogue:
                log.warning("the plant serves other tags now: serving starts anew")
                return
        try:
            async with asyncio.timeout(LOOK_S):
                await stop.wait()
        except TimeoutError:
            continue


if __name__ == "__main__":
    main()
