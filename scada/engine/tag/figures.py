"""How links and queues do, as tags of the server: what a technician looks at first when a lane is slow."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from scada.engine.tags import TagTable
from scada.model.device import DeviceFigures
from scada.model.figures import ALARMS_BOX, HISTORY_BOX, LANE_BOXES, device_tag
from scada.model.names import LaneName
from scada.model.tag import Access, TagName, TagSpec, Value
from scada.ports import Driver

PERIOD_S = 1.0


def box_specs(lanes: Iterable[LaneName]) -> list[TagSpec]:
    """Give the tags of the queues: how many waited at most in the last second."""
    lane_boxes = [TagName(f"{lane}.box.{box}") for lane in lanes for box in LANE_BOXES]
    return [
        TagSpec(name, "", Access.READ, description="waited in this queue at most", description_zh="队列中最多等待数")
        for name in (*lane_boxes, HISTORY_BOX, ALARMS_BOX)
    ]


class Figures:
    """Shows once a second how links and queues do."""

    def __init__(
        self, tags: TagTable, drivers: Callable[[], Sequence[Driver]], boxes: Mapping[TagName, Callable[[], int]]
    ) -> None:
        self._tags = tags
        self._drivers = drivers
        self._boxes = boxes

    async def run(self) -> None:
        """Show until cancelled."""
        while True:
            self.show()
            await asyncio.sleep(PERIOD_S)

    def show(self) -> None:
        """Show all figures as they are now, in one batch."""
        told: dict[TagName, Value] = {name: deepest() for name, deepest in self._boxes.items()}
        for driver in self._drivers():
            told |= _described(driver.figures())
        self._tags.set_all({name: value for name, value in told.items() if name in self._tags})


def _described(figures: DeviceFigures) -> Mapping[TagName, Value]:
    values: dict[str, Value] = {
        "state": figures.state.value,
        "address": figures.address,
        "scan_ms": round(figures.scan_ms, 2),
        "round_trip_ms": round(figures.round_trip_ms, 2),
        "late_scans": figures.late_scans,
        "reads": figures.reads,
        "writes": figures.writes,
        "errors": figures.errors,
        "refusals": figures.refusals,
        "connects": figures.connects,
        "waiting": figures.waiting,
        "holes": figures.holes,
        "publishing_ms": figures.publishing_ms,
        "certificate_days": figures.certificate_days,
        "why": figures.why,
    }
    return {device_tag(figures.device, point): value for point, value in values.items() if value is not None}
