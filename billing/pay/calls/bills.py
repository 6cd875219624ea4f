"""Bills from WeChat: asked for, fetched within their half minute, and held against their hash."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from billing.pay.bill import FundBill, TradeBill, read_fund_bill, read_trade_bill
from billing.pay.billfile import BillError, BillFile, checked, pieces
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

    def trade_file(self, day: date) -> BillFile | Refused | Unknown:
        """Fetch a day's trades and refunds; there from 10:00 of the next day on, else `NO_TRADE` or `NOT_YET`."""
        sub = f"&sub_mchid={self.account.sub_mchid}" if self.account.sub_mchid else ""
        return self._file(f"trade bill of {day}", f"{TRADES}?bill_date={day:%Y-%m-%d}&bill_type=ALL{sub}&tar_type=GZIP")

    def fund_file(self, day: date) -> BillFile | Refused | Unknown:
        """Fetch a day's movements of money."""
        path = f"{FUNDS}?bill_date={day:%Y-%m-%d}&account_type=BASIC&tar_type=GZIP"
        return self._file(f"fund bill of {day}", path)

    def trades(self, day: date) -> TradeBill | Refused | Unknown:
        """Fetch and read a day's trades and refunds."""
        return self._read(f"trade bill of {day}", self.trade_file(day), lambda found: read_trade_bill(found, self.zone))

    def funds(self, day: date) -> FundBill | Refused | Unknown:
        """Fetch and read a day's movements of money."""
        return self._read(f"fund bill of {day}", self.fund_file(day), lambda found: read_fund_bill(found, self.zone))

    def _file(self, what: str, path: str) -> BillFile | Refused | Unknown:
        offer = read(what, self.channel.get(what, path), _offer)
        if not isinstance(offer, _Offer):
            return offer
        content = self.channel.fetch(what, offer.url)
        if not isinstance(content, bytes):
            return content
        try:
            return checked(content, offer.sha1)
        except BillError as error:
            return Unknown(f"{what}: {error}")

    def _read(self, what: str, file: BillFile | Refused | Unknown, reader: Callable[[str], B]) -> B | Refused | Unknown:
        if not isinstance(file, BillFile):
            return file
        try:
            return reader(b"".join(pieces(file.content)).decode())
        except (BillError, UnicodeDecodeError) as error:
            return Unknown(f"{what}: {error}")


def _offer(fields: Fields) -> _Offer:
    if fields.get("hash_type") != "SHA1":
        raise ValueError(f"hash_type is {fields.get('hash_type')!r}")
    return _Offer(text(fields, "download_url", most=2048), text(fields, "hash_value", most=40).lower())
