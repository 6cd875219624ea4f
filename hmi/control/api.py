"""What the pages ask for and do, as JSON: 200 with the answer, 409 refused, 504 nobody knows, 403 no right."""

import base64
import re

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from hmi.control.auth import signed_in
from hmi.control.orders import answered, ask, looked_up, order, second, text
from hmi.control.room import room
from scada.bridge import Message, Refused, Value
from scada.model.lane.words import OPERATOR_REASONS

api = Blueprint("api", __name__)

_TEXT_LIMITS = {"passage": 64, "plate": 16, "stay": 26, "note": 200, "reason": 24}
_SENT_BACK_LIMIT = 100
_WORD_LIMIT = 32
_PURPOSE_LIMIT = 200
_REASONS = frozenset(reason.value for reason in OPERATOR_REASONS)
_PICTURE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")


@api.get("/api/snapshot")
def snapshot() -> ResponseReturnValue:
    """All tags as last told by the plant."""
    told = room().live.snapshot()
    tags = {str(name): {"value": value, "status": status, "at": at} for name, value, status, at in told["tags"]}
    return jsonify({"at": told["at"], "up": told["up"], "site": told["site"], "tags": tags})


@api.get("/api/stays")
def stays() -> ResponseReturnValue:
    """The last stays, newest first."""
    return looked_up("recent_stays", {"limit": _limit(20)})


@api.get("/api/open-stays")
def open_stays() -> ResponseReturnValue:
    """The stays now open, for picking one; with `lane`, the likeliest of the car that stands there first."""
    return looked_up("open_stays", {"lane": request.args.get("lane", "")[:_WORD_LIMIT]})


@api.get("/api/journal")
def journal() -> ResponseReturnValue:
    """The journal's last rows; `kind=person` gives what people did, however long ago."""
    chosen = {name: request.args.get(name, "")[:_WORD_LIMIT] for name in ("kind", "lane")}
    return looked_up("journal", {"limit": _limit(50), **chosen})


@api.get("/pictures/<picture>")
def picture(picture: str) -> ResponseReturnValue:
    """One picture kept as evidence; whose role need not see plates, sees them covered unless `purpose` says why."""
    if _PICTURE.fullmatch(picture) is None:
        return jsonify(why="no such picture"), 404
    purpose = request.args.get("purpose", "")[:_PURPOSE_LIMIT]
    match ask("picture", {"id": picture, **({"purpose": purpose} if purpose else {})}):
        case Value({"jpeg_b64": str() as text}):
            return Response(base64.b64decode(text), mimetype="image/jpeg")
        case Refused():
            return jsonify(why="no such picture"), 404
        case reply:
            return answered(reply)


@api.post("/api/presence")
def presence() -> ResponseReturnValue:
    """Somebody touches the screen: the session goes on being good for commands."""
    who = signed_in()
    room().registry.used(who)
    return jsonify(may_command=not room().registry.is_idle(who))


@api.post("/api/lanes/<lane>/open")
def open_gate(lane: str) -> ResponseReturnValue:
    """Open for the car of one passage, with a reason of the fixed list; for much goodwill a second person signs in."""
    return _command("open_gate", lane, ("passage", "reason", "note"))


@api.post("/api/lanes/<lane>/plate")
def correct_plate(lane: str) -> ResponseReturnValue:
    """Say which plate the car of one passage has."""
    return _command("correct_plate", lane, ("passage", "plate"))


@api.post("/api/lanes/<lane>/stay")
def pick_stay(lane: str) -> ResponseReturnValue:
    """Say which stay the car of one passage belongs to."""
    return _command("pick_stay", lane, ("passage", "stay"))


@api.post("/api/lanes/<lane>/send-back")
def send_back(lane: str) -> ResponseReturnValue:
    """Ask the driver of one passage to back out."""
    return _command("send_back", lane, ("passage", "reason"))


@api.post("/api/lanes/<lane>/answer-help")
def answer_help(lane: str) -> ResponseReturnValue:
    """Answer the driver who calls there: his call's clock stops, in one's own name."""
    return order("answer_help", lane, lambda _: {})


@api.post("/api/lanes/<lane>/end-help")
def end_help(lane: str) -> ResponseReturnValue:
    """Say how the answered call ended."""
    return _command("end_help", lane, ("note",))


def _command(verb: str, lane: str, names: tuple[str, ...]) -> ResponseReturnValue:
    """Send an order whose arguments are texts; only a note may be left out."""

    def take(body: dict[str, object]) -> Message | str:
        try:
            texts = {name: text(body, name, _limit_of(verb, name), needed=name != "note") for name in names}
            beside = second(body) if verb == "open_gate" else {}
        except ValueError as error:
            return str(error)
        if verb == "open_gate" and texts["reason"] not in _REASONS:
            return "reason: not of the list"
        return {**texts, **beside}

    return order(verb, lane, take)


def _limit_of(verb: str, name: str) -> int:
    return _SENT_BACK_LIMIT if (verb, name) == ("send_back", "reason") else _TEXT_LIMITS[name]


def _limit(usual: int) -> int:
    return max(1, min(request.args.get("limit", usual, type=int), 200))
