"""Drivers in memory: how often each was started and stopped, and what was written to it."""

import asyncio

from scada.model.device import DeviceFigures
from scada.model.handshake import Answer, CommandBlock
from scada.model.tag import TagName, Value


class Wire:
    """A driver that remembers how often it was started and stopped, and what was written."""

    def __init__(self, name: str, *tags: str) -> None:
        self.name = name
        self.tags = frozenset(TagName(tag) for tag in tags)
        self.starts = self.stops = 0
        self.written: list[tuple[TagName, Value]] = []

    async def run(self) -> None:
        self.starts += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.stops += 1

    async def write(self, name: TagName, value: Value) -> None:
        self.written.append((name, value))

    async def command(self, name: TagName, block: CommandBlock) -> Answer | None:
        self.written.append((name, block.seq))
        return None

    def figures(self) -> DeviceFigures:
        return DeviceFigures(self.name)
