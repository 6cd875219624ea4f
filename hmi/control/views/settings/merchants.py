"""Merchants: what is agreed with each, what they owe, their vouchers, invoices, statement, and their staff's code."""

from collections.abc import Mapping
from typing import Final

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from hmi.control.auth import signed_in
from hmi.control.orders import WITHIN_S, ask
from hmi.control.room import room
from hmi.control.views.settings.common import changed, fen, field, listed, number, shown, told
from hmi.language import say, say_words
from scada.bridge import Message, Refused, Value
from scada.model.money import Fen, yuan_text

merchants = Blueprint("merchants", __name__, url_prefix="/settings/merchants")

_KINDS: Final = ("minutes", "money", "percent", "full")
_AGREED: Final = ("per_plate", "per_day", "pays_percent")
_HOSTING: Final = ("book_open", "book_per_day")


@merchants.get("")
def page() -> ResponseReturnValue:
    """Show the merchants, and one of them with all that is his."""
    return _shown(_news(field("done")), 200)


def _shown(words: str, status: int, code: str = "") -> ResponseReturnValue:
    who = signed_in()
    if not who.may("merchants"):
        abort(403)
    rows = [_told(row) for row in listed("merchants", {})]
    name = field("merchant")
    chosen = next((row for row in rows if row["merchant"] == name), None)
    return shown(
        "merchants",
        words,
        status,
        rows=rows,
        chosen=chosen,
        code=code,
        kinds=_kinds(),
        yuan=_yuan,
        vouchers=[] if chosen is None else listed("vouchers", {"merchant": name, "limit": 100}),
        statement=None if chosen is None else _statement(chosen),
    )


def _statement(row: Mapping[str, object]) -> dict[str, object]:
    return told("statement", {"account": "merchant", "subject": row["id"]})


@merchants.post("/save")
def save() -> ResponseReturnValue:
    """Take a merchant in, or agree anew with one."""
    limit, month = fen("limit"), fen("book_month")
    most = {kind: _most(kind) for kind in _KINDS if request.form.get(f"may_{kind}") == "on"}
    if limit is None or month is None or None in most.values():
        return _shown(say("Write sums in yuan, like 300 or 299.50."), 400)
    terms: Message = {
        "manner": field("manner"),
        "most": most,
        "limit_fen": limit,
        **{name: number(name) for name in _AGREED},
        "stackable": request.form.get("stackable") == "on",
        "may_book": request.form.get("may_book") == "on",
        **{name: number(name) for name in _HOSTING},
        "book_month_fen": month,
    }
    name, is_new = field("merchant"), request.form.get("is_new") == "on"
    verb, named = ("add_merchant", {"name": name}) if is_new else ("change_merchant", {"merchant": name})
    return _changed(verb, {**terms, **named}, "saved")


def _most(kind: str) -> int | None:
    """Give the largest value of a kind; money is written in yuan."""
    if kind == "full":
        return 0
    return fen(f"most_{kind}") if kind == "money" else number(f"most_{kind}")


@merchants.post("/end")
def end() -> ResponseReturnValue:
    """End an agreement."""
    return _changed("end_merchant", {"merchant": field("merchant")}, "ended")


@merchants.post("/paid")
def paid() -> ResponseReturnValue:
    """Enter what a merchant has paid: ahead, or of what it owes."""
    amount = fen("amount")
    if not amount:
        return _shown(say("Write sums in yuan, like 300 or 299.50."), 400)
    args: Message = {"amount_fen": amount, "into": field("into"), "note": field("reason", 200)}
    return _changed("merchant_paid", {"merchant": field("merchant"), **args}, "paid")


@merchants.post("/invoice")
def invoice() -> ResponseReturnValue:
    """Ask a merchant for what its vouchers have let off."""
    return _changed("invoice_merchant", {"merchant": field("merchant")}, "invoiced")


@merchants.post("/give")
def give() -> ResponseReturnValue:
    """Give a voucher in a merchant's name."""
    kind = field("kind")
    value = fen("value") if kind == "money" else number("value")
    args: Message = {"merchant": field("merchant"), "kind": kind, "value": value or 0, "plate": field("plate")}
    return _changed("give_voucher", args, "given")


@merchants.post("/withdraw")
def withdraw() -> ResponseReturnValue:
    """Take a voucher back that is not used."""
    args: Message = {"merchant": field("merchant"), "voucher": field("voucher"), "why": field("reason", 200)}
    return _changed("withdraw_voucher", args, "withdrawn")


@merchants.post("/link")
def link() -> ResponseReturnValue:
    """Make the staff's code anew: it is shown this once, and the one before is worth nothing."""
    who, reason = signed_in(), field("reason", 200)
    if not who.may("renew_merchant_link"):
        abort(403)
    if room().registry.is_idle(who):
        return redirect(url_for("auth.sign_in"))
    if not reason:
        return _shown(say("Give a reason."), 400)
    room().registry.used(who)
    args: Message = {"merchant": field("merchant"), "reason": reason}
    match ask("renew_merchant_link", args, why=reason, within_s=WITHIN_S):
        case Value({"code": str() as code}):
            return _shown("", 200, code)
        case Refused(_, error):
            return _shown(say("Refused: %(why)s", why=say_words(error)), 409)
        case _:
            return _shown(say("Nobody knows whether it was done. Look at the list."), 504)


def _changed(verb: str, args: Message, done: str) -> ResponseReturnValue:
    name = str(args.get("merchant") or args.get("name"))
    return changed(verb, args, signed_in().may(verb), "merchants.page", done, _shown, merchant=name)


def _told(row: dict[str, object]) -> dict[str, object]:
    most = row.get("most")
    kinds = dict(most) if isinstance(most, Mapping) else {}
    return {**row, "most": kinds, "owes": _yuan(row["owes_fen"]), "limit": _yuan(row["limit_fen"])}


def _yuan(amount: object) -> str:
    return yuan_text(Fen(amount if isinstance(amount, int) else 0))


def _kinds() -> dict[str, str]:
    words = (say("Minutes"), say("Yuan"), say("Per cent"), say("The whole fee"))
    return dict(zip(_KINDS, words, strict=True))


def _news(done: str) -> str:
    match done:
        case "saved":
            return say("The agreement is saved.")
        case "ended":
            return say("The agreement has ended. What was given stays good.")
        case "paid":
            return say("The payment is entered.")
        case "invoiced":
            return say("The invoice is made.")
        case "given":
            return say("The voucher is given.")
        case "withdrawn":
            return say("Withdrawn.")
        case _:
            return ""
