"""海康 Hikvision, ISAPI alarm host: multipart with `anpr.xml` and pictures (maker's document; to verify on hardware).

The unit wants HTTP 200 and reads no body. Opening is another request, `barrierGate`, that we never make.
"""

import re
from datetime import datetime
from email.message import Message
from email.parser import BytesParser
from xml.etree import ElementTree as ET

from lpr.push.words import Answer, NoRead, Post, Pushed, PushError, Read, percent
from scada.model.plate import PlateColour

_NO_PLATE = ("", "unknown", "noplate", "无车牌")
_COLOURS = {
    "blue": PlateColour.BLUE,
    "yellow": PlateColour.YELLOW,
    "white": PlateColour.WHITE,
    "black": PlateColour.BLACK,
    "green": PlateColour.GREEN,
    "newenergygreen": PlateColour.GREEN,
    "newenergyyellowgreen": PlateColour.LIMEGREEN,
}
_NAMESPACE = re.compile(r"\{[^}]*\}")
_DOCUMENT_TYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def take(post: Post) -> tuple[Pushed, Answer]:
    """Read a message and say how it is answered. Raises PushError."""
    parts = _parts(post)
    document = next((part for name, part in parts if name.endswith(".xml")), None)
    if document is None:
        raise PushError("no XML in the message")
    alert = _tree(document)
    serial = _text(alert, "deviceUUID") or _text(alert, "macAddress") or _text(alert, "deviceID")
    if _text(alert, "eventType") not in ("ANPR", "vehicleMatchResult"):
        return NoRead(serial, _text(alert, "eventType")[:32] or "alert"), Answer()
    plate = _text(alert, "licensePlate") or _text(alert, "originalLicensePlate")
    if plate.lower() in _NO_PLATE:
        return NoRead(serial, "no plate"), Answer()
    at = _text(alert, "dateTime")
    picture = next((part for name, part in parts if name.startswith("detectionpicture")), None)
    return Read(
        serial=serial,
        text=plate,
        share=percent(_text(alert, "confidenceLevel")),
        colour=_COLOURS.get(_text(alert, "plateColor").lower(), PlateColour.UNKNOWN),
        key=f"{at} {plate}",
        at=_time(at),
        jpeg=picture,
    ), Answer()


def _parts(post: Post) -> list[tuple[str, bytes]]:
    """Give the parts of a multipart message by name, in lower case; an XML body is one part."""
    if "xml" in post.content_type:
        return [("anpr.xml", post.body)]
    head = f"Content-Type: {post.content_type}\r\nMIME-Version: 1.0\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser().parsebytes(head + post.body)
    if not message.is_multipart():
        raise PushError("neither XML nor multipart")
    return [(_name(part), _content(part)) for part in message.walk() if not part.is_multipart()]


def _name(part: Message) -> str:
    named = part.get_filename() or part.get_param("name", "", "content-disposition") or ""
    return str(named).lower()


def _content(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _tree(document: bytes) -> ET.Element:
    if b"\0" in document or _DOCUMENT_TYPE.search(document):
        raise PushError("the XML brings a document type of its own")
    try:
        return ET.fromstring(document)  # noqa: S314 - no document type, no entities
    except (ET.ParseError, ValueError, LookupError) as error:
        raise PushError("the XML does not hold together") from error


def _text(tree: ET.Element, name: str) -> str:
    """Give the text of the first element of this name, whatever its namespace."""
    found = (one.text for one in tree.iter() if isinstance(one.tag, str) and _NAMESPACE.sub("", one.tag) == name)
    return (next(found, None) or "").strip()[:64]


def _time(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
