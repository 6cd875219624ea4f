"""Who a phone is, sealed for a while: the web processes carry it in a cookie and cannot read it; the plant can."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from billing.pay.web import Openid

SEALED_MOST: Final = 512
KNOWN_FOR: Final = timedelta(days=30)
"""A cookie that was stolen is worth nothing after it; WeChat makes its owner known again without a word."""
_NONCE: Final = 12


class Seal:
    """Seals and opens openids under the plant's key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(hashlib.sha256(b"phone" + key).digest())

    def close(self, openid: Openid, at: datetime) -> str:
        """Seal an openid that WeChat told at a time."""
        nonce = secrets.token_bytes(_NONCE)
        return (nonce + self._cipher.encrypt(nonce, f"{int(at.timestamp())}|{openid.value}".encode(), None)).hex()

    def open(self, sealed: str, at: datetime) -> Openid | None:
        """Give the openid; None for what this plant did not seal, or too long ago."""
        if len(sealed) > SEALED_MOST:
            return None
        try:
            raw = bytes.fromhex(sealed)
            made, _, openid = self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], None).decode().partition("|")
            is_fresh = at <= datetime.fromtimestamp(int(made), UTC) + KNOWN_FOR
        except (ValueError, InvalidTag):
            return None
        return Openid(openid) if is_fresh and openid else None
