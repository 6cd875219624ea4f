"""How links and queues do, as tags of the server: what a technician looks at first when a lane is slow."""

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from scada.engine.tags import TagTable
from scada.model.device import DeviceFigures
from scada.model.names import LaneName
from scada.model.tag import Access, Shape, TagName, TagSpec, Value
from scada.ports import Driver

PERIOD_S = 1.0
GROUP = "dev"
_MS_DEADBAND = 2.0
_POINTS: dict[str, tuple[Shape, str, str, str]] = {
    "state": (Shape.TEXT, "", "up, or why it is not", "连接状态"),
    "address": (Shape.TEXT, "", "the address that answers, or was tried last", "正在使用的地址"),
    "scan_ms": (Shape.NUMBER, "ms", "how long the last scan of the fastest class took", "最近一次扫描用时"),
    "round_trip_ms": (Shape.NUMBER, "ms", "how long the last request took", "最近一次请求用时"),
    "late_scans": (Shape.WHOLE, "", "scans that were not done when the next was due", "超时的扫描次数"),
    "reads": (Shape.WHOLE, "", "requests that read", "读请求次数"),
    "writes": (Shape.WHOLE, "", "requests that wrote", "写请求次数"),
    "errors": (Shape.WHOLE, "", "time-outs, malformed answers and lost links", "超时、错误应答和断线次数"),
    "refusals": (Shape.WHOLE, "", "exceptions that the device itself answered", "设备返回的异常次数"),
    "connects": (Shape.WHOLE, "", "connections that came about; the first is one", "建立连接的次数"),
    "waiting": (Shape.WHOLE, "", "writes that wait for the device", "等待发送的写请求"),
    "holes": (Shape.WHOLE, "", "places that the map wants and the device does not have", "设备缺少的地址"),
    "publishing_ms": (Shape.NUMBER, "ms", "the interval of the subscription, as the server revised it", "订阅发布间隔"),
    "certificate_days": (Shape.WHOLE, "d", "days until a certificate of the link ends", "证书剩余天数"),
    "why": (Shape.TEXT, "", "the last trouble", "最近一次故障"),
}
BUSY = frozenset({"reads", "writes"})
"""Figures that move with every second and say nothing later: they are no history."""


def device_tag(device: str, point: str) -> TagName:
    """Give the tag of one figure of a device: `dev.plc1.scan_ms`."""
    return TagName(f"{GROUP}.{re.sub('[^a-z0-9_]', '_', device.lower())}.{point}")


def device_specs(devices: Iterable[str]) -> list[TagSpec]:
    """Give the server's own tags of every device."""
    return [
        TagSpec(
            name=device_tag(device, point),
            device="",
            access=Access.READ,
            unit=unit,
            deadband=_MS_DEADBAND if shape is Shape.NUMBER else 0.0,
            description=f"{device}: {words}",
            description_zh=f"{device}：{words_zh}",
            shape=shape,
        )
        for device in devices
        for point, (shape, unit, words, words_zh) in _POINTS.items()
    ]


def box_specs(lanes: Iterable[LaneName]) -> list[TagSpec]:
    """Give the tags of the queues: how many waited at most in the last second."""
    lane_boxes = [TagName(f"{lane}.box.{box}") for lane in lanes for box in ("events", "tags")]
    return [
        TagSpec(name, "", Access.READ, description="waited in this queue at most", description_zh="队列中最多等待数")
        for name in (*lane_boxes, HISTORY_BOX)
    ]


HISTORY_BOX = TagName("site.box_history")


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
