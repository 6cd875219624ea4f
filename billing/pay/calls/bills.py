"""Bills from WeChat: asked for, fetched within their half minute, and held against their hash."""

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from billing.pay.bill import BillError, FundBill, TradeBill, read_fund_bill, read_trade_bill
from billing.pay.calls.account import Account
from billing.pay.calls.channel import Channel, read
from billing.pay.calls.fields import Fields, text
from billing.pay.gateway import Refused, Unknown

B = TypeVar("B")

TRADES: Final = "/v3/bill/tradebill"
FUNDS: Final = "/v3/bill/fundflowbill"
NO_TRADE: Final = "NO_STATEMENT_EXIST"
"""The refusal that means: nothing was traded that day."""
NOT_YET: Final = "STATEMENT_CREATING"
"""The refusal that means: come again later. No empty day."""
MOST_BYTES: Final = 256 * 1024 * 1024
_GZIP: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 31


@dataclass(frozen=True, slots=True)
class _Offer:
    """Where a bill lies, and what its hash must be."""

    url: str
    sha1: str


@dataclass(frozen=True, slots=True)
class BillCalls:
    """All about bills; days are WeChat's, in `zone`."""

    channel: Channel
    account: Account
    zone: ZoneInfo

    def trades(self, day: date) -> TradeBill | Refused | Unknown:
        """Fetch a day's trades and refunds; there from 10:00 of the next day on, else `NO_TRADE` or `NOT_YET`."""
        sub = f"&sub_mchid={self.account.sub_mchid}" if self.account.sub_mchid else ""
        path = f"{TRADES}?bill_date={day:%Y-%m-%d}&bill_type=ALL{sub}&tar_type=GZIP"
        return self._bill(f"trade bill of {day}", path, lambda found: read_trade_bill(found, self.zone))

    def funds(self, day: date) -> FundBill | Refused | Unknown:
        """Fetch a day's movements of money."""
        path = f"{FUNDS}?bill_date={day:%Y-%m-%d}&account_type=BASIC&tar_type=GZIP"
        return self._bill(f"fund bill of {day}", path, lambda found: read_fund_bill(found, self.zone))

    def _bill(self, what: str, path: str, reader: Callable[[str], B]) -> B | Refused | Unknown:
        offer = read(what, self.channel.get(what, path), _offer)
        if not isinstance(offer, _Offer):
            return offer
        packed = self.channel.fetch(what, offer.url)
        if not isinstance(packed, bytes):
            return packed
        try:
            return reader(unpack(packed, offer.sha1).decode("utf-8"))
        except (BillError, UnicodeDecodeError) as error:
            return Unknown(f"{what}: {error}")


def _offer(fields: Fields) -> _Offer:
    if fields.get("hash_type") != "SHA1":
        raise ValueError(f"hash_type is {fields.get('hash_type')!r}")
    return _Offer(text(fields, "download_url", most=2048), text(fields, "hash_value", most=40).lower())


def unpack(packed: bytes, sha1: str) -> bytes:
    """Unpack a bill and hold it against its hash, of the packed or of the unpacked file. Raises BillError."""
    plain = packed
    if packed.startswith(_GZIP):
        unpacker = zlib.decompressobj(_GZIP_WINDOW)
        try:
            plain = unpacker.decompress(packed, MOST_BYTES)
        except zlib.error as error:
            raise BillError(f"the file is broken: {error}") from error
        if not unpacker.eof:
            raise BillError("the file is cut off, or too long")
    if sha1 not in (_sha1(plain), _sha1(packed)):
        raise BillError("the file's hash is not the one that WeChat signed")
    return plain


def _sha1(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()
