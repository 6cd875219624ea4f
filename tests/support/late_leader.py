"""A leader that stands still with a command in its hands: `python -m tests.support.late_leader …`.

The real lease, driver, gatekeeper, modes and book of one server. It says LEADS, does what it is told on its standard
input (`open NUMBER`, `hold`), and stops itself by SIGSTOP at the moment that was asked for; who started it lets it go
on. `asked`: the driver has not been asked yet. `waiting`: what is to be written waits for its link. `hand`: every
question has been asked, and the bytes go to the socket next.
"""

import asyncio
import os
import signal
import sys
from asyncio import selector_events
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from plc.transport.waiting import Rank, WaitingWrites, Write
from scada.config import Config, load
from scada.engine.command.guard import GuardedDriver
from scada.engine.lead import Desk, Follower, Lead, led
from scada.model.handshake import Answer, CommandBlock
from scada.model.names import PassageId
from scada.model.tag import TagName, Value, point_of
from scada.settings.stores import Standby
from scada.store.db import Database
from tests.support.one_lane import Server, server
from tests.support.plc import shipped_map, until

LEASE_S: Final = 5.0
MOMENTS: Final = ("asked", "waiting", "hand")
_TO_BE_CAUGHT: Final = ("cmd", "mode.wanted")


def _standing(file: Path, name: str) -> Config:
    """Read a configuration as that of one of two servers."""
    config = load(file)
    return config.model_copy(update={"standby": Standby(name=name, lease_s=LEASE_S)})


async def lead_of(stack: AsyncExitStack, file: Path, name: str, url: str) -> Lead:
    """Follow until this server leads, and hold its lead from then on."""
    desk = await asyncio.to_thread(lambda: Desk(_standing(file, name), url))
    lead = await Follower(desk, lambda _why: None).lead()
    await stack.enter_async_context(led(desk, lead))
    return lead


def main() -> None:
    """Lead, and stand still when it is time."""
    file, url, lane, device, port, moment = sys.argv[1:]
    asyncio.run(_lead(Path(file), url, lane, device, int(port), moment))


async def _lead(file: Path, url: str, lane: str, device: str, port: int, moment: str) -> None:
    site = await asyncio.to_thread(shipped_map)
    through = replace(site, devices={**site.devices, device: replace(site.devices[device], port=port)})
    async with AsyncExitStack() as stack:
        lead = await lead_of(stack, file, "late", url)
        db = await stack.enter_async_context(Database(url, fence=lead.fence))
        here = await stack.enter_async_context(server(through, lane, device, db, lead.holds))
        await here.claim()
        sys.stdout.write("LEADS\n")
        sys.stdout.flush()
        word, _, number = (await asyncio.to_thread(sys.stdin.readline)).partition(" ")
        _TRAPS[moment]()
        try:
            await _do(here, word, number)
        finally:
            await asyncio.to_thread(sys.stdin.readline)


async def _do(here: Server, word: str, number: str) -> None:
    if word == "open":
        await until(lambda: here.image().passage_now == int(number))
        done: object = await here.gatekeeper.open(PassageId("late"), int(number), "a test")
    else:
        done = await here.hold_open(600)
    sys.stdout.write(f"DONE {done}\n")
    sys.stdout.flush()


# --- where it stands still ---


def _stand_still() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _is_caught(name: str) -> bool:
    return point_of(TagName(name)) in _TO_BE_CAUGHT


def _before_the_driver() -> None:
    """Stop before the last question: whether this server leads."""
    command, write = GuardedDriver.command, GuardedDriver.write

    async def commanded(self: GuardedDriver, name: TagName, block: CommandBlock) -> Answer | None:
        _stand_still()
        return await command(self, name, block)

    async def written(self: GuardedDriver, name: TagName, value: Value) -> None:
        if _is_caught(name) and value != 0:
            _stand_still()
        await write(self, name, value)

    GuardedDriver.command, GuardedDriver.write = commanded, written  # type: ignore[method-assign]


def _in_the_queue() -> None:
    """Stop when a write has been let through and waits for its link."""
    take = WaitingWrites.take

    def taken(self: WaitingWrites) -> Write | None:
        waiting = [one for one in self._queues[Rank.COMMAND] if _is_caught(one.tag) and any(one.words)]
        if waiting:
            WaitingWrites.take = take  # type: ignore[method-assign]
            _stand_still()
        return take(self)

    WaitingWrites.take = taken  # type: ignore[method-assign]


def _at_the_socket() -> None:
    """Stop with the bytes in the hand: after every question, before the system call."""
    transport: Any = selector_events._SelectorSocketTransport  # type: ignore[attr-defined]
    command, write = GuardedDriver.command, GuardedDriver.write
    plain, armed = transport.write, [False]

    async def commanded(self: GuardedDriver, name: TagName, block: CommandBlock) -> Answer | None:
        armed[0] = True
        return await command(self, name, block)

    async def written(self: GuardedDriver, name: TagName, value: Value) -> None:
        armed[0] = armed[0] or (_is_caught(name) and value != 0)
        await write(self, name, value)

    def sent(self: Any, data: bytes) -> None:  # noqa: ANN401 - asyncio's own
        if armed[0] and _writes(data):
            transport.write = plain
            _stand_still()
        plain(self, data)

    GuardedDriver.command, GuardedDriver.write = commanded, written  # type: ignore[method-assign]
    transport.write = sent


MODBUS_WRITES: Final = (5, 6, 15, 16)
UA_WRITES: Final = (b"\x01\x00\xa1\x02", b"\x01\x00\xc8\x02")
"""WriteRequest (673) and CallRequest (712), as a message names them."""
HEARTBEATS: Final = (1024,)
UA_HEARTBEAT: Final = b".Hb.Server\x0d"
"""The end of its NodeId, and that its value is meant."""


def _writes(data: bytes) -> bool:
    """Say whether these bytes write something that is no heartbeat, over either protocol."""
    return modbus_write(data) or ua_writes(data) > 0


def ua_writes(data: bytes) -> int:
    """Count what writes or calls in these bytes over OPC UA, heartbeats apart."""
    return max(0, sum(map(data.count, UA_WRITES)) - data.count(UA_HEARTBEAT))


def modbus_write(data: bytes) -> bool:
    """Say whether this is a Modbus request that writes, a heartbeat apart."""
    is_modbus = len(data) >= 12 and data[2:4] == b"\0\0" and int.from_bytes(data[4:6]) == len(data) - 6
    return is_modbus and data[7] in MODBUS_WRITES and int.from_bytes(data[8:10]) not in HEARTBEATS


_TRAPS: Final = {"asked": _before_the_driver, "waiting": _in_the_queue, "hand": _at_the_socket}

if __name__ == "__main__":
    main()
