"""By which way a driver is asked for money: a QR code, a page inside WeChat, or a browser outside. Pure values."""

from dataclasses import dataclass, field
from enum import Enum


class Way(Enum):
    """WeChat's product: Native, JSAPI or H5."""

    QR = "QR"
    JSAPI = "JSAPI"
    H5 = "H5"


@dataclass(frozen=True, slots=True)
class Offer:
    """A way, and for whom: `payer` is the openid of a page inside WeChat, or a browser's address outside."""

    way: Way = Way.QR
    payer: str = field(default="", repr=False)


BY_CODE = Offer()
"""A QR code, for whoever scans it."""
