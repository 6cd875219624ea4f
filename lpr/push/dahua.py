"""大华 Dahua, ITSAPI: JSON over HTTP POST (maker's document; to verify on hardware).

It wants to hear that the message has come. Opening is another request, `openStrobe`, that we never make.
"""

from datetime import datetime, timedelta, timezone

from lpr.push.words import Answer, NoRead, Post, Pushed, Read, answer, bytes_from, inside, object_from, percent, word
from scada.model.plate import PlateColour

_BEIJING = timezone(timedelta(hours=8))
_NO_PLATE = ("", "无牌车", "unknown", "Unknown")
_COLOURS = {
    "Blue": PlateColour.BLUE,
    "Yellow": PlateColour.YELLOW,
    "White": PlateColour.WHITE,
    "Black": PlateColour.BLACK,
    "Green": PlateColour.GREEN,
    "ShadowGreen": PlateColour.GREEN,
    "YellowGreen": PlateColour.LIMEGREEN,
}
_FULL = 0.9
"""Where a unit says nothing of how sure it is."""


def take(post: Post) -> tuple[Pushed, Answer]:
    """Read a message and say how it is answered. Raises PushError."""
    content, told = object_from(post.body), answer(Result=True)
    picture = content.get("Picture")
    serial = word(inside(picture, "SnapInfo", "DeviceID")) or word(content.get("DeviceID"))
    if not isinstance(picture, dict):
        return NoRead(serial, post.rest.rsplit("/", 1)[-1][:32] or "message"), told
    text = word(inside(picture, "Plate", "PlateNumber"), 24)
    if text in _NO_PLATE:
        return NoRead(serial, "no plate"), told
    at = word(inside(picture, "SnapInfo", "AccurateTime")) or word(inside(picture, "SnapInfo", "SnapTime"))
    sure = inside(picture, "Plate", "Confidence")
    return Read(
        serial=serial,
        text=text,
        share=_FULL if sure is None else percent(sure),
        colour=_COLOURS.get(word(inside(picture, "Plate", "PlateColor")), PlateColour.UNKNOWN),
        key=f"{at} {text}",
        at=_time(at),
        jpeg=bytes_from(inside(picture, "NormalPic", "Content")),
    ), told


def _time(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=_BEIJING)
