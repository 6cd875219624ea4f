"""A device that is switched to *simulated*: nothing is connected, and its tags hold what is written to them.

Everything it tells is FORCED, so that nobody takes it for a reading. No gate is commanded through it: its heartbeat
stands still, and a command is refused.
"""

import asyncio
from collections.abc import Sequence

from plc.map.devices import Device
from plc.map.mapped import MappedTag
from plc.registers import Kind
from plc.transport.tally import Tally
from scada.model.device import DeviceFigures, LinkState
from scada.model.handshake import Answer, CommandBlock
from scada.model.tag import Access, Quality, TagName, TagUpdate, Value
from scada.ports import PlcError, TagSink

REFRESH_S = 0.15
"""How often all tags are told again: well below the least `stale_ms`."""


class SimulatedDriver:
    """In place of the link to a device."""

    def __init__(self, device: Device, tags: Sequence[MappedTag], sink: TagSink) -> None:
        self._device, self._sink = device, sink
        self._tags = {tag.name: tag for tag in tags}
        self._values: dict[TagName, Value] = {tag.name: _first(tag) for tag in tags if tag.is_read}
        self._tally = Tally(device.name, LinkState.SIMULATED)

    @property
    def name(self) -> str:
        """The device's name in the device table."""
        return self._device.name

    @property
    def tags(self) -> frozenset[TagName]:
        """The tags that would live on this device."""
        return frozenset(self._tags)

    async def run(self) -> None:
        """Tell all tags again and again until cancelled."""
        while True:
            self._sink([TagUpdate(name, value, Quality.FORCED) for name, value in self._values.items()])
            await asyncio.sleep(REFRESH_S)

    async def write(self, name: TagName, value: Value) -> None:
        """Let a tag hold a value. Raises PlcError for a tag that may not be written."""
        tag = self._tags.get(name)
        if tag is None or tag.spec.access is Access.READ:
            raise PlcError(f"write {name} on {self.name}, which is simulated: no tag that may be written")
        self._tally.writes += 1
        if name in self._values:
            self._values[name] = value
            self._sink([TagUpdate(name, value, Quality.FORCED)])

    async def command(self, name: TagName, block: CommandBlock) -> Answer | None:
        """Refuse: nothing would move. Raises PlcError."""
        raise PlcError(f"command {name} on {self.name}: it is simulated, nothing would move")

    def figures(self) -> DeviceFigures:
        """Say that it is simulated."""
        return self._tally.figures(waiting=0)


def _first(tag: MappedTag) -> Value:
    """Give what a tag holds before anything is written: what is safe, else nothing of its kind."""
    if tag.spec.safe is not None:
        return tag.spec.safe
    if tag.kind is Kind.BOOL:
        return False
    return "" if tag.kind is Kind.STRING else 0
