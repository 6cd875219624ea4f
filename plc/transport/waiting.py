"""Writes that wait for a link: commands before heartbeats, none kept for a link that is down."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum

from scada.clock import boot_seconds
from scada.ports import PlcError

MAX_WAITING = 32
"""More than this and the device is not keeping up: refused rather than late."""
LONGEST_WAIT_S = 2.0
"""A write that has waited longer is not sent: this process stood still, and who knows what has become of its leave."""


class Rank(IntEnum):
    """Which write goes first."""

    COMMAND = 0
    HEARTBEAT = 1


@dataclass(slots=True, eq=False)
class Write:
    """One write and whoever awaits it."""

    words: tuple[int, ...]
    tag: str
    put_s: float = field(default_factory=boot_seconds)
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class WaitingWrites:
    """The writes of one device. Closed until the link is up; a write whose caller has gone is never sent."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._queues: dict[Rank, deque[Write]] = {rank: deque() for rank in Rank}
        self._arrived = asyncio.Event()
        self._open = False

    @property
    def depth(self) -> int:
        """How many writes wait."""
        return sum(len(queue) for queue in self._queues.values())

    def open(self) -> None:
        """Take writes from now on."""
        self._open = True

    def close(self, why: str) -> None:
        """Take none, and tell those who wait that theirs was not sent."""
        self._open = False
        for queue in self._queues.values():
            while queue:
                write = queue.popleft()
                if not write.done.done():
                    write.done.set_exception(PlcError(f"write {write.tag} on {self._device}: not sent: {why}"))

    async def put(self, rank: Rank, tag: str, words: tuple[int, ...]) -> None:
        """Have it written and wait for that. Raises PlcError."""
        if not self._open:
            raise PlcError(f"write {tag} on {self._device}: not sent: not connected")
        if len(self._queues[rank]) >= MAX_WAITING:
            raise PlcError(f"write {tag} on {self._device}: not sent: {MAX_WAITING} writes are waiting")
        write = Write(words, tag)
        self._queues[rank].append(write)
        self._arrived.set()
        await write.done

    def ring(self) -> None:
        """Wake whoever waits: there is something to look at."""
        self._arrived.set()

    def take(self) -> Write | None:
        """Give the next write that somebody still awaits and that is not too late."""
        for rank in Rank:
            queue = self._queues[rank]
            while queue:
                write = queue.popleft()
                if write.done.done():
                    continue
                if boot_seconds() - write.put_s <= LONGEST_WAIT_S:
                    return write
                why = f"it waited for more than {LONGEST_WAIT_S:g} s"
                write.done.set_exception(PlcError(f"write {write.tag} on {self._device}: not sent: {why}"))
        self._arrived.clear()
        return None

    async def wait(self, within_s: float) -> None:
        """Wait until a write has come, somebody rings, or the time is over."""
        timer = asyncio.get_running_loop().call_later(within_s, self.ring)
        try:
            await self._arrived.wait()
        finally:
            timer.cancel()
