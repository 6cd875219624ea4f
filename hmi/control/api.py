"""What the pages ask for and do, as JSON: 200 with the answer, 409 refused, 504 nobody knows, 403 no right."""

import base64
import re

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from hmi.bridge import Message, Refused, Reply, Unknown, Value
from hmi.control.auth import signed_in
from hmi.control.room import room
from scada.model.lane.words import OPERATOR_REASONS

api = Blueprint("api", __name__)

_COMMAND_WITHIN_S = 8.0
_TEXT_LIMITS = {"passage": 64, "plate": 16, "stay": 26, "note": 200, "reason": 24}
_SENT_BACK_LIMIT = 100
_WORD_LIMIT = 32
_REASONS = frozenset(reason.value for reason in OPERATOR_REASONS)
_PICTURE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
_STATUS = {"forbidden": 403, "bad_args": 400, "unknown_verb": 400, "gone": 409, "refused": 409, "failed": 500}


@api.get("/api/snapshot")
def snapshot() -> ResponseReturnValue:
    """All tags as last told by the plant."""
    told = room().live.snapshot()
    tags = {str(name): {"value": value, "status": status, "at": at} for name, value, status, at in told["tags"]}
    return jsonify({"at": told["at"], "up": told["up"], "site": told["site"], "tags": tags})


@api.get("/api/stays")
def stays() -> ResponseReturnValue:
    """The last stays, newest first."""
    return _ask("recent_stays", {"limit": _limit(20)})


@api.get("/api/open-stays")
def open_stays() -> ResponseReturnValue:
    """The stays now open, for picking one."""
    return _ask("open_stays", {})


@api.get("/api/journal")
def journal() -> ResponseReturnValue:
    """The journal's last rows; `kind=person` gives what people did, however long ago."""
    chosen = {name: request.args.get(name, "")[:_WORD_LIMIT] for name in ("kind", "lane")}
    return _ask("journal", {"limit": _limit(50), **chosen})


@api.get("/pictures/<picture>")
def picture(picture: str) -> ResponseReturnValue:
    """One picture kept as evidence."""
    if _PICTURE.fullmatch(picture) is None:
        return jsonify(why="no such picture"), 404
    match _reply("picture", {"id": picture}):
        case Value({"jpeg_b64": str() as text}):
            return Response(base64.b64decode(text), mimetype="image/jpeg")
        case Refused():
            return jsonify(why="no such picture"), 404
        case reply:
            return _answer(reply)


@api.post("/api/presence")
def presence() -> ResponseReturnValue:
    """Somebody touches the screen: the session goes on being good for commands."""
    who = signed_in()
    room().registry.used(who)
    return jsonify(may_command=not room().registry.is_idle(who))


@api.post("/api/lanes/<lane>/open")
def open_gate(lane: str) -> ResponseReturnValue:
    """Open for the car of one passage, with a reason of the fixed list."""
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


def _command(verb: str, lane: str, names: tuple[str, ...]) -> ResponseReturnValue:
    who = signed_in()
    if not who.may_command:
        return jsonify(why="your role may only look"), 403
    if room().registry.is_idle(who):
        return jsonify(why="idle: sign in again"), 401
    if lane not in {known.name for known in room().config.lanes}:
        return jsonify(why="no such lane"), 404
    arguments = _texts(verb, names)
    if isinstance(arguments, str):
        return jsonify(why=arguments), 400
    room().registry.used(who)
    why = arguments.get("reason", verb)
    return _answer(_reply(verb, {"lane": lane, **arguments}, why=why, within_s=_COMMAND_WITHIN_S))


def _texts(verb: str, names: tuple[str, ...]) -> dict[str, str] | str:
    """Take the named texts from the JSON body; a text says what is wrong with it."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        return "not a JSON object"
    texts: dict[str, str] = {}
    for name in names:
        text = body.get(name, "" if name == "note" else None)
        limit = _SENT_BACK_LIMIT if (verb, name) == ("send_back", "reason") else _TEXT_LIMITS[name]
        if not isinstance(text, str) or len(text) > limit or (not text.strip() and name != "note"):
            return f"{name}: a text of 1 to {limit} signs"
        texts[name] = text.strip()
    if verb == "open_gate" and texts["reason"] not in _REASONS:
        return "reason: not of the list"
    return texts


def _limit(usual: int) -> int:
    return max(1, min(request.args.get("limit", usual, type=int), 200))


def _ask(verb: str, arguments: Message) -> ResponseReturnValue:
    """Ask for something that every role may see; who may not was removed, or has a password to change first."""
    reply = _reply(verb, arguments)
    if isinstance(reply, Refused) and reply.code == "forbidden":
        room().registry.close(signed_in().key)
        room().push.drop_signed_out()
        return jsonify(why="sign in"), 401
    return _answer(reply)


def _reply(verb: str, arguments: Message, *, why: str = "", within_s: float = 3.0) -> Reply:
    who = signed_in()
    return room().plant.ask(verb, arguments, user=who.name, role=who.role, why=why, within_s=within_s)


def _answer(reply: Reply) -> ResponseReturnValue:
    match reply:
        case Value({"taken": False} as value):
            return jsonify(value), 409
        case Value(value):
            return jsonify(value)
        case Refused(code, error):
            return jsonify(code=code, why=error), _STATUS.get(code, 409)
        case Unknown(why):
            return jsonify(why=why, unknown=True), 504
