"""What only a drill can do, because the site itself belongs to it: orders at its desk, processes that die."""

from collections.abc import Mapping
from typing import Protocol

from scada.model.names import LaneName


class NoCurtain(Exception):
    """Only a drill can do this: the site is not ours."""


class Backstage(Protocol):
    """What only a drill can do."""

    async def kill(self, part: str) -> None:
        """Kill a process of the site; its keeper starts it again."""

    async def unplug(self, part: str) -> None:
        """Keep a process down."""

    async def plug(self, part: str) -> None:
        """Start a process that was kept down, and wait until it serves."""

    async def tell(self, lane: LaneName, path: str, content: Mapping[str, object]) -> object:
        """Give an order at the control room."""

    async def office(self, *words: str) -> int:
        """Give a command of `daozha` at the office's terminal; gives its exit code."""

    @property
    def second(self) -> Mapping[str, str]:
        """Name and password of a second person, as an order takes them."""

    def at_desk(self, present: bool) -> None:
        """Let the operator decide cases, or not."""

    async def tags(self) -> Mapping[str, object]:
        """Give the tags as the control room shows them."""

    async def alarms(self, lane: LaneName, code: str) -> int:
        """Say how often an alarm was raised at a lane since the scenario began."""
