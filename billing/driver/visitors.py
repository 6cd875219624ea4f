"""Who a phone is, sealed: the web processes carry it in a cookie and cannot read it; only the plant can."""

import hashlib
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from billing.pay.web import Openid

SEALED_MOST: Final = 512
_NONCE: Final = 12


class Seal:
    """Seals and opens openids under the plant's key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(hashlib.sha256(b"phone" + key).digest())

    def close(self, openid: Openid) -> str:
        """Seal an openid."""
        nonce = secrets.token_bytes(_NONCE)
        return (nonce + self._cipher.encrypt(nonce, openid.value.encode(), None)).hex()

    def open(self, sealed: str) -> Openid | None:
        """Give the openid; None for what this plant did not seal."""
        if len(sealed) > SEALED_MOST:
            return None
        try:
            raw = bytes.fromhex(sealed)
            return Openid(self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], None).decode())
        except (ValueError, InvalidTag):
            return None
