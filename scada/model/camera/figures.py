"""What a camera measures of itself and its view, and how its tags are called."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from scada.model.tag import Access, Shape, TagName, TagSpec

GROUP = "camera"


@dataclass(frozen=True, slots=True)
class SceneFigures:
    """What a camera's process measures. None: not known yet, or not to be known of such a view.

    `fps` frames a second, `age_s` since the last one, `reopens` how often the source was opened anew.
    `brightness` is the mean of the picture (0 to 255), `dark` and `glare` the shares of it that are black or white.
    `focus` and `detail` compare with what is usual at such brightness (1 is as usual): how sharp the edges are, and
    how much of the view has any. `view` says how alike the edges are to those of the reference (1: the same), `shift`
    how far they lie from there, as a share of the width. `unkept` says why the last picture could not be kept.
    """

    fps: float = 0.0
    age_s: float | None = None
    reopens: int = 0
    brightness: float | None = None
    dark: float | None = None
    glare: float | None = None
    focus: float | None = None
    detail: float | None = None
    view: float | None = None
    shift: float | None = None
    unkept: str = ""


NOTHING_SEEN = SceneFigures()


POINTS: dict[str, tuple[Shape, str, float, str, str]] = {
    "trouble": (Shape.TEXT, "", 0.0, "what is wrong, empty if nothing is", "故障，空为正常"),
    "reader": (
        Shape.TEXT,
        "",
        0.0,
        "the back end that reads plates, its files, why no better one",
        "车牌识别后端及模型文件",
    ),
    "fps": (Shape.NUMBER, "1/s", 2.0, "frames a second", "每秒帧数"),
    "age_s": (Shape.NUMBER, "s", 1.0, "seconds since the last frame", "最近一帧距今秒数"),
    "reopens": (Shape.WHOLE, "", 0.0, "times the source was opened anew", "重新打开视频源次数"),
    "brightness": (Shape.NUMBER, "", 8.0, "mean of the picture, 0 to 255", "画面平均亮度（0–255）"),
    "dark": (Shape.NUMBER, "", 0.05, "share of the picture that is black", "画面过暗比例"),
    "glare": (Shape.NUMBER, "", 0.05, "share of the picture that is white", "画面过曝比例"),
    "focus": (
        Shape.NUMBER,
        "",
        0.05,
        "sharpness beside what is usual at such brightness",
        "清晰度（与同亮度基准之比）",
    ),
    "detail": (
        Shape.NUMBER,
        "",
        0.05,
        "how much of the view has edges, beside what is usual",
        "画面细节（与基准之比）",
    ),
    "view": (Shape.NUMBER, "", 0.05, "how alike the view is to the reference", "与参考画面的相似度"),
    "shift": (Shape.NUMBER, "", 0.01, "how far the view has moved, as a share of its width", "画面位移（占宽度比例）"),
    "passages": (Shape.WHOLE, "", 0.0, "passages in the window of the figures of reading", "统计窗口内的通行数"),
    "read_rate": (Shape.NUMBER, "", 0.005, "share of the passages whose plate was read", "识别率"),
    "under_gate": (
        Shape.NUMBER,
        "",
        0.005,
        "share of the passages read too faintly to be believed",
        "低于置信度门限的比例",
    ),
    "confidence_p10": (Shape.NUMBER, "", 0.01, "confidence that nine of ten reads reach", "置信度第10百分位"),
    "confidence_p50": (Shape.NUMBER, "", 0.01, "confidence that half of the reads reach", "置信度中位数"),
    "corrected": (Shape.NUMBER, "", 0.005, "share of the reads that turned out wrong", "被更正的比例"),
}
"""Shape, unit, deadband, and what it means in both languages."""

LANE_POINTS = ("camera.loops_hour", "camera.plates_hour", "camera.unread_hour")
"""Of every lane: vehicles by the loops and plates by the cameras in the last hour, and the share without a plate."""


def camera_tag(camera: str, point: str) -> TagName:
    """Give the tag of one figure of a camera: `camera.cam_in1.read_rate`."""
    return TagName(f"{GROUP}.{re.sub('[^a-z0-9_]', '_', camera.lower())}.{point}")


def camera_specs(cameras: Iterable[str]) -> list[TagSpec]:
    """Give the server's own tags of every camera."""
    return [
        TagSpec(
            name=camera_tag(camera, point),
            device="",
            access=Access.READ,
            unit=unit,
            deadband=deadband,
            description=f"{camera}: {words}",
            description_zh=f"{camera}：{words_zh}",
            shape=shape,
        )
        for camera in cameras
        for point, (shape, unit, deadband, words, words_zh) in POINTS.items()
    ]
