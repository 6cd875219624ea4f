"""The switches of tests: spoil notices and answers to come, move time, change facts, let things end, show the books."""

from collections.abc import Sequence
from typing import Final

from billing.sim.wechat.books.orders import Order
from billing.sim.wechat.books.parking import Deduction
from billing.sim.wechat.books.refunds import Refund
from billing.sim.wechat.doors.wire import Answer, Call, Route, dispatch, json_answer, route
from billing.sim.wechat.faults import AnswerFault, Plan
from billing.sim.wechat.notifier import Manner, Signer

DONE: Final = Answer(204)
ENDS: Final = ("SUCCESS", "CLOSED", "ABNORMAL")


def switch(call: Call) -> Answer:
    """Obey a test."""
    try:
        return dispatch(ROUTES, call)
    except (ValueError, KeyError) as error:
        return json_answer(400, {"error": str(error)})


def _whole(call: Call, name: str, otherwise: int) -> int:
    return int(call.text(name, str(otherwise)))


def _notices(call: Call) -> Answer:
    call.wechat.notifier.plan(Manner(call.text("manner")), call.text("event"), _whole(call, "times", 1))
    return DONE


def _answers(call: Call) -> Answer:
    plan = Plan(
        AnswerFault(call.text("fault")), call.text("path"), call.text("method"), float(call.text("wait_s", "0"))
    )
    call.wechat.faults.plan(plan, _whole(call, "times", 1))
    return DONE


def _clear(call: Call) -> Answer:
    call.wechat.faults.clear()
    call.wechat.notifier.clear()
    return DONE


def _forge(call: Call) -> Answer:
    order = call.wechat.orders.by_code(call.text("code_url"))
    if order is None:
        return json_answer(404, {"error": "no order has this code"})
    return json_answer(200, {"status": call.wechat.forge(order, Manner(call.text("manner")))})


def _orders(call: Call) -> Answer:
    return json_answer(200, [_order(order) for order in call.wechat.orders.all()])


def _deductions(call: Call) -> Answer:
    return json_answer(200, [_deducted(one) for one in call.wechat.parking.deductions()])


def _refunds(call: Call) -> Answer:
    return json_answer(200, [_refund(refund) for refund in call.wechat.refunds.all()])


def _end_refund(call: Call) -> Answer:
    """Let one refund, or all of them, come to an end."""
    number, state = call.text("out_refund_no"), call.text("state", "SUCCESS")
    if state not in ENDS:
        raise ValueError(f"state {state!r}")
    for refund in call.wechat.refunds.all():
        if number in ("", refund.number) and call.wechat.refunds.end(refund, state):
            call.wechat.refund_ended(refund)
    return DONE


def _by_itself(call: Call) -> Answer:
    """Let refunds end without a switch from now on: SUCCESS, CLOSED or ABNORMAL; empty: not any more."""
    state = call.text("state")
    if state not in ("", *ENDS):
        raise ValueError(f"state {state!r}")
    call.wechat.refunds.by_itself = state
    return DONE


def _by_hand(call: Call) -> Answer:
    """Let a person at the merchant platform give back what was paid for an order, or a part of it."""
    order = call.wechat.orders.find(call.text("out_trade_no"))
    if not isinstance(order, Order):
        return json_answer(404, {"error": "no such order"})
    refund = call.wechat.refunds.by_hand(order, _whole(call, "amount_fen", order.total))
    return json_answer(409, {"error": "not so much to give"}) if refund is None else json_answer(200, _refund(refund))


def _late_payment(call: Call) -> Answer:
    """Take a payment that was under way when its order was closed."""
    order = call.wechat.orders.pay_late(call.text("code_url"), call.text("openid", "phone"))
    if order is None:
        return json_answer(409, {"error": "this order cannot be paid late"})
    call.wechat.judge.note("payment", outcome="late", number=order.number)
    call.wechat.paid(order)
    return DONE


def _clock(call: Call) -> Answer:
    """Move business time ahead, or set the skew of signatures."""
    fields = call.fields
    if "skew_s" in fields:
        call.wechat.clock.skew_s = float(call.text("skew_s"))
    if "ahead_s" in fields:
        call.wechat.clock.move(float(call.text("ahead_s")))
    return json_answer(200, {"now": call.wechat.clock.now().isoformat()})


def _schedule(call: Call) -> Answer:
    """Tell whether a notice is on its way, and when the next one is due."""
    is_sending, next_at = call.wechat.notifier.schedule()
    return json_answer(200, {"is_sending": is_sending, "next": next_at and next_at.isoformat()})


def _facts(call: Call) -> Answer:
    fields = call.fields
    if fields.pop("reset", False):
        call.wechat.switchboard.reset()
    call.wechat.switchboard.change(fields)
    return _shown_facts(call)


def _shown_facts(call: Call) -> Answer:
    return json_answer(200, call.wechat.switchboard.facts.shown())


def _identity(call: Call) -> Answer:
    """Choose who signs notices, rotate or expire the certificate, or hand none out."""
    fields, certificates = call.fields, call.wechat.platform.certificates
    if "notices" in fields:
        call.wechat.notifier.signer = Signer(call.text("notices"))
    if "has_certificates" in fields:
        call.wechat.switchboard.has_certificates = bool(fields["has_certificates"])
    if fields.get("rotate"):
        certificates.rotate()
    if fields.get("expire"):
        certificates.expire()
    return DONE


def _payer(call: Call) -> Answer:
    balance = call.fields.get("balance_fen")
    call.wechat.wallets.set(
        call.text("openid"),
        asks_password=bool(call.fields.get("asks_password")),
        balance_fen=balance if isinstance(balance, int) else None,
    )
    return DONE


def _merchant(call: Call) -> Answer:
    """Say how much money the merchant has for refunds."""
    balance = call.fields.get("balance_fen")
    call.wechat.refunds.balance_fen = balance if isinstance(balance, int) else None
    return DONE


def _payout(call: Call) -> Answer:
    """Send money to the merchant's bank."""
    call.wechat.bills.pay_out(_whole(call, "amount", 0))
    return DONE


def _plate(call: Call) -> Answer:
    """Let a plate's owner sign, pause or end the service, or block its entry for another reason.

    `outcome` and `after_s`: what becomes of the plate's deductions by themselves.
    """
    plate, parking = call.text("plate"), call.wechat.parking
    if "outcome" in call.fields:
        parking.plan(plate, call.text("outcome"), float(call.text("after_s", "1")))
    if "service" in call.fields:
        entry = parking.set_service(plate, call.text("service"))
    else:
        entry = parking.block(plate, call.text("block"))
    if entry is not None:
        call.wechat.entry_changed(entry)
    return DONE


def _deduction(call: Call) -> Answer:
    outcome = call.text("outcome")
    call.wechat.deducted(call.wechat.parking.end(call.text("out_trade_no"), outcome), outcome)
    return DONE


def _order(order: Order) -> dict[str, object]:
    return {
        "out_trade_no": order.number,
        "state": order.state,
        "total": order.total,
        "code_url": order.code_url,
        "transaction_id": order.transaction_id,
        "made_at": order.made_at.isoformat(),
        "paid_at": order.paid_at and order.paid_at.isoformat(),
    }


def _deducted(one: Deduction) -> dict[str, object]:
    paid_at = one.paid_at and one.paid_at.isoformat()
    return {"out_trade_no": one.number, "state": one.state, "total": one.total, "paid_at": paid_at}


def _refund(refund: Refund) -> dict[str, object]:
    return {
        "out_refund_no": refund.number,
        "out_trade_no": refund.order.number,
        "state": refund.state,
        "amount": refund.amount,
        "made_at": refund.made_at.isoformat(),
    }


def _account(call: Call) -> Answer:
    """Let a visitor not follow the official account, or end its access token."""
    if openid := call.text("stranger"):
        call.wechat.messages.strangers.add(openid)
    if call.fields.get("end_token"):
        call.wechat.messages.end_token()
    return Answer(204)


ROUTES: Final[Sequence[Route]] = (
    route("POST", "/sim/account", _account),
    route("POST", "/sim/notices", _notices),
    route("POST", "/sim/answers", _answers),
    route("POST", "/sim/clear", _clear),
    route("POST", "/sim/forge", _forge),
    route("GET", "/sim/orders", _orders),
    route("GET", "/sim/deductions", _deductions),
    route("GET", "/sim/refunds", _refunds),
    route("POST", "/sim/refunds", _end_refund),
    route("POST", "/sim/refunds/by_itself", _by_itself),
    route("POST", "/sim/refunds/by_hand", _by_hand),
    route("POST", "/sim/late_payment", _late_payment),
    route("POST", "/sim/clock", _clock),
    route("GET", "/sim/schedule", _schedule),
    route("GET", "/sim/facts", _shown_facts),
    route("POST", "/sim/facts", _facts),
    route("POST", "/sim/identity", _identity),
    route("POST", "/sim/payers", _payer),
    route("POST", "/sim/merchant", _merchant),
    route("POST", "/sim/payout", _payout),
    route("POST", "/sim/plates", _plate),
    route("POST", "/sim/deductions", _deduction),
)
