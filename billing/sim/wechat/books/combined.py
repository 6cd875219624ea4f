"""Combined orders (合单): several orders under one code, paid together and refunded one by one."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from billing.sim.wechat.books.orders import DEFAULT_LIFE, Order, OrderBook, refusal
from billing.sim.wechat.books.shape import NUMBER, Fields, first_wrong, is_text, is_url, is_whole, whole, within
from billing.sim.wechat.clock import PlatformClock, moment, written
from billing.sim.wechat.crypto import Fault

MOST: Final = 10
KINDS: Final = {"native": "NATIVE", "jsapi": "JSAPI"}


@dataclass(frozen=True, slots=True)
class Combined:
    """One combined order; `head` is what a phone sees of it, `parts` are what is paid."""

    number: str
    head: Order
    parts: Sequence[Order]
    fingerprint: str


class CombinedBook:
    """All combined orders. It shares the lock and the books of the orders."""

    def __init__(self, orders: OrderBook, clock: PlatformClock) -> None:
        self._orders = orders
        self._clock = clock
        self._all = orders.safe.all("combined", Combined)

    def order(self, fields: Fields, kind: str) -> Combined | Fault:
        """Make a combined order; the same number with the same parameters gives the same one."""
        parts = _parts(fields)
        fault = self._fault(fields, parts)
        if fault is not None:
            return fault
        number, fingerprint = str(fields["combine_out_trade_no"]), json.dumps([kind, fields], sort_keys=True)
        with self._orders.lock:
            old = self._all.get(number)
            if old is not None:
                return old if old.fingerprint == fingerprint else refusal("INVALID_REQUEST")
            if any(isinstance(self._orders.find(str(one["out_trade_no"])), Order) for one in parts):
                return refusal("OUT_TRADE_NO_USED")
            made = self._made(fields, parts, KINDS[kind], fingerprint)
            self._all[number] = made
            for part in made.parts:
                self._orders.adopt(part)
            self._orders.safe.keep("combined", number, made)
            return made

    def find(self, number: str) -> Combined | None:
        """Give a combined order by its number."""
        with self._orders.lock:
            return self._all.get(number)

    def by_code(self, code: str) -> Combined | None:
        """Give the combined order that a code or a prepay id leads to."""
        with self._orders.lock:
            codes = ((one.head.code_url, one.head.prepay_id, one) for one in self._all.values())
            return next((one for url, prepay, one in codes if code and code in (url, prepay)), None)

    def pay(self, code: str, openid: str) -> tuple[str, Combined | None]:
        """Pay all parts, or none."""
        found = self.by_code(code)
        if found is None:
            return "unknown", None
        with self._orders.lock:
            if any(part.state != "NOTPAY" for part in found.parts):
                return "paid" if found.parts[0].state == "SUCCESS" else "closed", found
            if self._clock.now() > found.head.expires_at:
                return "expired", found
            for part in found.parts:
                part.paid(openid, self._clock.now())
                self._orders.keep(part)
            return "ok", found

    def close(self, number: str) -> Fault | None:
        """Close all parts."""
        found = self.find(number)
        if found is None:
            return refusal("ORDER_NOT_EXIST")
        faults = [self._orders.close(part.number) for part in found.parts]
        return next((fault for fault in faults if fault is not None), None)

    def _made(self, fields: Fields, parts: Sequence[Fields], trade_type: str, fingerprint: str) -> Combined:
        url = f"weixin://wxpay/bizpayurl?pr={secrets.token_urlsafe(8)}"
        orders = [self._part(fields, part, trade_type) for part in parts]
        head = self._part(fields, {**parts[0], "description": "合单支付"}, trade_type)
        head.total, head.code_url = sum(order.total for order in orders), url
        return Combined(str(fields["combine_out_trade_no"]), head, orders, fingerprint)

    def _part(self, fields: Fields, part: Fields, trade_type: str) -> Order:
        now = self._clock.now()
        return Order(
            number=str(part["out_trade_no"]),
            caller=self._orders.caller,
            appid=self._orders.appid,
            description=str(part["description"]),
            attach=str(part.get("attach", "")),
            total=whole(within(part, "amount"), "total_amount"),
            trade_type=trade_type,
            notify_url=str(fields["notify_url"]),
            made_at=now,
            expires_at=moment(fields.get("time_expire")) or now + DEFAULT_LIFE,
            fingerprint="",
            prepay_id=f"wx{now:%Y%m%d%H%M%S}{secrets.token_hex(8)}",
        )

    def _fault(self, fields: Fields, parts: Sequence[Fields]) -> Fault | None:
        caller = self._orders.caller
        if fields.get("combine_mchid") != caller.mchid or fields.get("combine_appid") != self._orders.appid:
            return Fault(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配")
        numbers = [str(part.get("out_trade_no", "")) for part in parts]
        checks = {
            "combine_out_trade_no": NUMBER.fullmatch(str(fields.get("combine_out_trade_no", ""))) is not None,
            "sub_orders": 2 <= len(parts) <= MOST and len(set(numbers)) == len(numbers),
            "out_trade_no": all(NUMBER.fullmatch(number) for number in numbers),
            "mchid": all(part.get("mchid") == caller.mchid for part in parts),
            "sub_mchid": all(str(part.get("sub_mchid") or "") == caller.sub_mchid for part in parts),
            "description": all(is_text(part.get("description"), 127) for part in parts),
            "attach": all(is_text(part.get("attach"), 128) for part in parts),
            "amount": all(is_whole(within(part, "amount").get("total_amount")) for part in parts),
            "notify_url": is_url(fields.get("notify_url")),
        }
        return first_wrong(checks)


def _parts(fields: Fields) -> list[Mapping[str, object]]:
    given = fields.get("sub_orders")
    return [part for part in given if isinstance(part, dict)] if isinstance(given, list) else []


def combined_answer(one: Combined) -> dict[str, object]:
    """Write a combined order with the state of each of its parts."""
    return {
        "combine_appid": one.head.appid,
        "combine_mchid": one.head.caller.mchid,
        "combine_out_trade_no": one.number,
        "sub_orders": [_part_answer(part) for part in one.parts],
        "combine_payer_info": {"openid": one.parts[0].openid},
    }


def _part_answer(part: Order) -> dict[str, object]:
    paid: dict[str, object] = {}
    if part.paid_at is not None:
        paid = {"transaction_id": part.transaction_id, "success_time": written(part.paid_at), "bank_type": "OTHERS"}
    sub = {"sub_mchid": part.caller.sub_mchid} if part.caller.sub_mchid else {}
    amount = {"total_amount": part.total, "payer_amount": part.total, "currency": "CNY", "payer_currency": "CNY"}
    return {
        "mchid": part.caller.mchid,
        **sub,
        "out_trade_no": part.number,
        "trade_type": part.trade_type,
        "trade_state": part.state,
        "attach": part.attach,
        "amount": amount,
        **paid,
    }
