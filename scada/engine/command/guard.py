"""Drivers that write only while this server leads: the last question before a word goes to a PLC.

Reading is anybody's. What the guard has let through waits `LONGEST_WAIT_S` for its link at most, which is less than
the margin by which a leader stops before another can begin (docs/decisions/0075).
"""

from collections.abc import Callable, Iterable

from scada.engine.around import DriverAround
from scada.model.handshake import Answer, CommandBlock
from scada.model.tag import TagName, Value
from scada.ports import Driver, PlcError


class GuardedDriver(DriverAround):
    """Does what its driver does, as long as it may write."""

    def __init__(self, driver: Driver, leads: Callable[[], bool]) -> None:
        super().__init__(driver)
        self._leads = leads

    async def write(self, name: TagName, value: Value) -> None:
        """Write one tag once. Raises PlcError."""
        self._must_lead(name)
        await super().write(name, value)

    async def command(self, name: TagName, block: CommandBlock) -> Answer | None:
        """Send a command block once. Raises PlcError."""
        self._must_lead(name)
        return await super().command(name, block)

    def _must_lead(self, name: TagName) -> None:
        if not self._leads():
            raise PlcError(f"write {name} on {self.name}: not sent: this server does not lead")


def guarded(drivers: Iterable[Driver], leads: Callable[[], bool]) -> list[Driver]:
    """Guard every driver."""
    return [GuardedDriver(driver, leads) for driver in drivers]
