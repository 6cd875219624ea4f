"""All links to devices: each runs in a task of its own, and one may be exchanged while the others go on."""

import asyncio
from collections.abc import Iterable, Sequence

import structlog

from scada.model.handshake import Answer, CommandBlock
from scada.model.tag import TagName, Value
from scada.ports import Driver, PlcError

log = structlog.get_logger()


class Links:
    """The drivers of a site by device. What is written finds its way by the tag's name."""

    def __init__(self, drivers: Iterable[Driver]) -> None:
        self._drivers = {driver.name: driver for driver in drivers}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None

    @property
    def drivers(self) -> Sequence[Driver]:
        """Give the drivers as they are now."""
        return tuple(self._drivers.values())

    async def run(self) -> None:
        """Run all drivers until cancelled; one that breaks ends all, and the supervisor begins anew."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            for device in self._drivers:
                self._start(device)
            await asyncio.Event().wait()

    async def stop(self, device: str) -> None:
        """Stop a device's driver and forget it; what nobody stops keeps its socket."""
        self._drivers.pop(device, None)
        task = self._tasks.pop(device, None)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    def start(self, driver: Driver) -> None:
        """Run a driver from now on."""
        self._drivers[driver.name] = driver
        self._start(driver.name)

    async def write(self, name: TagName, value: Value) -> None:
        """Write one tag once, wherever it lives. Raises PlcError."""
        await self._of(name).write(name, value)

    async def command(self, name: TagName, block: CommandBlock) -> Answer | None:
        """Send a command block once. Raises PlcError."""
        return await self._of(name).command(name, block)

    def _start(self, device: str) -> None:
        if self._group is not None:
            self._tasks[device] = self._group.create_task(self._drivers[device].run(), name=f"plc {device}")

    def _of(self, name: TagName) -> Driver:
        for driver in self._drivers.values():
            if name in driver.tags:
                return driver
        raise PlcError(f"write {name}: it is on no device")
