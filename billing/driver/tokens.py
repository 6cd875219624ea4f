"""Tokens that name one stay to one phone for a while: signed by the plant, kept by nobody.

A token survives a restart of the plant, cannot be guessed or altered, and says nothing to whoever reads it but the id
of the stay. The key is made at the first start; only its owner may read it.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

LIFE: Final = timedelta(hours=12)
PLATE_LIFE: Final = timedelta(minutes=30)
"""How long whoever typed a plate is told of its stay: whoever wants to watch must ask again, which is written down."""
BOOM_LIFE: Final = timedelta(hours=1)
"""How long it counts that a phone was at a boom with a car."""
TOKEN_MOST: Final = 128
_MAC_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Tokens:
    """Makes and checks tokens of one purpose; a token of another purpose is none."""

    key: bytes
    purpose: str

    def make(self, subject: str, at: datetime, life: timedelta = LIFE) -> str:
        """Name a subject until `at` + `life`."""
        body = f"{subject}|{int((at + life).timestamp())}".encode()
        return _text(body + self._mac(body))

    def subject(self, token: str, at: datetime) -> str | None:
        """Give what a token names; None for a forged or old one, and for one of another purpose."""
        try:
            raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        except (binascii.Error, UnicodeEncodeError):
            return None
        body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        if len(token) > TOKEN_MOST or not hmac.compare_digest(mac, self._mac(body)) or _text(raw) != token:
            return None
        subject, _, until = body.decode().rpartition("|")
        return subject if at <= datetime.fromtimestamp(int(until), UTC) else None

    def _mac(self, body: bytes) -> bytes:
        return hmac.new(self.key, self.purpose.encode() + b"\0" + body, hashlib.sha256).digest()[:_MAC_BYTES]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
