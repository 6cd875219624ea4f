"""Money: cash at the exit, the tills, and what the books say; each role sees and does what is its own."""

from datetime import datetime

from flask import Blueprint, abort, jsonify, render_template
from flask.typing import ResponseReturnValue

from hmi.control.api.described import described
from hmi.control.api.edge import Edge, Fen, FenOrNone, MaybeName, Name, Note, Seconded, Text, Word
from hmi.control.auth import signed_in
from hmi.control.orders import answered, ask, order
from hmi.control.room import room
from hmi.control.sessions import Session
from scada.bridge import Message, Value
from scada.model.money import Fen as WholeFen
from scada.model.money import yuan_text

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
_WORD = 32


class CaseRef(Edge):
    """Which case."""

    case: Text


class CaseEnd(CaseRef):
    """Which case, and what came of it."""

    outcome: Text


class Refund(Seconded):
    """Which payment, how much of it, and why; above the limit with a second person."""

    order: Word
    reason: Word
    amount_fen: Fen
    note: Note = ""


class Account(Edge):
    """Which account, and whose part of it."""

    account: MaybeName = ""
    subject: MaybeName = ""


class StayAsked(Edge):
    """A stay, or a plate with a purpose."""

    stay: Word
    purpose: Note = ""


class CarAtBoom(Edge):
    """Which car, and its stay."""

    passage: MaybeName = ""
    stay: MaybeName = ""


class Handed(Edge):
    """What was due, and what the driver gave."""

    due_fen: Fen
    given_fen: Fen


class Cash(Handed):
    """Cash for the car at the boom."""

    passage: Name
    stay: Word


class ArrearsCash(Handed):
    """Cash for a stay that has ended."""

    stay: Word


class Void(Seconded):
    """Which receipt, and why."""

    receipt: Word
    why: Text


class OpenTill(Edge):
    """The change that is in it."""

    float_fen: FenOrNone


class CloseTill(Seconded):
    """What was counted, and where it goes."""

    counted_fen: FenOrNone
    to: Word
    note: Note = ""


class MoveSafe(Edge):
    """How much, and which way."""

    amount_fen: Fen
    to: Word
    note: Note = ""


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
            amounts = {name: yuan_text(WholeFen(int(found[f"{name}_fen"]))) for name in ("due", "given", "change")}
            return render_template("control/receipt.html", receipt=found, site=_facts(), paid_at=paid_at, **amounts)
        case _:
            abort(404)
    return None


def _facts() -> Message:
    """Give the site's facts as they are set now; as config.toml has them while the plant does not tell."""
    site = room().config.site
    match ask("site_facts", {}):
        case Value({"facts": dict() as facts}):
            return facts
        case _:
            return {"name": site.name, "name_en": site.name_en}


@money.get("/api/v1/money/till")
@described("till", answer=object)
def till() -> ResponseReturnValue:
    """Give the signed-in person's own till."""
    return _looked_up("till", {})


@money.get("/api/v1/money/lists/<name>")
@described("statement", answer=object)
def listed(name: str) -> ResponseReturnValue:
    """Give one of the page's lists."""
    return _looked_up(LISTS[name], {}) if name in LISTS else (jsonify(why="no such list"), 404)


@money.post("/api/v1/money/cases/take")
@described("take_case")
def take_case(body: CaseRef) -> ResponseReturnValue:
    """Take a money case: from now on it is one's own."""
    return order("take_case", body.args())


@money.post("/api/v1/money/cases/close")
@described("close_case")
def close_case(body: CaseEnd) -> ResponseReturnValue:
    """Close a money case with what came of it."""
    return order("close_case", body.args())


@money.post("/api/v1/money/refund")
@described("refund")
def refund(body: Refund) -> ResponseReturnValue:
    """Give a payment back, or a part of it; above the limit together with a second person."""
    return order("refund", body.args())


@money.get("/api/v1/money/statement")
@described("statement", answer=object)
def statement(query: Account) -> ResponseReturnValue:
    """Give what moved on an account."""
    return _looked_up("statement", {name: value for name, value in query.args().items() if value})


@money.post("/api/v1/money/stay")
@described("stay_money", answer=object)
def stay(body: StayAsked) -> ResponseReturnValue:
    """Give all that happened to a stay's money; by plate with a purpose, which is written down."""
    return order("stay_money", body.args())


@money.get("/api/v1/lanes/<lane>/cash-price")
@described("cash_price", answer=object)
def cash_price(lane: str, query: CarAtBoom) -> ResponseReturnValue:
    """Give what the car at the boom has to pay in cash now."""
    return _looked_up("cash_price", {"lane": lane, **query.args()})


@money.post("/api/v1/lanes/<lane>/cash")
@described("take_cash")
def take_cash(lane: str, body: Cash) -> ResponseReturnValue:
    """Take cash for the car at the boom."""
    return order("take_cash", {"lane": lane, **body.args()})


@money.post("/api/v1/money/arrears-cash")
@described("take_arrears_cash")
def take_arrears(body: ArrearsCash) -> ResponseReturnValue:
    """Take cash for what a stay that has ended owes."""
    return order("take_arrears_cash", body.args())


@money.post("/api/v1/money/void")
@described("void_cash")
def void(body: Void) -> ResponseReturnValue:
    """Take a receipt back, together with a second person."""
    return order("void_cash", body.args())


@money.post("/api/v1/money/open-till")
@described("open_till")
def open_till(body: OpenTill) -> ResponseReturnValue:
    """Open one's own till with some change."""
    return order("open_till", body.args())


@money.post("/api/v1/money/close-till")
@described("close_till")
def close_till(body: CloseTill) -> ResponseReturnValue:
    """Count one's own till and hand it over to a second person."""
    return order("close_till", body.args())


@money.post("/api/v1/money/safe")
@described("move_safe")
def move_safe(body: MoveSafe) -> ResponseReturnValue:
    """Enter that cash went from the safe to the bank, or the other way."""
    return order("move_safe", body.args())


def _seer() -> Session:
    who = signed_in()
    if not who.may_see_money:
        abort(403)
    return who


def _looked_up(verb: str, arguments: Message) -> ResponseReturnValue:
    return answered(ask(verb, arguments, within_s=_WITHIN_S))
