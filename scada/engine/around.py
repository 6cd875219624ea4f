"""A driver around another one: it does what that one does, and a kind of it changes what it must."""

from scada.model.device import DeviceFigures
from scada.model.handshake import Answer, CommandBlock
from scada.model.tag import TagName, Value
from scada.ports import Driver


class DriverAround:
    """Implements `scada.ports.Driver` by another driver."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    @property
    def name(self) -> str:
        """The device's name in the device table."""
        return self._driver.name

    @property
    def tags(self) -> frozenset[TagName]:
        """The tags that live on this device."""
        return self._driver.tags

    async def run(self) -> None:
        """Let the driver run."""
        await self._driver.run()

    def figures(self) -> DeviceFigures:
        """Give the driver's figures."""
        return self._driver.figures()

    async def write(self, name: TagName, value: Value) -> None:
        """Write one tag once. Raises PlcError."""
        await self._driver.write(name, value)

    async def command(self, name: TagName, block: CommandBlock) -> Answer | None:
        """Send a command block once. Raises PlcError."""
        return await self._driver.command(name, block)
