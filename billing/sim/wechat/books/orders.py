"""The platform's orders: made, paid, queried, closed and reversed by WeChat's rules (`wechatpay.md` §5)."""

import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from billing.sim.wechat.books.safe import Safe
from billing.sim.wechat.books.shape import caller_fault, order_fault, whole, within
from billing.sim.wechat.books.wallets import Wallets
from billing.sim.wechat.clock import PlatformClock, moment, written
from billing.sim.wechat.crypto import Caller, Fault
from billing.sim.wechat.facts import STATUS_OF, Facts, Switchboard

MIN_LIFE: Final = timedelta(seconds=60)
CODE_LIFE: Final = timedelta(hours=2)
DEFAULT_LIFE: Final = timedelta(days=7)
LIVES: Final = {"7d": DEFAULT_LIFE, "2h": timedelta(hours=2), "5min": timedelta(minutes=5)}
REVERSE_WITHIN: Final = timedelta(days=7)
PAID_STATES: Final = ("SUCCESS", "REFUND")
WORDS: Final = {
    "ORDERPAID": "该订单已支付",
    "ORDER_PAID": "该订单已支付",
    "ORDER_CLOSED": "该订单已关闭",
    "OUT_TRADE_NO_USED": "商户订单号重复",
    "INVALID_REQUEST": "请求重入时，参数与首次请求时不一致",
    "TRADE_ERROR": "交易错误",
    "ORDER_NOT_EXIST": "订单不存在",
    "ORDERNOTEXIST": "订单不存在",
}
_DESCRIPTIONS: Final = {
    "SUCCESS": "支付成功",
    "CLOSED": "订单已关闭",
    "REFUND": "订单发生过退款",
    "REVOKED": "订单已撤销",
    "USERPAYING": "用户支付中，需要输入密码",
    "PAYERROR": "支付失败",
}


def refusal(code: str) -> Fault:
    """Refuse in WeChat's words."""
    return Fault(STATUS_OF[code], code, WORDS[code])


@dataclass(slots=True)
class Order:
    """One order; `state` is WeChat's trade_state."""

    number: str
    caller: Caller
    appid: str
    description: str
    attach: str
    total: int
    trade_type: str
    notify_url: str
    made_at: datetime
    expires_at: datetime
    fingerprint: str
    wanted_openid: str = ""
    code_url: str = ""
    prepay_id: str = ""
    state: str = "NOTPAY"
    transaction_id: str = ""
    openid: str = ""
    paid_at: datetime | None = None
    refunded: int = field(default=0)

    def paid(self, openid: str, at: datetime) -> None:
        """Take the money."""
        self.state, self.openid, self.paid_at = "SUCCESS", openid, at
        self.transaction_id = f"42{secrets.randbelow(10**26):026d}"


class OrderBook:
    """All orders, by number and by code; for use from many threads."""

    def __init__(
        self,
        caller: Caller,
        appid: str,
        clock: PlatformClock,
        switchboard: Switchboard,
        wallets: Wallets,
        safe: Safe,
    ) -> None:
        self.caller = caller
        self.safe = safe
        self.appid = appid
        self.lock = threading.RLock()
        self._clock = clock
        self._switchboard = switchboard
        self._wallets = wallets
        self._orders = safe.all("order", Order)
        self._burnt = set(safe.all("burnt", str))
        self.give_back: Callable[[Order], None] = lambda _order: None

    @property
    def facts(self) -> Facts:
        """The facts in force."""
        return self._switchboard.facts

    def order(self, fields: Mapping[str, object], trade_type: str, *, partner: bool) -> Order | Fault:
        """Make an order; the same number with the same parameters gives the same order."""
        fault = caller_fault(fields, self.caller, self.appid, partner=partner)
        fault = fault or order_fault(fields, trade_type, self.facts)
        if fault is not None:
            return fault
        number = str(fields["out_trade_no"])
        fingerprint = json.dumps([trade_type, fields], sort_keys=True)
        with self.lock:
            if number in self._burnt:
                return refusal("ORDER_CLOSED")
            old = self._orders.get(number)
            if old is not None:
                return self._again(old, fingerprint)
            made = self._made(fields, trade_type, number, fingerprint)
            self._orders[number] = made
            answer = self._scanned(made, fields) if trade_type == "MICROPAY" else made
            if number in self._orders:
                self.keep(made)
            return answer

    def adopt(self, order: Order) -> None:
        """Take in an order that was made as part of another."""
        with self.lock:
            self._orders[order.number] = order
            self.keep(order)

    def keep(self, order: Order) -> None:
        """Put an order as it is now into the safe."""
        self.safe.keep("order", order.number, order)

    def get(self, number: str) -> Order | None:
        """Give an order that is there."""
        with self.lock:
            return self._orders.get(number)

    def find(self, number: str) -> Order | Fault:
        """Give an order by its number."""
        with self.lock:
            if number in self._orders:
                return self._orders[number]
            is_shown = number in self._burnt and self.facts.burnt_query == "CLOSED"
            code = "ORDER_NOT_EXIST" if number not in self._burnt else self.facts.burnt_query
            return self._ghost(number) if is_shown else refusal(code)

    def by_transaction(self, transaction_id: str) -> Order | None:
        """Give an order by WeChat's own number, which only a payment brings."""
        with self.lock:
            orders = self._orders.values()
            return next((one for one in orders if transaction_id and one.transaction_id == transaction_id), None)

    def by_code(self, code: str) -> Order | None:
        """Give the order that a QR code or a prepay id leads to."""
        with self.lock:
            return next((one for one in self._orders.values() if code and code in (one.code_url, one.prepay_id)), None)

    def all(self) -> list[Order]:
        """Give all orders."""
        with self.lock:
            return list(self._orders.values())

    def pay(self, code: str, openid: str) -> tuple[str, Order | None]:
        """Pay as a driver's phone does; gives `ok`, or what the phone says instead."""
        order = self.by_code(code)
        if order is None:
            return "unknown", None
        with self.lock:
            if order.state != "NOTPAY":
                return {"SUCCESS": "paid", "REFUND": "paid", "CLOSED": "closed"}.get(order.state, "failed"), order
            if self._clock.now() > min(order.expires_at, order.made_at + self._code_life(order)):
                return "expired", order
            if order.wanted_openid and order.wanted_openid != openid:
                return "other_payer", order
            if not self._wallets.can_pay(openid, order.total):
                return "no_money", order
            order.paid(openid, self._clock.now())
            self.keep(order)
            return "ok", order

    def confirm(self, number: str, *, pays: bool) -> Order | None:
        """Let a payer who was asked for the password give it, or give up."""
        with self.lock:
            order = self._orders.get(number)
            if order is None or order.state != "USERPAYING":
                return None
            if pays:
                order.paid(order.openid, self._clock.now())
            else:
                order.state = "PAYERROR"
            self.keep(order)
            return order

    def pay_late(self, code: str, openid: str) -> Order | None:
        """Take a payment that was under way at its bank when the order was closed; None if it can be none."""
        order = self.by_code(code)
        with self.lock:
            if order is None or order.state not in ("NOTPAY", "CLOSED"):
                return None
            order.paid(openid, self._clock.now())
            self.keep(order)
            return order

    def close(self, number: str) -> Fault | None:
        """Close an order. A number that was never ordered is burnt."""
        with self.lock:
            order = self._orders.get(number)
            if order is None:
                if self.facts.unknown_close != "burns":
                    return refusal("ORDER_NOT_EXIST")
                self._burnt.add(number)
                self.safe.keep("burnt", number, number)
                return None
            if order.state in PAID_STATES:
                return refusal(self.facts.close_paid)
            if order.state == "CLOSED" and self.facts.close_again != "done":
                return refusal("ORDER_CLOSED")
            order.state = "CLOSED"
            self.keep(order)
            return None

    def reverse(self, number: str) -> Fault | None:
        """Undo a payment by code: what was paid goes back, what was not is over. Again is harmless."""
        with self.lock:
            order = self._orders.get(number)
            if order is None:
                return refusal("ORDER_NOT_EXIST")
            if order.trade_type != "MICROPAY" or self._clock.now() > order.made_at + REVERSE_WITHIN:
                return Fault(403, "TRADE_ERROR", "当前订单不支持撤销")
            if order.state == "SUCCESS":
                self.give_back(order)
            order.state = "REVOKED"
            self.keep(order)
            return None

    def _scanned(self, order: Order, fields: Mapping[str, object]) -> Order | Fault:
        """Take the money of the code's owner, or ask for the password first."""
        payer = self._wallets.owner(str(within(fields, "payer").get("auth_code")))
        if payer is None:
            del self._orders[order.number]
            return Fault(400, "PARAM_ERROR", "付款码无效")
        order.openid = payer
        if not self._wallets.can_pay(payer, order.total):
            order.state = "PAYERROR"
            return Fault(403, "NOT_ENOUGH", "余额不足")
        if self._wallets.asks_password(payer):
            order.state = "USERPAYING"
        else:
            order.paid(payer, self._clock.now())
        return order

    def _again(self, old: Order, fingerprint: str) -> Order | Fault:
        if old.state in PAID_STATES:
            return refusal(self.facts.paid_again)
        if old.state in ("CLOSED", "REVOKED"):
            return refusal("ORDER_CLOSED")
        if old.fingerprint != fingerprint:
            return refusal(self.facts.reentry)
        return old

    def _made(self, fields: Mapping[str, object], trade_type: str, number: str, fingerprint: str) -> Order:
        now, payer = self._clock.now(), within(fields, "payer")
        expires_at = moment(fields.get("time_expire")) or now + LIVES[self.facts.order_life]
        return Order(
            number=number,
            caller=self.caller,
            appid=self.appid,
            description=str(fields["description"]),
            attach=str(fields.get("attach", "")),
            total=whole(within(fields, "amount"), "total"),
            trade_type=trade_type,
            notify_url=str(fields.get("notify_url", "")),
            made_at=now,
            expires_at=max(expires_at, now + MIN_LIFE),
            fingerprint=fingerprint,
            wanted_openid=str(payer.get("openid") or payer.get("sp_openid") or payer.get("sub_openid") or ""),
            code_url=f"weixin://wxpay/bizpayurl?pr={secrets.token_urlsafe(8)}" if trade_type == "NATIVE" else "",
            prepay_id=f"wx{now:%Y%m%d%H%M%S}{secrets.token_hex(8)}",
        )

    def _code_life(self, order: Order) -> timedelta:
        """Say how long a code can be scanned: a driver's time, which a fast clock does not shorten."""
        life = LIVES[self.facts.h5_life] if order.trade_type == "MWEB" else CODE_LIFE
        return life * self._clock.speed

    def _ghost(self, number: str) -> Order:
        """Show a burnt number as the closed order it never was."""
        now = self._clock.now()
        return Order(number, self.caller, self.appid, "", "", 1, "NATIVE", "", now, now, "", state="CLOSED")


def transaction(order: Order) -> dict[str, object]:
    """Write an order as WeChat's transaction; what only a payment brings is left out before it."""
    own: dict[str, object] = {"appid": order.appid, "mchid": order.caller.mchid}
    if order.caller.sub_mchid:
        own = {"sp_appid": order.appid, "sp_mchid": order.caller.mchid, "sub_mchid": order.caller.sub_mchid}
    fields: dict[str, object] = own | {
        "out_trade_no": order.number,
        "trade_state": order.state,
        "trade_state_desc": _DESCRIPTIONS.get(order.state, "订单未支付"),
        "attach": order.attach,
        "amount": {"total": order.total, "currency": "CNY"},
    }
    if order.paid_at is not None:
        fields |= {
            "transaction_id": order.transaction_id,
            "trade_type": order.trade_type,
            "bank_type": "OTHERS",
            "success_time": written(order.paid_at),
            "payer": {"sp_openid" if order.caller.sub_mchid else "openid": order.openid},
            "amount": {"total": order.total, "payer_total": order.total, "currency": "CNY", "payer_currency": "CNY"},
        }
    return fields
