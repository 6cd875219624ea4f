"""The platform's refunds: accepted, then done, closed or abnormal; the same number never pays back twice (§6)."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from billing.sim.wechat.books.orders import PAID_STATES, Order, OrderBook, refusal
from billing.sim.wechat.books.shape import REFUND_NUMBER, first_wrong, is_text, is_url, is_whole, whole, within
from billing.sim.wechat.clock import PlatformClock, written
from billing.sim.wechat.crypto import Fault

MOST_OF_AN_ORDER: Final = 50
APART: Final = timedelta(minutes=1)
WITHIN: Final = timedelta(days=365)


@dataclass(slots=True)
class Refund:
    """One refund; `state` is WeChat's status."""

    number: str
    order: Order
    refund_id: str
    amount: int
    notify_url: str
    fingerprint: str
    made_at: datetime
    state: str = "PROCESSING"
    ended_at: datetime | None = None


class RefundBook:
    """All refunds by number. It shares the lock of the orders, whose money it gives back."""

    def __init__(self, orders: OrderBook, clock: PlatformClock) -> None:
        self._orders = orders
        self._clock = clock
        self._refunds = orders.safe.all("refund", Refund)
        self.balance_fen: int | None = None
        """The merchant's own money; None is always enough."""
        self.by_itself = ""
        """How refunds end as soon as they are accepted; empty: they go on until a switch ends them."""
        orders.give_back = self._give_back

    def refund(self, fields: Mapping[str, object]) -> Refund | Fault:
        """Accept a refund; the same number with the same parameters gives the same refund."""
        fault = self._fault(fields)
        if fault is not None:
            return fault
        with self._orders.lock:
            number, fingerprint = str(fields["out_refund_no"]), json.dumps(fields, sort_keys=True)
            old = self._refunds.get(number)
            if old is not None:
                return old if old.fingerprint == fingerprint else refusal("INVALID_REQUEST")
            order = self._order_of(fields)
            if order is None:
                return Fault(404, "RESOURCE_NOT_EXISTS", "订单不存在")
            amount = within(fields, "amount")
            refused = self._limits(order, amount)
            if refused is not None:
                return refused
            made = self._made(order, number, fingerprint, fields)
            self._keep(made)
            return made

    def find(self, number: str) -> Refund | None:
        """Give a refund by its number."""
        with self._orders.lock:
            return self._refunds.get(number)

    def by_id(self, refund_id: str) -> Refund | None:
        """Give a refund by WeChat's own number."""
        with self._orders.lock:
            return next((one for one in self._refunds.values() if one.refund_id == refund_id), None)

    def all(self) -> list[Refund]:
        """Give all refunds."""
        with self._orders.lock:
            return list(self._refunds.values())

    def end(self, refund: Refund, state: str) -> bool:
        """Let a refund come to its end; False if it has one."""
        with self._orders.lock:
            if refund.state not in ("PROCESSING", "ABNORMAL") or refund.state == state:
                return False
            refund.state, refund.ended_at = state, self._clock.now()
            if state == "CLOSED":
                refund.order.refunded -= refund.amount
            self._keep(refund)
            return True

    def again(self, refund: Refund) -> bool:
        """Take up a refund that its payer's bank did not take; False unless it is one."""
        with self._orders.lock:
            if refund.state != "ABNORMAL":
                return False
            refund.state, refund.ended_at = "PROCESSING", None
            self._keep(refund)
            return True

    def by_hand(self, order: Order, amount: int) -> Refund | None:
        """Give money back as a person does at the merchant platform; None if there is not so much to give."""
        with self._orders.lock:
            if order.state not in PAID_STATES or not 0 < amount <= order.total - order.refunded:
                return None
            number = f"MP{secrets.randbelow(10**18):018d}"
            refund = self._made(order, number, "", {"amount": {"refund": amount}})
            refund.state, refund.ended_at = "SUCCESS", self._clock.now()
            self._keep(refund)
            return refund

    def _give_back(self, order: Order) -> None:
        """Give all the rest of an order back at once, as a reversal does."""
        refund = self._made(order, f"REV{order.number}", "", {"amount": {"refund": order.total - order.refunded}})
        refund.state, refund.ended_at = "SUCCESS", self._clock.now()
        self._keep(refund)

    def _keep(self, refund: Refund) -> None:
        self._refunds[refund.number] = refund
        self._orders.keep(refund.order)
        self._orders.safe.keep("refund", refund.number, refund)

    def _made(self, order: Order, number: str, fingerprint: str, fields: Mapping[str, object]) -> Refund:
        amount = whole(within(fields, "amount"), "refund")
        order.refunded += amount
        order.state = "REFUND"
        if self.balance_fen is not None:
            self.balance_fen -= amount
        refund_id = f"503{secrets.randbelow(10**25):025d}"
        url = str(fields.get("notify_url", ""))
        return Refund(number, order, refund_id, amount, url, fingerprint, self._clock.now())

    def _limits(self, order: Order, amount: Mapping[str, object]) -> Fault | None:
        wanted = whole(amount, "refund")
        own = [one for one in self._refunds.values() if one.order is order]
        if order.state not in PAID_STATES or order.paid_at is None:
            return Fault(403, "TRADE_ERROR", "订单未支付，不能退款")
        if amount.get("total") != order.total or wanted > order.total - order.refunded:
            return Fault(400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
        if self._clock.now() > order.paid_at + WITHIN or len(own) >= MOST_OF_AN_ORDER:
            return Fault(403, "RULE_LIMIT", "已超过退款期限或次数")
        if any(self._clock.now() < one.made_at + APART for one in own):
            return Fault(429, "FREQUENCY_LIMITED", "频率限制")
        if self.balance_fen is not None and self.balance_fen < wanted:
            return Fault(403, "NOT_ENOUGH", "基本账户余额不足，请充值后重新发起")
        return None

    def _order_of(self, fields: Mapping[str, object]) -> Order | None:
        if fields.get("transaction_id"):
            return self._orders.by_transaction(str(fields["transaction_id"]))
        found = self._orders.find(str(fields.get("out_trade_no", "")))
        return found if isinstance(found, Order) else None

    def _fault(self, fields: Mapping[str, object]) -> Fault | None:
        caller, amount = self._orders.caller, within(fields, "amount")
        if str(fields.get("sub_mchid") or "") != caller.sub_mchid:
            return Fault(400, "PARAM_ERROR", "特约商户号有误")
        checks = {
            "out_refund_no": REFUND_NUMBER.fullmatch(str(fields.get("out_refund_no", ""))) is not None,
            "transaction_id": bool(fields.get("transaction_id")) != bool(fields.get("out_trade_no")),
            "reason": is_text(fields.get("reason", ""), 80, least=0)
            and len(str(fields.get("reason", "")).encode()) <= 80,
            "notify_url": "notify_url" not in fields or is_url(fields["notify_url"]),
            "refund": is_whole(amount.get("refund")),
            "total": is_whole(amount.get("total")),
            "currency": amount.get("currency") == "CNY",
        }
        return first_wrong(checks)


def refund_answer(refund: Refund) -> dict[str, object]:
    """Write a refund as an answer does."""
    return _common(refund) | {"status": refund.state, "channel": "ORIGINAL", "create_time": written(refund.made_at)}


def refund_notice(refund: Refund) -> dict[str, object]:
    """Write a refund as a notice does: other names, and no application."""
    caller = refund.order.caller
    own = {"sp_mchid": caller.mchid, "sub_mchid": caller.sub_mchid} if caller.sub_mchid else {"mchid": caller.mchid}
    return own | _common(refund) | {"refund_status": refund.state}


def _common(refund: Refund) -> dict[str, object]:
    order = refund.order
    ended = {} if refund.ended_at is None else {"success_time": written(refund.ended_at)}
    return {
        "refund_id": refund.refund_id,
        "out_refund_no": refund.number,
        "transaction_id": order.transaction_id,
        "out_trade_no": order.number,
        "user_received_account": "支付用户零钱",
        "amount": {
            "total": order.total,
            "refund": refund.amount,
            "payer_total": order.total,
            "payer_refund": refund.amount,
            "settlement_total": order.total,
            "settlement_refund": refund.amount,
            "discount_refund": 0,
            "currency": "CNY",
        },
        **ended,
    }
