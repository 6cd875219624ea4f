"""Vouchers on a phone: those that wait for its plates, those that were used, and a shop's code typed or scanned."""

from collections.abc import Mapping
from datetime import datetime

from flask import Blueprint, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter

from hmi.language import say
from hmi.public.asking import plant
from hmi.public.driver import PHONE_COOKIE, page, status_of, trouble
from hmi.public.forms import check_form, phone_subject
from hmi.public.merchant import voucher_words
from hmi.whence import seat
from scada.bridge import Refused, Reply, Value
from scada.config import Config
from scada.model.money import Fen, yuan_text

vouchers = Blueprint("vouchers", __name__)

_CODE_LIMIT = 32
_PLATE_LIMIT = 16


def limit_vouchers(limiter: Limiter) -> None:
    """Bound what one address may ask."""
    limiter.limit("20/minute", key_func=seat, methods=["POST"])(vouchers)
    limiter.limit("120/minute", key_func=seat, methods=["GET"])(vouchers)


@vouchers.get("/me/vouchers")
def view() -> ResponseReturnValue:
    """Show the vouchers of this phone's plates."""
    return _shown()


@vouchers.get("/v/<code>")
def scanned(code: str) -> ResponseReturnValue:
    """Take a code that was scanned off a shop's paper: which plate it is for is asked."""
    return _shown(typed=code[:_CODE_LIMIT])


@vouchers.post("/me/vouchers")
def claim() -> ResponseReturnValue:
    """Attach a code to a plate of this phone."""
    check_form(_subject())
    code, plate = request.form.get("code", "")[:_CODE_LIMIT], request.form.get("plate", "")[:_PLATE_LIMIT]
    match _ask("voucher_claim", code=code, plate=plate):
        case Value():
            return redirect(url_for("vouchers.view", lang=request.args.get("lang")), 303)
        case reply:
            return _shown(trouble(reply), status_of(reply), code)


def _shown(words: str = "", status: int = 200, typed: str = "") -> ResponseReturnValue:
    signs_in = url_for("driver.to_wechat", token=f"voucher:{typed}" if typed else "vouchers")
    match _ask("my_vouchers"):
        case Value({"plates": list() as plates, "waiting": list() as waiting, "used": list() as used}):
            lists = {"waiting": [_row(one) for one in waiting], "used": [_row(one) for one in used]}
            return page("vouchers", _subject(), status, words=words, typed=typed, plates=plates, **lists)
        case Refused("unknown_phone"):
            return page("vouchers", _subject(), status, words=words, plates=None, signs_in=signs_in)
        case reply:
            words = trouble(reply)
            return page("words", _subject(), status_of(reply), words=words, back=url_for("me.view"))


def _row(told: Mapping[str, object]) -> dict[str, object]:
    amount = told.get("amount_fen")
    return {
        "plate": told.get("plate"),
        "shop": told.get("shop"),
        "what": voucher_words(told.get("kind"), told.get("value")),
        "until": _at(told.get("until")),
        "used": _at(told.get("used_at")),
        "saved": yuan_text(Fen(amount if isinstance(amount, int) else 0)),
    }


def _at(value: object) -> str:
    if not isinstance(value, str) or not value:
        return ""
    config: Config = current_app.extensions["config"]
    return datetime.fromisoformat(value).astimezone(config.site.zone_info).strftime("%m-%d %H:%M")


def _ask(verb: str, **args: object) -> Reply:
    phone = request.cookies.get(PHONE_COOKIE, "")[:1024]
    if not phone:
        return Refused("unknown_phone", say("WeChat does not know this visit"))
    return plant().ask(verb, {"phone": phone, **args})


def _subject() -> str:
    return phone_subject(request.cookies.get(PHONE_COOKIE, ""))
