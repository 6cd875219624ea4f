"""The book of a lane's barrier: how long a fault stopped it, and what its PLC measured of each opening."""

import asyncio

from scada.engine.lane.perform import LaneParts
from scada.model.lane.image import LaneImage
from scada.model.lane.states import Faulted, Lane
from scada.model.names import LaneName
from scada.model.tag import TagName
from scada.store import barriers

MEASURED_S = 1.0
"""A PLC's times come with another block than its limit switches: so long after the boom is down they are there."""


class Barrier:
    """Writes what the books want to know of one lane's barrier; the lane has decided already."""

    def __init__(self, lane: LaneName, parts: LaneParts) -> None:
        self._lane = lane
        self._parts = parts
        self._fault: str | None = None

    async def begins(self, lane: Lane) -> None:
        """Go on where a former server stopped: what it left open may have ended."""
        self._fault = _fault_of(lane)
        await self._stand()

    async def stepped(self, before: LaneImage, lane: Lane, group: asyncio.TaskGroup) -> None:
        """Look at what a step has changed."""
        if (fault := _fault_of(lane)) != self._fault:
            self._fault = fault
            await self._stand()
        if before.down.is_off and lane.image.down.is_on:
            group.create_task(self._measured(lane.image.rise_count), name=f"cycle of {self._lane}")

    async def _stand(self) -> None:
        site, lane, fault, at = self._parts.site, self._lane, self._fault, self._parts.clock.now()
        await self._parts.db.write(lambda conn: barriers.stand(conn, site, lane, fault, at))

    async def _measured(self, count: int) -> None:
        """Write down the times of the opening that is over, if the PLC gives them."""
        site, lane, at = self._parts.site, self._lane, self._parts.clock.now()
        await asyncio.sleep(MEASURED_S)
        up, down = self._time("open_ms"), self._time("close_ms")
        if up and down:
            await self._parts.db.write(lambda conn: barriers.add_cycle(conn, site, lane, at, count, up, down))

    def _time(self, point: str) -> int | None:
        name, tags = TagName(f"{self._lane}.time.{point}"), self._parts.tags
        if name not in tags:
            return None
        tag = tags.get(name)
        return int(tag.value) if isinstance(tag.value, int | float) and tag.quality.is_good else None


def _fault_of(lane: Lane) -> str | None:
    return lane.state.fault.name if isinstance(lane.state, Faulted) else None
