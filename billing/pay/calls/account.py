"""Whose account at WeChat Pay is used: a merchant's own, or a sub-merchant's through its service provider."""

from collections.abc import Mapping
from dataclasses import dataclass

from scada.model.names import OrderId


@dataclass(frozen=True, slots=True)
class Account:
    """`mchid` signs. With a `sub_mchid` it is the service provider, and the money is the sub-merchant's."""

    mchid: str
    appid: str
    sub_mchid: str = ""
    sub_appid: str = ""

    @property
    def orders(self) -> str:
        """The path under which orders live."""
        return "/v3/pay/partner/transactions" if self.sub_mchid else "/v3/pay/transactions"

    def names(self) -> dict[str, object]:
        """Give who orders, as an order's body names it."""
        if not self.sub_mchid:
            return {"appid": self.appid, "mchid": self.mchid}
        own: dict[str, object] = {"sp_appid": self.appid, "sp_mchid": self.mchid, "sub_mchid": self.sub_mchid}
        return own | ({"sub_appid": self.sub_appid} if self.sub_appid else {})

    def numbers(self) -> dict[str, object]:
        """Give the merchant's numbers alone, as a close names them."""
        return {"sp_mchid": self.mchid, "sub_mchid": self.sub_mchid} if self.sub_mchid else {"mchid": self.mchid}

    def query(self) -> str:
        """Give the merchant's numbers as a query's parameters."""
        return "&".join(f"{name}={value}" for name, value in self.numbers().items())

    def sub(self) -> dict[str, object]:
        """Give what refunds, bills and parking add for a sub-merchant."""
        return {"sub_mchid": self.sub_mchid} if self.sub_mchid else {}

    def payer(self, openid: str) -> dict[str, object]:
        """Name a payer by the id that our application knows."""
        return {"sp_openid" if self.sub_mchid else "openid": openid}

    def one(self, order: OrderId) -> str:
        """Give the path of one order."""
        return f"{self.orders}/out-trade-no/{order}"

    def is_named_in(self, fields: Mapping[str, object]) -> bool:
        """Say whether an answer or a notice is about this account."""
        owner = fields.get("sp_mchid") or fields.get("mchid")
        return owner == self.mchid and str(fields.get("sub_mchid") or "") == self.sub_mchid
