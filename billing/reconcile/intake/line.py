"""What the reconciler asks of WeChat; every call blocks, within limits."""

from datetime import date
from typing import Protocol

from billing.pay.billfile import BillFile
from billing.pay.gateway import Deduction, Refund, Refused, Unknown
from billing.settle import Transaction
from scada.model.names import OrderId


class BillCalls(Protocol):
    """The bills of a day."""

    def trade_file(self, day: date) -> BillFile | Refused | Unknown:
        """Fetch a day's trades and refunds."""

    def fund_file(self, day: date) -> BillFile | Refused | Unknown:
        """Fetch a day's movements of money."""


class RefundQuery(Protocol):
    """Refunds, asked for."""

    def query(self, out_refund_no: str) -> Refund | Refused | Unknown:
        """Ask what became of a refund."""


class DeductionQuery(Protocol):
    """Fees that WeChat deducts, asked for."""

    def query(self, order: OrderId) -> Deduction | Refused | Unknown:
        """Ask what became of a deduction."""


class Line(Protocol):
    """One merchant's account at WeChat, as `billing.wechat.WeChatGateway` gives it."""

    @property
    def bills(self) -> BillCalls:
        """Its bills."""

    @property
    def refunds(self) -> RefundQuery:
        """Its refunds."""

    @property
    def parking(self) -> DeductionQuery:
        """Its parking fees."""

    def query(self, order: OrderId) -> Transaction | Refused | Unknown:
        """Ask what became of an order."""
