"""WeChat's headers on a message: what they must look like, and that no message counts twice."""

import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from scada.model.digits import whole_of

WINDOW_S: Final = 300
"""How far a signature's timestamp may be from real time."""
MARKS: Final = ("Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature", "Wechatpay-Serial")
SIGNATURE_TYPE: Final = "WECHATPAY2-SHA256-RSA2048"
_MOST: Final = 10**12 - 1
MOST_KEPT: Final = 100_000
"""Nonces kept; a window at more than 150 genuine notices a second holds more, and forgets the oldest."""
_HEX_SERIAL = re.compile(r"[0-9A-Fa-f]{40}")


def gather_marks(headers: Mapping[str, str]) -> dict[str, str]:
    """Pick out WeChat's headers, whatever case or form they come in; the signature type may be left out."""
    given = {name.lower().removeprefix("http_").replace("_", "-"): value for name, value in headers.items()}
    marks = {mark: given[mark.lower()] for mark in MARKS if given.get(mark.lower())}
    marks["Wechatpay-Signature-Type"] = given.get("wechatpay-signature-type") or SIGNATURE_TYPE
    return marks


def header_fault(marks: Mapping[str, str], public_key_id: str | None, now_s: float) -> str | None:
    """Say why a message cannot be WeChat's before its signature is looked at; None if it may be."""
    for mark in MARKS:
        if mark not in marks:
            return f"{mark} is missing"
    if marks["Wechatpay-Signature-Type"] != SIGNATURE_TYPE:
        return "unknown signature type"
    stamp = whole_of(marks["Wechatpay-Timestamp"], _MOST)
    if stamp is None:
        return "the timestamp is not a number"
    if abs(now_s - stamp) > WINDOW_S:
        return f"the timestamp is {now_s - stamp:.0f} s off: an old message again, or a wrong clock"
    serial = marks["Wechatpay-Serial"]
    if serial != public_key_id and not _HEX_SERIAL.fullmatch(serial):
        return "unknown serial"
    return None


class Nonces:
    """The messages believed within the window: one that comes again is a copy. For use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: OrderedDict[tuple[str, str], float] = OrderedDict()

    def is_new(self, marks: Mapping[str, str], now_s: float) -> bool:
        """Say whether a verified message comes for the first time, and remember it for as long as it would be taken."""
        name = (marks["Wechatpay-Timestamp"], marks["Wechatpay-Nonce"])
        with self._lock:
            while self._seen and (len(self._seen) > MOST_KEPT or next(iter(self._seen.values())) < now_s):
                self._seen.popitem(last=False)
            if name in self._seen:
                return False
            self._seen[name] = now_s + 2 * WINDOW_S
            return True
