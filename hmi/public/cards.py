"""Month cards on a phone: those of its plates, what is sold, buying, renewing, paying, and another plate for one.

Who a phone is stands in its cookie; a purchase has a page of its own under a token, so that it is paid inside WeChat,
in a browser, or with another phone, and is followed like a fee.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter

from hmi.language import language, say
from hmi.public.asking import plant
from hmi.public.driver import PHONE_COOKIE, about_phone, page, paid_with, status_of, still_so, trouble
from hmi.public.forms import check_form, phone_subject
from hmi.whence import seat
from scada.bridge import Refused, Reply, Value
from scada.model.money import Fen, yuan_text

cards = Blueprint("cards", __name__)

_TOKEN_LIMIT = 128
_TEXT_LIMIT = 32
_PLATES_LIMIT = 16


def limit_cards(limiter: Limiter) -> None:
    """Bound what one address may ask."""
    limiter.limit("20/minute", key_func=seat, methods=["POST"])(cards)
    limiter.limit("1200/minute", key_func=seat, methods=["GET"])(cards)


@cards.get("/me/cards")
def view() -> ResponseReturnValue:
    """Show the cards of this phone's plates, and what is sold."""
    return _shown()


@cards.post("/me/cards/<any(buy, renew):what>")
def want(what: str) -> ResponseReturnValue:
    """Go on to the page on which a new card, or the next days of one, are paid."""
    check_form(_subject())
    plates = [plate[:_TEXT_LIMIT] for plate in request.form.getlist("plate")[:_PLATES_LIMIT]]
    asked = {"product": _typed("product"), "plates": plates} if what == "buy" else {"card": _typed("card")}
    match _ask(f"card_{what}", **asked):
        case Value({"token": str() as token}):
            return redirect(url_for("cards.card", token=token, lang=request.args.get("lang")), 303)
        case reply:
            return _shown(trouble(reply), status_of(reply))


@cards.post("/me/cards/change")
def change() -> ResponseReturnValue:
    """Let another plate take the place of one of a card's, be one more, or one be taken off."""
    check_form(_subject())
    old, new = _typed("old"), _typed("new")
    match _ask("card_change", card=_typed("card"), old=old, new=new):
        case Value() if not new:
            return _shown(say("Taken off. The card is no longer for %(plate)s.", plate=old))
        case Value():
            return _shown(say("Changed. The card is now for %(plate)s.", plate=new))
        case reply:
            return _shown(trouble(reply), status_of(reply))


@cards.get("/k/<token>")
def card(token: str) -> ResponseReturnValue:
    """Show what is to be paid for a card, and whether it was."""
    match _view(token):
        case Value(dict() as told):
            texts = {"title": _title(told), "due": _yuan(told.get("due_fen")), "why": _why(told)}
            return page("card", token, 200, **texts, told=told, version=_version(told), phone=about_phone())
        case Refused("gone"):
            words = say("This page is no longer valid. Please begin again.")
            return page("words", token, 410, words=words, back=url_for("cards.view"))
        case reply:
            return page("words", token, status_of(reply), words=trouble(reply), back=url_for("cards.view"))


@cards.get("/k/<token>/state")
def state(token: str) -> ResponseReturnValue:
    """Say in one word whether what the page shows is still so."""
    return still_so(_view(token), _version)


@cards.post("/k/<token>/pay")
def pay(token: str) -> ResponseReturnValue:
    """Make what the phone pays with."""
    return paid_with("card_pay", token, url_for("cards.card", token=token, lang=request.args.get("lang")))


def _shown(words: str = "", status: int = 200) -> ResponseReturnValue:
    match _ask("my_cards"):
        case Value({"plates": list() as plates, "cards": list() as mine, "products": list() as products}):
            bound = [str(one.get("plate", "")) for one in plates]
            free = [str(one.get("plate", "")) for one in plates if not one.get("has_card")]
            lists = {"cards": [_card(one) for one in mine], "products": [_product(one) for one in products]}
            return page("cards", _subject(), status, words=words, plates=bound, free=free, **lists)
        case Refused("unknown_phone"):
            return page("cards", _subject(), status, words=words, plates=None)
        case reply:
            words = trouble(reply)
            return page("words", _subject(), status_of(reply), words=words, back=url_for("me.view"))


def _card(told: Mapping[str, object]) -> dict[str, object]:
    plates = [one for one in _list(told.get("plates")) if isinstance(one, dict)]
    last, days, grace = _day(told.get("last")), _whole(told.get("days")), _whole(told.get("grace_days"))
    return {
        "card": told.get("card"),
        "title": _title(told),
        "plates": [str(one.get("plate")) for one in plates],
        "mine": [str(one.get("plate")) for one in plates if one.get("mine")],
        "last": last,
        "days": days,
        "is_over": days <= 0,
        "opens": days <= 0 and days + grace >= 0 and grace > 0,
        "price": _yuan(told.get("price_fen")),
        "span": _span(_whole(told.get("months"))),
        "may_change": bool(told.get("may_change")),
        "may_add": bool(told.get("may_add")),
    }


def _product(told: Mapping[str, object]) -> dict[str, object]:
    return {
        **told,
        "title": _title(told),
        "price": _yuan(told.get("price_fen")),
        "span": _span(_whole(told.get("months"))),
    }


def _span(months: int) -> str:
    return say("for one month") if months == 1 else say("for %(months)s months", months=months)


def _title(told: Mapping[str, object]) -> str:
    return str(told.get("title") if language() == "zh" else told.get("title_en"))


def _why(told: Mapping[str, object]) -> str:
    why = told.get("why")
    return say(why) if isinstance(why, str) and why else ""


def _version(told: Mapping[str, object]) -> str:
    watched = [told.get(name) for name in ("state", "due_fen", "last", "why")]
    return hashlib.sha256(json.dumps(watched).encode()).hexdigest()[:16]


def _view(token: str) -> Reply:
    return plant().ask("card_view", {"token": token[:_TOKEN_LIMIT]})


def _ask(verb: str, **args: object) -> Reply:
    phone = request.cookies.get(PHONE_COOKIE, "")[:1024]
    if not phone:
        return Refused("unknown_phone", "WeChat does not know this visit")
    return plant().ask(verb, {"phone": phone, **args})


def _typed(name: str) -> str:
    return request.form.get(name, "")[:_TEXT_LIMIT].strip()


def _subject() -> str:
    return phone_subject(request.cookies.get(PHONE_COOKIE, ""))


def _day(value: object) -> str:
    return date.fromisoformat(value).isoformat() if isinstance(value, str) and value else ""


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []


def _yuan(value: object) -> str:
    return yuan_text(Fen(_whole(value)))
