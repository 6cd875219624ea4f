"""Combined orders at the simulator: paid together, told once, refunded one by one. The product makes none."""

from typing import Any

from billing.pay.gateway import NotVerified, Refund, Refused
from billing.settle import Transaction
from scada.model.money import Fen
from scada.model.names import OrderId
from tests.support.wechat import Bench, number, soon

COMBINE = "/v3/combine-transactions"


def body(at: Bench, name: str, parts: list[OrderId]) -> dict[str, object]:
    names = at.config.wechat
    amounts = [{"total_amount": 100 * n, "currency": "CNY"} for n in range(1, len(parts) + 1)]
    return {
        "combine_appid": names.appid,
        "combine_mchid": names.mchid,
        "combine_out_trade_no": name,
        "notify_url": names.notify_url,
        "time_expire": soon(),
        "sub_orders": [
            {"mchid": names.mchid, "out_trade_no": part, "description": "停车费", "attach": "a", "amount": amount}
            for part, amount in zip(parts, amounts, strict=True)
        ],
    }


def states(at: Bench, name: str) -> list[str]:
    found: Any = at.gateway.orders.channel.get("combined", f"{COMBINE}/out-trade-no/{name}")
    return [part["trade_state"] for part in found["sub_orders"]]


def test_a_combined_order_is_paid_at_once_and_refunded_by_parts(at: Bench) -> None:
    channel, parts, name = at.gateway.orders.channel, [number(), number()], number("C")
    asked = body(at, name, parts)
    made: Any = channel.post("combined", f"{COMBINE}/native", asked)
    assert channel.post("combined", f"{COMBINE}/native", asked) == made
    assert "¥3.00" in at.phone.get(f"/phone?code_url={made['code_url']}")
    assert states(at, name) == ["NOTPAY", "NOTPAY"]
    assert at.phone.pay(made["code_url"]) == "ok"
    assert at.phone.pay(made["code_url"]) == "paid"
    assert states(at, name) == ["SUCCESS", "SUCCESS"]
    told = at.next_notice()
    assert isinstance(told, NotVerified), "the product makes no combined orders, and takes no word of them"
    assert "signed" in told.why
    assert isinstance(at.gateway.refunds.refund(f"R{parts[1]}", parts[1], Fen(200), Fen(200), "x"), Refund)
    assert states(at, name) == ["SUCCESS", "REFUND"]
    one = at.gateway.query(parts[0])
    assert isinstance(one, Transaction)
    assert (one.trade_state, one.amount_fen) == ("SUCCESS", 100)


def test_a_closed_combined_order_cannot_be_paid_and_one_of_one_part_is_none(at: Bench) -> None:
    channel, parts, name = at.gateway.orders.channel, [number(), number()], number("C")
    made: Any = channel.post("combined", f"{COMBINE}/native", body(at, name, parts))
    assert channel.post("combined", f"{COMBINE}/out-trade-no/{name}/close", {"combine_appid": "x"}) == {}
    assert at.phone.pay(made["code_url"]) == "closed"
    again = channel.post("combined", f"{COMBINE}/native", body(at, number("C"), parts))
    assert isinstance(again, Refused)
    assert again.code == "OUT_TRADE_NO_USED"
    alone = channel.post("combined", f"{COMBINE}/native", body(at, number("C"), [number()]))
    assert isinstance(alone, Refused)
    assert alone.code == "PARAM_ERROR"
