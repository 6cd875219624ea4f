"""Paying on a phone: the plate, the fee with its lines, the payment by WeChat, and what to do next.

No sign-in, no cookie but one: inside WeChat the sealed word of who pays. A page never believes the phone that something
was paid; it follows the plant by asking.
"""

import hashlib
import io
import json
import secrets
from collections.abc import Callable

import segno
from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter

from hmi.language import say
from hmi.public.asking import plant
from hmi.public.fees import Fee
from hmi.public.forms import check_form, is_ours, opened, phone_subject, sealed, signature
from hmi.whence import address, seat
from scada.bridge import Refused, Reply, Value
from scada.config import Config
from scada.model.plate import is_plausible, normal_form

driver = Blueprint("driver", __name__)

PHONE_COOKIE = "phone"
PHONE_LIFE_S = 30 * 24 * 3600
BACK_LIFE_S = 600
CODE_LIFE_S = 7200
_BACK_COOKIE = "back"
_TOKEN_LIMIT = 128
_PLATE_LIMIT = 16
_PAY_WITHIN_S = 8.0
PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
SIGNS = "1234567890QWERTYUPASDFGHJKLZXCVBNM学警港澳使领"
_ASK = "fee"
_OWN = {"me": "me.view", "cards": "cards.view", "vouchers": "vouchers.view", "help": "calls.view"}
"""Instead of a token: the visitor wants to see a page of his own."""


def limit_phones(limiter: Limiter) -> None:
    """Bound what one address may ask: many phones share one, a guesser does too."""
    limiter.limit("30/minute;300/hour", key_func=seat, methods=["POST"])(driver)
    limiter.limit("1200/minute", key_func=seat, methods=["GET"])(driver)
    limiter.limit("60/minute", key_func=lambda: f"back {seat()}", exempt_when=_is_not_back)(driver)


def _is_not_back() -> bool:
    return request.endpoint != "driver.from_wechat"


@driver.get("/")
def plate_page() -> ResponseReturnValue:
    """Ask for the plate."""
    return _plate_page()


@driver.post("/fee")
def find() -> ResponseReturnValue:
    """Find the stay under the plate that was typed."""
    check_form(_ASK)
    plate = normal_form(request.form.get("plate", "")[:_PLATE_LIMIT])
    if not is_plausible(plate):
        return _plate_page(say("This is not a plate. Please look again."), plate, 400)
    match plant().ask("fee_find", {"plate": plate}):
        case Value({"token": str() as token}) if token:
            return redirect(url_for("driver.fee", token=token, lang=request.args.get("lang")), 303)
        case Value():
            return _plate_page(say("No car with this plate is in the car park now."), plate)
        case reply:
            return _plate_page(trouble(reply), plate, status_of(reply))


@driver.get("/f/<token>")
def fee(token: str) -> ResponseReturnValue:
    """Show what the stay costs, and what can be done."""
    match _ask("fee_view", token):
        case Value(dict() as told):
            return page("fee", token, fee=Fee(told, _config()), version=_version(told), phone=about_phone())
        case Refused("gone"):
            return _plate_page(
                say("This page is no longer valid. If your car is still here, please enter its plate again."),
                status=410,
            )
        case reply:
            return _plate_page(trouble(reply), status=status_of(reply))


@driver.get("/f/<token>/state")
def state(token: str) -> ResponseReturnValue:
    """Say in one word whether what the page shows is still so."""
    return still_so(_ask("fee_view", token), _version)


def still_so(reply: Reply, version: Callable[[dict[str, object]], str]) -> ResponseReturnValue:
    """Give the version of what a page would show now; `gone` if it is no longer valid, none if nobody can say."""
    match reply:
        case Value(dict() as told):
            return jsonify(version=version(told))
        case Refused("gone"):
            return jsonify(version="gone"), 410
        case _:
            return jsonify(version=None), 503


@driver.post("/f/<token>/pay")
def pay(token: str) -> ResponseReturnValue:
    """Make what the phone pays with: the values of WeChat's sheet, an address, or a code to be scanned."""
    return paid_with("fee_pay", token, url_for("driver.fee", token=token, lang=request.args.get("lang")))


def paid_with(verb: str, token: str, back: str) -> ResponseReturnValue:
    """Make what the phone pays with for what a token names; `back` is the page that follows the payment."""
    if _wants_json() and not is_ours(token):
        return jsonify(reload=True), 400
    check_form(token)
    way = request.form.get("way", "")[:8]
    asked = {"way": way, "phone": request.cookies.get(PHONE_COOKIE, "")[:1024], "address": address()}
    match plant().ask(verb, {"token": token[:_TOKEN_LIMIT], **asked}, within_s=_PAY_WITHIN_S):
        case Value({"way": "JSAPI", "sheet": dict() as sheet}):
            return jsonify(sheet=sheet)
        case Value({"way": "H5", "h5_url": str() as url}):
            return jsonify(go=url)
        case Value({"way": "QR", "code_url": str() as code}):
            picture = url_for("driver.code", token=token, c=sealed(code, "code"))
            return jsonify(code=picture) if _wants_json() else page("code", token, picture=picture, back=back)
        case Value():
            return jsonify(reload=True) if _wants_json() else redirect(back, 303)
        case reply:
            words = trouble(reply)
            if _wants_json():
                return jsonify(why=words), status_of(reply)
            return page("words", token, words=words, back=back)


@driver.post("/f/<token>/help")
def call_help(token: str) -> ResponseReturnValue:
    """Call a person to the car at the boom, and go on to the page that follows that."""
    check_form(token)
    match _ask("fee_help", token):
        case Value({"help": str() as call}):
            return redirect(url_for("calls.follow", token=call, lang=request.args.get("lang")), 303)
        case reply:
            back = url_for("driver.fee", token=token, lang=request.args.get("lang"))
            return page("words", token, status_of(reply), words=trouble(reply), back=back)


@driver.get("/f/<token>/code.png")
def code(token: str) -> ResponseReturnValue:
    """Draw a payment code; only one that our own page has made."""
    content = opened(request.args.get("c", "")[:2048], "code", CODE_LIFE_S)
    if not isinstance(content, str):
        abort(404)
    png = io.BytesIO()
    segno.make(content, error="m", micro=False).save(png, kind="png", scale=8, border=4)
    return Response(png.getvalue(), mimetype="image/png")


@driver.get("/f/<token>/wechat")
def to_wechat(token: str) -> ResponseReturnValue:
    """Go to WeChat to be known, and come back to this page."""
    nonce = secrets.token_urlsafe(16)
    back = f"{_config().web.public.url}{url_for('driver.from_wechat')}"
    asked: dict[str, object] = {"back": back, "state": sealed([token, nonce], "back")}
    match plant().ask("phone_sign_in", asked):
        case Value({"url": str() as url}):
            answer = make_response(redirect(url, 302))
            answer.set_cookie(_BACK_COOKIE, nonce, BACK_LIFE_S, httponly=True, samesite="Lax", secure=request.is_secure)
            return answer
        case reply:
            return page("words", token, words=trouble(reply), back=_target(token))


@driver.get("/wechat/back")
def from_wechat() -> ResponseReturnValue:
    """Come back from WeChat known: keep that in a cookie, and go on under an address without the code."""
    match opened(request.args.get("state", "")[:1024], "back", BACK_LIFE_S):
        case [str() as token, str() as nonce] if _began_here(nonce):
            answer = make_response(redirect(_target(token), 303))
        case _:
            abort(400, "this visit did not begin here")
    answer.delete_cookie(_BACK_COOKIE)
    match plant().ask("phone_known", {"code": request.args.get("code", "")[:128]}, within_s=_PAY_WITHIN_S):
        case Value({"phone": str() as phone}):
            answer.set_cookie(
                PHONE_COOKIE, phone, PHONE_LIFE_S, httponly=True, samesite="Lax", secure=request.is_secure
            )
        case _:
            current_app.logger.info("a visitor of WeChat is not known")
    return answer


def _target(subject: str) -> str:
    """Give the page on which a visitor wanted to be known: one of his own, or that of a token."""
    kind, _, token = subject.rpartition(":")
    if kind == "card":
        return url_for("cards.card", token=token)
    if kind == "voucher":
        return url_for("vouchers.scanned", code=token)
    return url_for(_OWN[token]) if token in _OWN else url_for("driver.fee", token=token)


def _began_here(nonce: str) -> bool:
    return secrets.compare_digest(nonce.encode(), request.cookies.get(_BACK_COOKIE, "").encode())


def _ask(verb: str, token: str) -> Reply:
    return plant().ask(verb, {"token": token[:_TOKEN_LIMIT]})


def _version(told: dict[str, object]) -> str:
    """Hash what a change of would matter to the driver; minutes alone do not."""
    watched = ("state", "due_fen", "paid_fen", "leave_by", "at_exit")
    return hashlib.sha256(json.dumps([told.get(name) for name in watched]).encode()).hexdigest()[:16]


def about_phone() -> dict[str, object]:
    """Say whether this is WeChat's own browser, and seal a form for the phone's own page."""
    seal_of_me = signature(phone_subject(request.cookies.get(PHONE_COOKIE, "")))
    return {"in_wechat": "MicroMessenger" in request.headers.get("User-Agent", ""), "seal_of_me": seal_of_me}


def _wants_json() -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def trouble(reply: Reply) -> str:
    """Say in words what the plant did not do."""
    match reply:
        case Refused("slow", words):
            return say(words)
        case Refused(code, words) if code not in ("failed", "unknown_verb"):
            return say(words)
        case _:
            return say("The car park does not answer. Please try again.")


def status_of(reply: Reply) -> int:
    """Give the status that goes with what the plant did not do."""
    match reply:
        case Refused("slow"):
            return 429
        case Refused("bad_args"):
            return 400
        case Refused("gone"):
            return 410
        case Refused("refused"):
            return 409
        case _:
            return 503


def _plate_page(words: str = "", typed: str = "", status: int = 200) -> ResponseReturnValue:
    keys = {"provinces": PROVINCES, "signs": SIGNS}
    return page("plate", _ASK, status, words=words, typed=typed, **keys)


def page(name: str, subject: str, status: int = 200, **shown: object) -> ResponseReturnValue:
    """Make a page about a subject; its forms are signed for that."""
    body = render_template(
        f"public/{name}.html",
        site=_config().site,
        token=subject,
        signature=signature(subject),
        chosen=request.args.get("lang"),
        **shown,
    )
    return body, status


def _config() -> Config:
    found: Config = current_app.extensions["config"]
    return found
