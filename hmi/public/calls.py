"""Help on a phone: calling the control room, and following the call until somebody has answered."""

from collections.abc import Mapping
from datetime import datetime

from flask import Blueprint, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter

from hmi.language import language, say
from hmi.public.asking import plant
from hmi.public.driver import PHONE_COOKIE, page, status_of, still_so, trouble
from hmi.public.forms import check_form, phone_subject
from hmi.whence import seat
from scada.bridge import Refused, Reply, Value
from scada.config import Config

calls = Blueprint("calls", __name__)

_TOKEN_LIMIT = 128
_LANE_LIMIT = 32
_HERE = "help"


def limit_calls(limiter: Limiter) -> None:
    """Bound what one address may ask."""
    limiter.limit("10/minute", key_func=seat, methods=["POST"])(calls)
    limiter.limit("1200/minute", key_func=seat, methods=["GET"])(calls)


@calls.get("/me/help")
def view() -> ResponseReturnValue:
    """Ask where the driver is, before the control room is called."""
    return _asked()


@calls.post("/me/help")
def call() -> ResponseReturnValue:
    """Call the control room."""
    check_form(_subject())
    phone = request.cookies.get(PHONE_COOKIE, "")[:1024]
    lane = request.form.get("lane", "")[:_LANE_LIMIT]
    match plant().ask("my_help", {"phone": phone, "lane": lane}):
        case Value({"help": str() as token}):
            return redirect(url_for("calls.follow", token=token, lang=request.args.get("lang")), 303)
        case Refused("unknown_phone"):
            return redirect(url_for("driver.to_wechat", token=_HERE), 303)
        case reply:
            return _asked(trouble(reply), status_of(reply))


@calls.get("/h/<token>")
def follow(token: str) -> ResponseReturnValue:
    """Show how a call stands, and what happens next."""
    match _view(token):
        case Value(dict() as told):
            times = {"called": _at(told.get("called_at")), "answered": _at(told.get("answered_at"))}
            return page("help", token, 200, **times, state=told.get("state"), lane=_lane(told), signs_in=None)
        case Refused("gone"):
            words = say("This page is no longer valid. Please begin again.")
            return page("words", token, 410, words=words, back=url_for("calls.view"))
        case reply:
            return page("words", token, status_of(reply), words=trouble(reply), back=url_for("calls.view"))


@calls.get("/h/<token>/state")
def state(token: str) -> ResponseReturnValue:
    """Say in one word whether what the page shows is still so."""
    return still_so(_view(token), lambda told: str(told["state"]))


def _asked(words: str = "", status: int = 200) -> ResponseReturnValue:
    names = [(lane.name, lane.title if language() == "zh" else lane.title_en) for lane in _config().lanes]
    is_known = bool(request.cookies.get(PHONE_COOKIE))
    signs_in = None if is_known else url_for("driver.to_wechat", token=_HERE)
    return page("help", _subject(), status, words=words, state="asking", lanes=names, signs_in=signs_in)


def _lane(told: Mapping[str, object]) -> str:
    lane = next((one for one in _config().lanes if one.name == told.get("lane")), None)
    return "" if lane is None else lane.title if language() == "zh" else lane.title_en


def _at(value: object) -> str:
    if not isinstance(value, str) or not value:
        return ""
    return datetime.fromisoformat(value).astimezone(_config().site.zone_info).strftime("%H:%M")


def _view(token: str) -> Reply:
    return plant().ask("help_view", {"token": token[:_TOKEN_LIMIT]})


def _subject() -> str:
    return phone_subject(request.cookies.get(PHONE_COOKIE, ""))


def _config() -> Config:
    found: Config = current_app.extensions["config"]
    return found
