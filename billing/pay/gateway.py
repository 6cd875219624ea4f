"""What billing asks of WeChat Pay, what it may be answered, and what a message's headers must look like.

No other outcome leaves a gateway, so that nobody decides to charge again by reading an error's text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from billing.settle import Notice, Transaction
from scada.model.money import Fen
from scada.model.names import OrderId

WINDOW_S: Final = 300
"""How far a signature's timestamp may be from real time."""
MARKS: Final = ("Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature", "Wechatpay-Serial")
SIGNATURE_TYPE: Final = "WECHATPAY2-SHA256-RSA2048"
_HEX_SERIAL = re.compile(r"[0-9A-Fa-f]{40}")


@dataclass(frozen=True, slots=True)
class CodeUrl:
    """WeChat took the order; this goes into the lane's QR code."""

    text: str


@dataclass(frozen=True, slots=True)
class Closed:
    """WeChat took the close."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Not done, says WeChat; unsigned, so never a permission to charge again under another number."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have happened: query, never assume."""

    why: str


@dataclass(frozen=True, slots=True)
class NotVerified:
    """A message that proves nothing, and why."""

    why: str


class Gateway(Protocol):
    """One merchant at WeChat Pay; every call blocks."""

    def create(self, order: OrderId, description: str, amount: Fen, time_expire: str) -> CodeUrl | Refused | Unknown:
        """Make an order; the same number with the same parameters gives the same order."""

    def query(self, order: OrderId) -> Transaction | Refused | Unknown:
        """Ask what became of an order."""

    def close(self, order: OrderId) -> Closed | Refused | Unknown:
        """Close an order."""

    def verified(self, headers: Mapping[str, str], body: bytes) -> Notice | NotVerified:
        """Verify and decrypt a notice."""


def gather_marks(headers: Mapping[str, str]) -> dict[str, str]:
    """Pick out WeChat's headers, whatever case or form they come in; the signature type may be left out."""
    given = {name.lower().removeprefix("http_").replace("_", "-"): value for name, value in headers.items()}
    marks = {mark: given[mark.lower()] for mark in MARKS if given.get(mark.lower())}
    marks["Wechatpay-Signature-Type"] = given.get("wechatpay-signature-type") or SIGNATURE_TYPE
    return marks


def header_fault(marks: Mapping[str, str], public_key_id: str, now_s: float) -> str | None:
    """Say why a message cannot be WeChat's before its signature is looked at; None if it may be."""
    for mark in MARKS:
        if mark not in marks:
            return f"{mark} is missing"
    if marks["Wechatpay-Signature-Type"] != SIGNATURE_TYPE:
        return "unknown signature type"
    stamp = marks["Wechatpay-Timestamp"]
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        return "the timestamp is not a number"
    if abs(now_s - int(stamp)) > WINDOW_S:
        return f"the timestamp is {now_s - int(stamp):.0f} s off: an old message again, or a wrong clock"
    serial = marks["Wechatpay-Serial"]
    if serial != public_key_id and not _HEX_SERIAL.fullmatch(serial):
        return "unknown serial"
    return None
