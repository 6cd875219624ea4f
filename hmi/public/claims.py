"""The page behind a lane's QR code: the driver types the plate, takes a ticket, picks the own stay, or calls for help.

The token in the address is the right to act for one car; each form carries a signature that our own page for that
token gave it. Nothing is kept in a cookie but the ticket of a car without a plate, which the plant has signed. The page
follows its car by asking, without pictures, whether anything has changed.
"""

import base64
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from flask import Blueprint, Response, abort, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter

from hmi.language import say
from hmi.public.asking import plant
from hmi.public.driver import PHONE_COOKIE, still_so
from hmi.public.forms import check_form, signature
from hmi.whence import seat
from scada.bridge import Message, Refused, Reply, Value
from scada.config import Config
from scada.model.money import Fen, yuan_text
from scada.model.plate import is_plausible, normal_form

claims = Blueprint("claims", __name__)

TICKET_COOKIE = "ticket"
TICKET_LIFE_S = 90 * 24 * 3600
_TOKEN_LIMIT = 64
_TICKET_LIMIT = 128
_CODE_LIMIT = 8
_SLOW_S = 8.0
"""The plant answers a claim code slowly."""
_PLATE_LIMIT = 16
_KEPT_TOKENS = 64
_SILENT = "silent"
"""The version of a page that could not say anything: whatever the plant says next is news."""
_GOING = ("opens", "open", "passes")
"""The car goes: nobody need help it any more."""
_STATUS = {"asking": 200, "candidates": 200, "accepted": 200, "gone": 410, "refused": 409, "paying": 200}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stay that may be this car's, as the plant offers it. `picture` says whether there is one."""

    stay: str
    plate: str
    entered_at: str
    picture: bool

    @property
    def entered(self) -> str:
        """The time of entry on the site's clock."""
        return _on_the_clock(self.entered_at, "%m-%d %H:%M")


class Pictures:
    """The entry pictures last offered to each token, in memory: they never stand in a page."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[str, dict[str, bytes]] = OrderedDict()

    def keep(self, token: str, pictures: dict[str, bytes]) -> None:
        """Keep the pictures of one answer; the oldest token's go."""
        with self._lock:
            self._kept.pop(token, None)
            self._kept[token] = pictures
            while len(self._kept) > _KEPT_TOKENS:
                self._kept.popitem(last=False)

    def get(self, token: str, stay: str) -> bytes | None:
        """Give one that was offered to this token."""
        with self._lock:
            return self._kept.get(token, {}).get(stay)


def limit_tries(limiter: Limiter) -> None:
    """Bound what one address and one token may try; many phones share an address."""
    limiter.limit("120/minute", key_func=seat, methods=["POST"])(claims)
    limiter.limit("240/minute", key_func=seat, methods=["GET"], exempt_when=_is_poll)(claims)
    limiter.limit("1200/minute", key_func=lambda: f"follows {seat()}", exempt_when=lambda: not _is_poll())(claims)
    limiter.limit("12/minute", key_func=lambda: "token " + str(request.view_args), methods=["POST"])(claims)


def _is_poll() -> bool:
    return request.endpoint == "claims.state"


@claims.get("/c/<token>")
def view(token: str) -> ResponseReturnValue:
    """Show what this car's driver may do."""
    match _ask("claim_view", token, **_kept()):
        case Value({"state": "paying", "own": list() as own, "due_fen": int() as due_fen} as lane):
            return _page("paying", token, lane=lane, candidates=_keep(token, own), due=yuan_text(Fen(due_fen)))
        case Value({"state": "asking", "candidates": [_, *_] as offered} as lane):
            return _page("candidates", token, lane=lane, candidates=_keep(token, offered))
        case Value(dict() as lane) if lane.get("state") == "asking":
            return _page("asking", token, lane=lane, words=_asked(lane))
        case Value(dict() as lane):
            return _page("accepted", token, lane=lane, words=_so_far(lane))
        case reply:
            return _failed(token, reply, version=_SILENT)


@claims.get("/c/<token>/state")
def state(token: str) -> ResponseReturnValue:
    """Say in one word whether what the page shows is still so."""
    return still_so(_ask("claim_state", token), lambda told: str(told["version"]))


@claims.post("/c/<token>")
def claim(token: str) -> ResponseReturnValue:
    """Take the plate that the driver typed."""
    check_form(token)
    plate = normal_form(request.form.get("plate", "")[:_PLATE_LIMIT])
    if not is_plausible(plate):
        return _page("refused", token, words=say("This is not a plate. Please look again."), typed=plate)
    match _ask("claim_plate", token, plate=plate):
        case Value({"candidates": [_, *_] as offered}):
            return _page("candidates", token, candidates=_keep(token, offered))
        case Value({"accepted": True, "version": str() as before}):
            return _page("accepted", token, words=say("Thank you. Look at the display."), version=before)
        case Value():
            return _page("refused", token, words=say("No stay is known for this plate."), typed=plate, unplated="exit")
        case reply:
            return _failed(token, reply)


@claims.post("/c/<token>/unplated")
def take_ticket(token: str) -> ResponseReturnValue:
    """Take a ticket for a car without a plate: this phone keeps it, and its code is for any other."""
    check_form(token)
    match _ask("claim_unplated", token, **_phone()):
        case Value({"code": str() as code, "ticket": str() as ticket, "version": str() as before}):
            words = say("Thank you. Look at the display.")
            answer = make_response(_page("accepted", token, words=words, code=code, version=before))
            secure = request.is_secure
            answer.set_cookie(TICKET_COOKIE, ticket, TICKET_LIFE_S, httponly=True, samesite="Lax", secure=secure)
            return answer
        case reply:
            return _failed(token, reply)


@claims.post("/c/<token>/ticket")
def show_ticket(token: str) -> ResponseReturnValue:
    """Show the ticket that this phone has kept, or the code of one that another phone has."""
    check_form(token)
    code = request.form.get("code", "").strip()[:_CODE_LIMIT]
    by = {"code": code} if code else {**_kept(), **_phone()}
    match plant().ask("claim_ticket", {"token": token[:_TOKEN_LIMIT], **by}, within_s=_SLOW_S):
        case Value({"candidates": [_, *_] as offered}):
            return _page("candidates", token, candidates=_keep(token, offered))
        case Value() if code:
            return _page("refused", token, words=say("No car is known for this code."), unplated="exit")
        case Value():
            words = say("This phone has no ticket of a car that is here. Please type the code.")
            return _page("refused", token, words=words, unplated="exit")
        case reply:
            return _failed(token, reply, unplated="exit")


@claims.post("/c/<token>/stay")
def pick(token: str) -> ResponseReturnValue:
    """Take the stay that the driver says is the own one."""
    check_form(token)
    match _ask("claim_stay", token, stay=request.form.get("stay", "")[:_TOKEN_LIMIT]):
        case Value({"version": str() as before}):
            return _page("accepted", token, words=say("Thank you. Look at the display."), may_pay=True, version=before)
        case reply:
            return _failed(token, reply)


@claims.post("/c/<token>/help")
def call_help(token: str) -> ResponseReturnValue:
    """Call a person."""
    check_form(token)
    match _ask("call_help", token):
        case Value({"help": str() as call}):
            return redirect(url_for("calls.follow", token=call, lang=request.args.get("lang")), 303)
        case reply:
            return _failed(token, reply)


@claims.get("/c/<token>/picture/<stay>")
def picture(token: str, stay: str) -> ResponseReturnValue:
    """Show the entry picture of a stay that was offered to this token."""
    content = _pictures().get(token, stay)
    if content is None:
        abort(404)
    return Response(content, mimetype="image/jpeg")


def _ask(verb: str, token: str, **texts: str) -> Reply:
    return plant().ask(verb, {"token": token[:_TOKEN_LIMIT], **texts})


def _kept() -> dict[str, str]:
    ticket = request.cookies.get(TICKET_COOKIE, "")
    return {"ticket": ticket} if 0 < len(ticket) <= _TICKET_LIMIT else {}


def _phone() -> dict[str, str]:
    return {"phone": request.cookies.get(PHONE_COOKIE, "")[:1024]}


def _asked(lane: Mapping[str, object]) -> str:
    """Say why this driver is asked for his plate."""
    if not lane.get("plate"):
        return say("Your plate was not read. Please type it.")
    if lane.get("known"):
        return say("One moment please. This page goes on by itself.")
    if lane.get("direction") == "entry":
        return say("Is this your plate? If it was misread, please correct it.")
    return say("No stay is known for this plate. If it was misread, please correct it.")


def _so_far(lane: Mapping[str, object]) -> str:
    """Say how far the car has come, and what its driver does next."""
    paid = bool(lane.get("paid"))
    match lane.get("stage"):
        case "opens":
            return say("Paid. The gate opens now.") if paid else say("The gate opens now.")
        case "open" if paid:
            return say("Paid. The gate is open. Please drive on.")
        case "open":
            return say("The gate is open. Please drive on.")
        case "passes" if lane.get("direction") == "entry":
            return say("Welcome. Please drive in and park.")
        case "passes":
            return say("Thank you. Have a safe journey.")
        case "person":
            return say("A person must look at this car first. Please stay with it.")
        case "wait":
            return say("One moment please. This page goes on by itself.")
        case _:
            return say("Nothing more to do here. Look at the display.")


def _help(lane: object) -> str:
    """Say how a call for help from this car stands; empty if nobody calls."""
    called = lane if isinstance(lane, dict) else {}
    if not called.get("help") or called.get("stage") in _GOING:
        return ""
    at = _on_the_clock(str(called["help_at"]), "%H:%M")
    if called["help"] == "answered":
        return say("Somebody answered at %(time)s and is looking at it.", time=at)
    return say("The control room is being called since %(time)s.", time=at)


def _failed(token: str, reply: Reply, unplated: str = "", version: str = "") -> ResponseReturnValue:
    match reply:
        case Refused("gone"):
            words = say(
                "This code is no longer valid: its car has left the gate. At a gate, scan the code on its display."
            )
            return _page("gone", token, words=words)
        case Refused(code, error) if code != "failed":
            return _page("refused", token, words=say(error), unplated=unplated, version=version)
        case _:
            words = say("The car park does not answer. Please try again.")
            return _page("refused", token, 503, words=words, version=_SILENT)


def _page(state: str, token: str, status: int | None = None, **shown: object) -> ResponseReturnValue:
    config: Config = current_app.extensions["config"]
    lane = shown.get("lane")
    if isinstance(lane, dict):
        shown["version"] = lane.get("version")
    body = render_template(
        "public/claim.html", state=state, token=token, signature=signature(token), site=config.site,
        chosen=request.args.get("lang"), has_ticket=bool(_kept()), called=_help(lane), **shown,
    )  # fmt: skip
    return body, status or _STATUS[state]


def _keep(token: str, offered: list[Message]) -> list[Candidate]:
    pictures = {str(one["stay"]): _jpeg(one.get("jpeg_b64")) for one in offered}
    _pictures().keep(token, {stay: content for stay, content in pictures.items() if content is not None})
    return [
        Candidate(str(one["stay"]), str(one["plate"]), str(one["entered_at"]), pictures[str(one["stay"])] is not None)
        for one in offered
    ]


def _on_the_clock(moment: str, form: str) -> str:
    zone = current_app.extensions["config"].site.zone_info
    return datetime.fromisoformat(moment).astimezone(zone).strftime(form)


def _jpeg(text: object) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) if isinstance(text, str) else None
    except ValueError:
        return None


def _pictures() -> Pictures:
    found: Pictures = current_app.extensions["pictures"]
    return found
