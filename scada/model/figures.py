"""The server's own tags: how they are called, and what the figures of a device's link mean."""

import re
from collections.abc import Collection, Iterable

from scada.model.camera.figures import GROUP as CAMERAS
from scada.model.camera.figures import LANE_POINTS
from scada.model.display import GROUP as DISPLAYS
from scada.model.tag import Access, Shape, TagName, TagSpec, lane_of, point_of

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

OF_MONEY = ("payments", "paid_fen")
"""How often and how much was paid since the server began: at a lane, and at the site altogether. Nobody's name."""
OF_LANE = (
    "lane.state",
    "lane.ways",
    "lane.troubles",
    "passage",
    "plate.text",
    "plate.confidence",
    "plate.colour",
    "plate.agreeing",
    "plate.by",
    "stay",
    "quote.due_fen",
    "quote.minutes",
    "picture",
    "case",
    "alarm",
    "degraded",
    "display",
    "camera.ok",
    "scanner.ok",
    *LANE_POINTS,
    "mode.period",
    "gate.open_answer",
    "gate.verdict",
    "gate.answer_ms",
    *OF_MONEY,
    "help.state",
    "help.since",
)
OF_HISTORY = (
    "history_memory",
    "history_queue",
    "history_queue_mb",
    "history_queue_age_s",
    "history_lost",
    "history_thinned",
    "history_dead",
    "history_send_errors",
    "history_trouble",
)
"""How the recording of history does (`scada.model.recording`)."""
RECORDING = frozenset({"tag_changes", "history_points", *OF_HISTORY[:4]})
"""Figures that every recording moves: recording them would never end."""
OF_ALARMS = (
    "alarms_seq",
    "alarms_p1",
    "alarms_p2",
    "alarms_p3",
    "alarms_p4",
    "alarms_unacked",
    "alarms_sounding",
    "alarms_flood",
)
"""How many alarms stand, and whether one sounds; `alarms_seq` moves when the list has changed."""
OF_SITE = (
    "stays_open",
    "stays_seq",
    "plant_lag_ms",
    "tag_changes",
    "history_points",
    "forced",
    "pictures_mb",
    "pictures_trouble",
    *OF_HISTORY,
    *OF_ALARMS,
    "retention_trouble",
    "database_trouble",
    "clock_error_s",
    "clock_source",
    "disk_free_gb",
    "process_restarts",
    "threads",
    "descriptors_pct",
    "certificate_days",
    "certificate",
    "standby",
    "lead_moved",
    "reports_trouble",
    "notify_trouble",
    "cases_seq",
    "cases_open",
    "cases_unanswered",
    "cases_oldest",
    "today_payments",
    "today_fen",
    *OF_MONEY,
)
OF_ZONE = ("cars", "free", "drift", "oversold")
"""The server's own points of a lane, of the site and of a zone."""
LANE_BOXES = ("events", "tags")
"""The queues of a lane."""
HISTORY_BOX = TagName("site.box_history")
ALARMS_BOX = TagName("site.box_alarms")
_ASKS = frozenset({"gate.open_request", "gate.open_answer"})
_LANE_POINTS = frozenset({*OF_LANE, *(f"box.{box}" for box in LANE_BOXES)})
_NAMES = frozenset({*(f"site.{point}" for point in OF_SITE), HISTORY_BOX, ALARMS_BOX})


def is_own(name: TagName, lanes: Collection[str]) -> bool:
    """Say whether a name is one of the server's own, which no device may say; `lanes` are those that a map knows."""
    lane, point = lane_of(name), point_of(name)
    if lane == "zone":
        return point.rpartition(".")[2] in OF_ZONE
    return (
        lane in (GROUP, CAMERAS, DISPLAYS)
        or name in _NAMES
        or point in _ASKS
        or (lane in lanes and point in _LANE_POINTS)
    )


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
