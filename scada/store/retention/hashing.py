"""A plate made unreadable: a keyed hash stands in its place, the same for the same plate, so that it still counts.

Pure but for the key, which is handed in. Whoever has no key cannot try all plates.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from scada.model.plate import PROVINCES, UNPLATED, Plate, is_plausible

T = TypeVar("T")

MARK: Final = "#"
"""How a hash begins; no plate begins so."""
SIGNS: Final = 15
"""75 bits: two plates of one site do not meet."""
_PLATE: Final = re.compile(
    rf"WJ[{PROVINCES}][A-Z0-9]{{5}}|[{PROVINCES}][A-Z][A-Z0-9]{{4,5}}[A-Z0-9学警港澳挂领应急试超]"
    rf"|使[0-9]{{6}}|民航[A-Z0-9]{{5}}|{UNPLATED}[A-Z0-9]{{8}}"
)
"""A plate in the middle of a text; those of the army have nothing of their own and are known by their field."""
_PERSONS: Final = frozenset({"openid", "payer"})
_ADDRESSES: Final = frozenset({"address"})


def is_hidden(text: str) -> bool:
    """Say whether this stands for a plate or a person already."""
    return text.startswith(MARK)


def hidden(key: bytes, text: str) -> str:
    """Give the keyed hash of a plate or of who somebody is."""
    if not text or is_hidden(text):
        return text
    digest = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return MARK + base64.b32encode(digest)[:SIGNS].decode("ascii")


def hidden_body(key: bytes, body: Mapping[str, object]) -> dict[str, object]:
    """Give a row's content without plates, payers and addresses, wherever in it they stand."""
    return {name: _hidden_field(key, name, value) for name, value in body.items()}


def _hidden_field(key: bytes, name: str, value: object) -> object:
    if isinstance(value, Mapping):
        return hidden_body(key, value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_hidden_field(key, name, one) for one in value]
    return _hidden_text(key, name, value) if isinstance(value, str) else value


def _hidden_text(key: bytes, name: str, text: str) -> str:
    if name in _ADDRESSES:
        return ""
    if name in _PERSONS or name in ("plate", "plates") or name.endswith("_plate"):
        return hidden(key, text)
    if name == "text" and (is_plausible(Plate(text)) or text.startswith(UNPLATED)):
        return hidden(key, text)
    return _PLATE.sub(lambda found: hidden(key, found[0]), text)
