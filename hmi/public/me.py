"""A phone that is known inside WeChat: its plates, what it paid, receipts, what went back, and invoices it asks for."""

from collections.abc import Mapping
from datetime import datetime

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter

from hmi.language import say
from hmi.public.asking import plant
from hmi.public.driver import PHONE_COOKIE, status_of, trouble
from hmi.public.forms import check_form, phone_subject, signature
from hmi.whence import seat
from scada.bridge import Refused, Reply, Value
from scada.config import Config
from scada.model.money import Fen, yuan_text

me = Blueprint("me", __name__)

_LIMITS = {"plate": 16, "token": 128, "order": 32, "title": 100, "tax_number": 20, "mail": 100}


def limit_known(limiter: Limiter) -> None:
    """Bound what one address may change."""
    limiter.limit("20/minute", key_func=seat, methods=["POST"])(me)
    limiter.limit("120/minute", key_func=seat, methods=["GET"])(me)


@me.get("/me")
def view() -> ResponseReturnValue:
    """Show what this phone has."""
    return _shown()


@me.post("/me/<any(bind, unbind, invoice):what>")
def change(what: str) -> ResponseReturnValue:
    """Bind a plate, take one away, or ask for an invoice."""
    check_form(_subject())
    asked: dict[str, object] = {name: request.form.get(name, "")[:most].strip() for name, most in _LIMITS.items()}
    match _ask(f"me_{what}", **asked):
        case Value():
            return redirect(url_for("me.view", lang=request.args.get("lang")), 303)
        case reply:
            return _shown(trouble(reply), status_of(reply))


@me.get("/me/receipt/<order>")
def receipt(order: str) -> ResponseReturnValue:
    """Show the receipt of a payment of this phone."""
    match _ask("me_view"):
        case Value({"payments": list() as payments}):
            found = next((one for one in payments if one.get("order") == order), None)
            if found is not None:
                return _page("receipt", payment=_payment(found))
            return _page("words", back=url_for("me.view"), words=say("This payment is not known.")), 404
        case reply:
            return _page("words", back=url_for("me.view"), words=trouble(reply)), status_of(reply)


def _shown(words: str = "", status: int = 200) -> ResponseReturnValue:
    match _ask("me_view"):
        case Value({"plates": list() as plates, "lost": list() as lost, "payments": list() as payments}):
            paid = [_payment(one) for one in payments]
            return _page("me", words=words, plates=plates, lost=lost, payments=paid), status
        case Refused("unknown_phone"):
            return _page("me", words=words, plates=None, lost=[], payments=[]), status
        case reply:
            return _page("me", words=trouble(reply), plates=[], lost=[], payments=[]), status_of(reply)


def _ask(verb: str, **args: object) -> Reply:
    phone = request.cookies.get(PHONE_COOKIE, "")[:1024]
    if not phone:
        return Refused("unknown_phone", "WeChat does not know this visit")
    return plant().ask(verb, {"phone": phone, **args})


def _payment(told: Mapping[str, object]) -> dict[str, object]:
    zone = _config().site.zone_info
    paid_at = datetime.fromisoformat(str(told.get("paid_at"))).astimezone(zone)
    kinds = {"CARD": say("Month card"), "ARREARS": say("Earlier stays")}
    return {
        **told,
        "what": kinds.get(str(told.get("what")), ""),
        "yuan": _yuan(told.get("amount_fen")),
        "back": _yuan(told.get("refunded_fen")) if told.get("refunded_fen") else "",
        "at": paid_at.strftime("%Y-%m-%d %H:%M"),
    }


def _subject() -> str:
    return phone_subject(request.cookies.get(PHONE_COOKIE, ""))


def _yuan(value: object) -> str:
    return yuan_text(Fen(value if isinstance(value, int) else 0))


def _page(name: str, **shown: object) -> str:
    config = _config()
    chosen = request.args.get("lang")
    site, seal = config.site, signature(_subject())
    return render_template(f"public/{name}.html", site=site, token="", signature=seal, chosen=chosen, **shown)


def _config() -> Config:
    found: Config = current_app.extensions["config"]
    return found
