"""Our own protocol for displays (`docs/displays.md`): one JSON object a message, over TCP a line each. Pure.

A display believes a message by its HMAC under the display's key, and only if its number is above the last: nobody on
the device network can show drivers a QR code of his own.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lpr.display.face import Face

VERSION: Final = 1
MESSAGE_MOST: Final = 8192
"""Bytes of a message or an answer."""


class DisplayError(Exception):
    """A display did not take what it was told; the message says why."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its number, what to show, and for how many seconds at most if no other comes."""

    number: int
    face: Face
    speak: bool
    lives_s: int


def body_of(message: Message) -> bytes:
    """Write a message."""
    shown = message.face
    content: Mapping[str, object] = {
        "v": VERSION,
        "n": message.number,
        "pages": [[{"text": line.text, "colour": line.colour.value} for line in page] for page in shown.pages],
        "qr": shown.qr,
        "say": shown.voice if message.speak else "",
        "language": shown.language,
        "lives_s": message.lives_s,
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def mac_of(key: bytes, body: bytes) -> str:
    """Give the HMAC-SHA256 of a message in hexadecimal; empty for a display that has no key."""
    return hmac.new(key, body, hashlib.sha256).hexdigest() if key else ""


def check_answer(body: bytes, number: int) -> None:
    """Make sure that a display has taken the message of this number. Raises DisplayError."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise DisplayError("its answer is no JSON") from error
    if not isinstance(answer, dict) or answer.get("n") != number:
        raise DisplayError("its answer is to another message")
    if answer.get("ok") is not True:
        raise DisplayError(f"it refused: {str(answer.get('why', ''))[:100]}")
