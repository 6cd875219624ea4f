"""Money: cash at the exit, the tills, and what the books say; each role sees and does what is its own."""

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from hmi.control.auth import signed_in
from hmi.control.orders import answered, ask, order, second, sent, text
from hmi.control.room import room
from hmi.control.sessions import Session
from scada.bridge import Message, Value
from scada.model.money import Fen, yuan_text

money = Blueprint("money", __name__)

LISTS = {
    "tills": "tills",
    "balances": "trial_balance",
    "check": "ledger_check",
    "cases": "cases",
    "refunds": "refunds",
    "days": "reconciliation",
    "arrears": "arrears",
    "merchants": "merchants",
    "vouchers": "vouchers",
    "bookings": "bookings",
    "cards": "cards",
}
"""What the page may list, and by which verb."""
_WITHIN_S = 12.0
_NAME, _WORD, _NOTE = 64, 32, 200
MOST_FEN = 10_000_000


@money.get("/money")
def page() -> ResponseReturnValue:
    """Show the page; its lists are asked for."""
    who, config = _seer(), room().config
    page_data = {
        "site": {"zone": config.site.zone},
        "lanes": [lane.model_dump(include={"name", "direction", "title", "title_en"}) for lane in config.lanes],
        "mayTakeCash": who.may_take_cash,
        "mayKeepMoney": who.may_keep_money,
    }
    return render_template("control/money.html", who=who, site=config.site, page_data=page_data)


@money.get("/money/receipts/<number>")
def receipt(number: str) -> ResponseReturnValue:
    """Show a receipt as it is printed, in Chinese and English."""
    _seer()
    match ask("receipt", {"receipt": number[:_WORD]}):
        case Value(dict() as found):
            zone = room().config.site.zone_info
            paid_at = datetime.fromisoformat(str(found["paid_at"])).astimezone(zone)
            amounts = {name: yuan_text(Fen(int(found[f"{name}_fen"]))) for name in ("due", "given", "change")}
            return render_template(
                "control/receipt.html", receipt=found, site=room().config.site, paid_at=paid_at, **amounts
            )
        case _:
            abort(404)
    return None


@money.get("/api/money/till")
def till() -> ResponseReturnValue:
    """The signed-in person's own till."""
    return _looked_up("till", {})


@money.get("/api/money/lists/<name>")
def listed(name: str) -> ResponseReturnValue:
    """One of the page's lists."""
    return _looked_up(LISTS[name], {}) if name in LISTS else (jsonify(why="no such list"), 404)


@money.post("/api/money/cases/take")
def take_case() -> ResponseReturnValue:
    """Take a money case: from now on it is one's own."""
    return sent("take_case", _taken(lambda body: {"case": text(body, "case", _NOTE)}), may=signed_in().may_keep_money)


@money.post("/api/money/cases/close")
def close_case() -> ResponseReturnValue:
    """Close a money case with what came of it."""

    def take(body: dict[str, object]) -> Message:
        return {"case": text(body, "case", _NOTE), "outcome": text(body, "outcome", _NOTE)}

    return sent("close_case", _taken(take), may=signed_in().may_keep_money)


@money.post("/api/money/refund")
def refund() -> ResponseReturnValue:
    """Give a payment back, or a part of it; above the limit together with a second person."""

    def take(body: dict[str, object]) -> Message:
        named = {"order": text(body, "order", _WORD), "reason": text(body, "reason", _WORD)}
        note = text(body, "note", _NOTE, needed=False)
        return {**named, **_amount(body, "amount_fen", 1), "note": note, **second(body)}

    return sent("refund", _taken(take), may=signed_in().may_keep_money)


@money.get("/api/money/statement")
def statement() -> ResponseReturnValue:
    """What moved on an account."""
    asked = {name: request.args.get(name, "")[:_NAME] for name in ("account", "subject")}
    return _looked_up("statement", {name: value for name, value in asked.items() if value})


@money.post("/api/money/stay")
def stay() -> ResponseReturnValue:
    """All that happened to a stay's money; by plate with a purpose, which is written down."""
    return sent("stay_money", _taken(_asked_for), may=signed_in().may_see_money)


@money.get("/api/lanes/<lane>/cash-price")
def cash_price(lane: str) -> ResponseReturnValue:
    """What the car at the boom has to pay in cash now."""
    if not signed_in().may_take_cash:
        return jsonify(why="your role may only look"), 403
    named = {name: request.args.get(name, "")[:_NAME] for name in ("passage", "stay")}
    return answered(ask("cash_price", {"lane": lane[:_WORD], **named}, within_s=_WITHIN_S))


@money.post("/api/lanes/<lane>/cash")
def take_cash(lane: str) -> ResponseReturnValue:
    """Take cash for the car at the boom."""

    def take(body: dict[str, object]) -> Message:
        return {"passage": text(body, "passage", _NAME), "stay": text(body, "stay", _WORD), **_amounts(body)}

    return order("take_cash", lane, _taken(take))


@money.post("/api/money/arrears-cash")
def take_arrears() -> ResponseReturnValue:
    """Take cash for what a stay that has ended owes."""

    def take(body: dict[str, object]) -> Message:
        return {"stay": text(body, "stay", _WORD), **_amounts(body)}

    return sent("take_arrears_cash", _taken(take), may=signed_in().may_take_cash)


@money.post("/api/money/void")
def void() -> ResponseReturnValue:
    """Take a receipt back, together with a second person."""

    def take(body: dict[str, object]) -> Message:
        return {"receipt": text(body, "receipt", _WORD), "why": text(body, "why", _NOTE), **second(body)}

    return sent("void_cash", _taken(take), may=signed_in().may_take_cash)


@money.post("/api/money/open-till")
def open_till() -> ResponseReturnValue:
    """Open one's own till with some change."""
    return sent("open_till", _taken(lambda body: _amount(body, "float_fen", 0)), may=signed_in().may_take_cash)


@money.post("/api/money/close-till")
def close_till() -> ResponseReturnValue:
    """Count one's own till and hand it over to a second person."""

    def take(body: dict[str, object]) -> Message:
        note = text(body, "note", _NOTE, needed=False)
        return {**_amount(body, "counted_fen", 0), "to": text(body, "to", _WORD), "note": note, **second(body)}

    return sent("close_till", _taken(take), may=signed_in().may_take_cash)


@money.post("/api/money/safe")
def move_safe() -> ResponseReturnValue:
    """Enter that cash went from the safe to the bank, or the other way."""

    def take(body: dict[str, object]) -> Message:
        note = text(body, "note", _NOTE, needed=False)
        return {**_amount(body, "amount_fen", 1), "to": text(body, "to", _WORD), "note": note}

    return sent("move_safe", _taken(take), may=signed_in().may_keep_money)


def _seer() -> Session:
    who = signed_in()
    if not who.may_see_money:
        abort(403)
    return who


def _looked_up(verb: str, arguments: Message) -> ResponseReturnValue:
    if not signed_in().may_see_money:
        return jsonify(why="your role may not see money"), 403
    return answered(ask(verb, arguments, within_s=_WITHIN_S))


def _asked_for(body: dict[str, object]) -> Message:
    return {"stay": text(body, "stay", _WORD), "purpose": text(body, "purpose", _NOTE, needed=False)}


def _amounts(body: dict[str, object]) -> Message:
    return {**_amount(body, "due_fen", 1), **_amount(body, "given_fen", 1)}


def _amount(body: dict[str, object], name: str, least: int) -> Message:
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MOST_FEN:
        raise ValueError(f"{name}: a whole number of fen")
    return {name: value}


def _taken(take: Callable[[dict[str, object]], Message]) -> Callable[[dict[str, object]], Message | str]:
    def taken(body: dict[str, object]) -> Message | str:
        try:
            return take(body)
        except ValueError as error:
            return str(error)

    return taken
