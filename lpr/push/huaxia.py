"""华夏 Huaxia, mode 5: a form over HTTP POST (maker's document v1.12; to verify on hardware).

`gpio_data` in the answer drives outputs, so there is none in ours: only that the message has come.
"""

from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs

from lpr.push.words import Answer, NoRead, Post, Pushed, PushError, Read, answer, moment, whole
from scada.model.plate import PlateColour

_BEIJING = timezone(timedelta(hours=8))
_NO_PLATE = ("", "无牌车", "未识别", "车牌识别失败")
_COLOURS = {"蓝": PlateColour.BLUE, "黄": PlateColour.YELLOW, "白": PlateColour.WHITE}
_COLOURS |= {"黑": PlateColour.BLACK, "绿": PlateColour.GREEN}
_MOST_FIELDS = 64
_FULL = 0.9
"""The form has no confidence: what a unit names, it is as sure of as this."""


def take(post: Post) -> tuple[Pushed, Answer]:
    """Read a message and say how it is answered. Raises PushError."""
    form = _form(post.body)
    told = answer(error_num=0, error_str="noerror")
    serial, kind, text = form.get("cam_id", ""), form.get("type", ""), form.get("plate_num", "")
    if kind not in ("online", "offline") or text in _NO_PLATE:
        return NoRead(serial, kind[:32] or "form"), told
    began = form.get("start_time", "")
    return Read(
        serial=serial,
        text=text,
        share=_FULL,
        colour=next(
            (one for sign, one in _COLOURS.items() if sign in form.get("plate_color", "")), PlateColour.UNKNOWN
        ),
        key=f"{began} {text}",
        at=_time(began),
        late=kind == "offline",
    ), told


def _form(body: bytes) -> dict[str, str]:
    for encoding in ("utf-8", "gbk"):
        try:
            fields = parse_qs(body.decode("ascii"), encoding=encoding, errors="strict", max_num_fields=_MOST_FIELDS)
        except UnicodeDecodeError:
            continue
        except ValueError as error:
            raise PushError("too many fields") from error
        return {name: values[0].strip()[:64] for name, values in fields.items()}
    raise PushError("the form is neither UTF-8 nor GBK")


def _time(text: str) -> datetime | None:
    """Read seconds since 1970, or the local time as text."""
    if seconds := whole(text):
        return moment(float(seconds))
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=_BEIJING)
