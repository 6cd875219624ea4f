"""The tags of the server itself, for every lane and for the site (`lanes.md` §12)."""

from scada.model.names import LaneName
from scada.model.tag import Access, TagName, TagSpec

_LANE_POINTS = (
    ("lane.state", "State of the lane", "车道状态"),
    ("passage", "Live passage, our id", "当前过车"),
    ("plate.text", "Plate read", "车牌"),
    ("plate.confidence", "Confidence of the reading, 0 to 1", "识别置信度"),
    ("plate.colour", "Ground colour of the plate", "车牌颜色"),
    ("plate.agreeing", "Frames that agree", "一致帧数"),
    ("plate.by", "Who says so: camera, driver or operator", "车牌来源"),
    ("stay", "Stay of the car", "停车记录"),
    ("quote.due_fen", "What is still to be paid", "应付金额"),
    ("quote.minutes", "Minutes parked", "停车时长"),
    ("camera.ok", "A camera gives fresh frames", "相机正常"),
    ("picture", "Picture of the passage", "过车图片"),
    ("case", "What a person must decide", "待处理"),
    ("alarm", "Last alarm", "最近报警"),
    ("display", "What the lane's display shows", "显示内容"),
    ("gate.open_answer", "Answer to the gate-open request", "开闸请求应答"),
)
_SITE_POINTS = (
    ("site.stays_open", "Stays now open", "场内车辆"),
    ("site.stays_seq", "Moves whenever a stay begins, is paid or ends", "停车记录变动号"),
    ("site.plant_lag_ms", "Lateness of the plant's loop, p99 over 10 s", "主循环延迟"),
)


def lane_tags(lane: LaneName) -> tuple[TagSpec, ...]:
    """Give the server's tags of one lane; only the gate-open request may be written by the write path."""
    own = tuple(_spec(f"{lane}.{point}", text, text_zh) for point, text, text_zh in _LANE_POINTS)
    request = _spec(f"{lane}.gate.open_request", "Somebody asks for the opening", "开闸请求", Access.READ_WRITE)
    return (*own, request)


def site_tags() -> tuple[TagSpec, ...]:
    """Give the server's tags of the site."""
    return tuple(_spec(*point) for point in _SITE_POINTS)


def _spec(name: str, text: str, text_zh: str, access: Access = Access.READ) -> TagSpec:
    return TagSpec(TagName(name), "", access, description=text, description_zh=text_zh)
