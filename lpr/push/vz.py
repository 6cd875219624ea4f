"""臻识 VZ and its rebrands: JSON over HTTP POST, `AlarmInfoPlate` (maker's document v1.9.7; to verify on hardware).

Any answer whose `info` is the maker's word of assent opens the unit's own barrier output. Ours has another word there,
and no field that drives an output. Some firmware repeats for ever unless it is told `retransfer_stop`. What an RS-485
board behind the unit is to show goes along in `serialData`.
"""

import base64
import json
from collections.abc import Sequence

from lpr.push.words import (
    Answer,
    NoRead,
    Post,
    Pushed,
    PushError,
    Read,
    answer,
    bytes_from,
    inside,
    moment,
    object_from,
    percent,
    whole,
    word,
)
from scada.model.plate import PlateColour

_COLOURS = {
    1: PlateColour.BLUE,
    2: PlateColour.YELLOW,
    3: PlateColour.WHITE,
    4: PlateColour.BLACK,
    5: PlateColour.GREEN,
    6: PlateColour.LIMEGREEN,
}
_NO_PLATE = ("", "_无_", "无", "无牌车", "_NONE_")


def take(post: Post) -> tuple[Pushed, Answer]:
    """Read a message and say how it is answered. Raises PushError."""
    if "json" not in post.content_type and not post.body.lstrip().startswith(b"{"):
        return NoRead("", "heartbeat"), Answer()
    content = object_from(post.body)
    alarm = content.get("AlarmInfoPlate")
    if not isinstance(alarm, dict):
        serial = next((word(inside(part, "serialno")) for part in content.values() if isinstance(part, dict)), "")
        return NoRead(serial, ", ".join(sorted(content))[:64]), Answer()
    result = inside(alarm, "result", "PlateResult")
    if not isinstance(result, dict):
        raise PushError("AlarmInfoPlate without result.PlateResult")
    serial, number = word(alarm.get("serialno")), whole(result.get("plateid"))
    late = whole(result.get("isoffline")) == 1
    text = word(result.get("license"), 24)
    told = _answer(number, late=late)
    at = moment(whole(inside(result, "timeStamp", "Timeval", "sec")) + _fraction(result))
    if text in _NO_PLATE:
        return NoRead(serial, "no plate"), told
    return Read(
        serial=serial,
        text=text,
        share=percent(result.get("confidence")),
        colour=_COLOURS.get(whole(result.get("colorType")), PlateColour.UNKNOWN),
        key=f"{number}" if number else f"{at} {text}",
        at=at,
        late=late,
        fake=whole(result.get("is_fake_plate")) == 1,
        jpeg=bytes_from(result.get("imageFile")),
    ), told


def _fraction(result: object) -> float:
    return min(whole(inside(result, "timeStamp", "Timeval", "usec")), 999_999) / 1_000_000


def _answer(number: int, *, late: bool) -> Answer:
    if late:
        more = {"plateid": number, "continue": 1}
        return answer(
            Response_AlarmInfoPlate={"info": "kept", "content": "retransfer_stop", "ContinuePushOffline": more}
        )
    return answer(Response_AlarmInfoPlate={"info": "kept", "content": "retransfer_stop", "plateid": number})


def with_serial(told: Answer, frames: Sequence[bytes], channel: int, *, counts_base64: bool) -> Answer:
    """Let an answer carry frames for the unit's serial line; firmware differs in which length it counts."""
    content = json.loads(told.body) if told.body else {}
    inner = content.setdefault("Response_AlarmInfoPlate", {"info": "kept"})
    inner["serialData"] = [_serial(frame, channel, counts_base64=counts_base64) for frame in frames]
    return answer(**content)


def _serial(frame: bytes, channel: int, *, counts_base64: bool) -> dict[str, object]:
    data = base64.b64encode(frame).decode("ascii")
    return {"serialChannel": channel, "data": data, "dataLen": len(data) if counts_base64 else len(frame)}
