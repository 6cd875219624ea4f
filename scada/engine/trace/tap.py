"""A driver whose writes and commands are noted on their way: the black box sees outputs as well as inputs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict

from scada.engine.around import DriverAround
from scada.engine.trace.ring import Note
from scada.model.handshake import Answer, CommandBlock
from scada.model.tag import TagName, Value
from scada.ports import Driver, PlcError

Tell = Callable[[TagName, Note], None]


class TappedDriver(DriverAround):
    """Does what its driver does, and tells each write before it goes out and what became of it."""

    def __init__(self, driver: Driver, tell: Tell) -> None:
        super().__init__(driver)
        self._tell = tell

    async def write(self, name: TagName, value: Value) -> None:
        """Write one tag once. Raises PlcError."""
        self._tell(name, Note("write", name, value))
        try:
            await super().write(name, value)
        except PlcError as error:
            self._tell(name, Note("failed", name, str(error)))
            raise
        self._tell(name, Note("done", name))

    async def command(self, name: TagName, block: CommandBlock) -> Answer | None:
        """Send a command block once. Raises PlcError."""
        self._tell(name, Note("write", name, told_of(block)))
        try:
            answer = await super().command(name, block)
        except PlcError as error:
            self._tell(name, Note("failed", name, str(error)))
            raise
        if answer is None:
            self._tell(name, Note("done", name))
        else:
            self._tell(name, Note("answer", name, {"seq": answer.seq, "result": answer.result.name}))
        return answer


def told_of(block: CommandBlock) -> Mapping[str, object]:
    """Say a command's fields; its code by name."""
    return {**asdict(block), "code": block.code.name}


def tapped(drivers: Iterable[Driver], tell: Tell) -> list[Driver]:
    """Tap every driver."""
    return [TappedDriver(driver, tell) for driver in drivers]
