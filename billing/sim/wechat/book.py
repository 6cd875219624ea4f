"""The platform's orders: made, paid, queried and closed by WeChat's rules (`wechatpay.md` §5)."""

import json
import re
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from billing.sim.wechat.crypto import Fault
from scada.clock import Clock

BEIJING: Final = timezone(timedelta(hours=8))
MIN_LIFE: Final = timedelta(seconds=60)
DEFAULT_LIFE: Final = timedelta(days=7)
_NUMBER = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
_NOTIFY_URL = re.compile(r"https?://[^?\s]+")


@dataclass(slots=True)
class Order:
    """One order; `state` is WeChat's trade_state."""

    number: str
    mchid: str
    appid: str
    description: str
    total: int
    notify_url: str
    expires_at: datetime
    fingerprint: str
    code_url: str
    state: str = "NOTPAY"
    transaction_id: str = ""
    openid: str = ""
    paid_at: datetime | None = None


class Book:
    """All orders, by number and by code; for use from many threads."""

    def __init__(self, mchid: str, appid: str, clock: Clock) -> None:
        self._mchid = mchid
        self._appid = appid
        self._clock = clock
        self._lock = threading.Lock()
        self._orders: dict[str, Order] = {}
        self._burnt: set[str] = set()

    def order(self, fields: Mapping[str, object]) -> Order | Fault:
        """Make a Native order; the same number with the same parameters gives the same order."""
        fault = self._order_fault(fields)
        if fault is not None:
            return fault
        number = str(fields["out_trade_no"])
        fingerprint = json.dumps(fields, sort_keys=True)
        with self._lock:
            if number in self._burnt:
                return Fault(400, "ORDER_CLOSED", "该订单已关闭")
            old = self._orders.get(number)
            if old is not None:
                return self._again(old, fingerprint)
            made = self._made(fields, number, fingerprint)
            self._orders[number] = made
            return made

    def find(self, number: str) -> Order | None:
        """Give an order by its number."""
        with self._lock:
            return self._orders.get(number)

    def by_code(self, code_url: str) -> Order | None:
        """Give the order that a QR code leads to."""
        with self._lock:
            return next((order for order in self._orders.values() if order.code_url == code_url), None)

    def all(self) -> list[Order]:
        """Give all orders."""
        with self._lock:
            return list(self._orders.values())

    def pay(self, code_url: str, openid: str) -> tuple[str, Order | None]:
        """Pay as a driver's phone does; gives `ok`, or what the phone says instead."""
        order = self.by_code(code_url)
        if order is None:
            return "unknown", None
        with self._lock:
            if order.state != "NOTPAY":
                return {"SUCCESS": "paid", "CLOSED": "closed"}.get(order.state, "failed"), order
            if self._clock.now() > order.expires_at:
                return "expired", order
            order.state = "SUCCESS"
            order.openid = openid
            order.paid_at = self._clock.now()
            order.transaction_id = f"42{secrets.randbelow(10**26):026d}"
            return "ok", order

    def close(self, number: str) -> Fault | None:
        """Close an order. A number that was never ordered is burnt."""
        with self._lock:
            order = self._orders.get(number)
            if order is None:
                self._burnt.add(number)
                return None
            if order.state == "SUCCESS":
                return Fault(400, "ORDERPAID", "该订单已支付")
            order.state = "CLOSED"
            return None

    def _again(self, old: Order, fingerprint: str) -> Order | Fault:
        if old.state == "SUCCESS":
            return Fault(400, "ORDERPAID", "该订单已支付")
        if old.state == "CLOSED":
            return Fault(400, "ORDER_CLOSED", "该订单已关闭")
        if old.fingerprint != fingerprint:
            return Fault(400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致")
        return old

    def _made(self, fields: Mapping[str, object], number: str, fingerprint: str) -> Order:
        now = self._clock.now()
        expires_at = _moment(fields["time_expire"]) if "time_expire" in fields else now + DEFAULT_LIFE
        amount = fields["amount"]
        total = amount["total"] if isinstance(amount, dict) else 0
        return Order(
            number=number,
            mchid=self._mchid,
            appid=self._appid,
            description=str(fields["description"]),
            total=total,
            notify_url=str(fields["notify_url"]),
            expires_at=max(expires_at or now, now + MIN_LIFE),
            fingerprint=fingerprint,
            code_url=f"weixin://wxpay/bizpayurl?pr={secrets.token_urlsafe(8)}",
        )

    def _order_fault(self, fields: Mapping[str, object]) -> Fault | None:
        if fields.get("mchid") != self._mchid:
            return Fault(400, "PARAM_ERROR", "商户号mchid与请求头不一致")
        if fields.get("appid") != self._appid:
            return Fault(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配")
        wrong = next((name for name, good in _shape(fields).items() if not good), None)
        return None if wrong is None else Fault(400, "PARAM_ERROR", f"参数错误: {wrong}")


def _shape(fields: Mapping[str, object]) -> dict[str, bool]:
    """Say of each field whether it has the form WeChat asks for."""
    amount = fields.get("amount")
    total = amount.get("total") if isinstance(amount, dict) else None
    description = fields.get("description")
    time_expire = fields.get("time_expire")
    return {
        "description": isinstance(description, str) and 1 <= len(description) <= 127 and max(description) <= "\uffff",
        "out_trade_no": bool(_NUMBER.fullmatch(str(fields.get("out_trade_no", "")))),
        "notify_url": bool(_NOTIFY_URL.fullmatch(str(fields.get("notify_url", "")))),
        "amount": isinstance(total, int) and not isinstance(total, bool) and total >= 1,
        "currency": isinstance(amount, dict) and amount.get("currency", "CNY") == "CNY",
        "time_expire": time_expire is None or _moment(time_expire) is not None,
    }


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.astimezone(UTC)


def transaction(order: Order) -> dict[str, object]:
    """Write an order as WeChat's transaction; what only a payment brings is left out before it."""
    fields: dict[str, object] = {
        "appid": order.appid,
        "mchid": order.mchid,
        "out_trade_no": order.number,
        "trade_state": order.state,
        "trade_state_desc": {"SUCCESS": "支付成功", "CLOSED": "订单已关闭"}.get(order.state, "订单未支付"),
        "attach": "",
        "amount": {"total": order.total, "currency": "CNY"},
    }
    if order.paid_at is not None:
        fields |= {
            "transaction_id": order.transaction_id,
            "trade_type": "NATIVE",
            "bank_type": "OTHERS",
            "success_time": order.paid_at.astimezone(BEIJING).isoformat(timespec="seconds"),
            "payer": {"openid": order.openid},
            "amount": {"total": order.total, "payer_total": order.total, "currency": "CNY", "payer_currency": "CNY"},
        }
    return fields
