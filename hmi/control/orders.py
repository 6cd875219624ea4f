"""How a page's order reaches the plant: the role, the screen that is not idle, the lane, then what was written."""

from collections.abc import Callable

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from hmi.control.auth import signed_in
from hmi.control.room import room
from scada.bridge import Message, Refused, Reply, Unknown, Value

WITHIN_S = 8.0
_NAME, _PASSWORD = 64, 200
_STATUS = {
    "forbidden": 403,
    "bad_args": 400,
    "unknown_verb": 400,
    "gone": 409,
    "refused": 409,
    "failed": 500,
    "unknown": 504,
}

Taken = Callable[[dict[str, object]], Message | str]
"""Takes an order's arguments out of the JSON body; a text says what is wrong with it."""


def order(verb: str, lane: str, take: Taken, *, for_repair: bool = False) -> ResponseReturnValue:
    """Send one order about a lane; what a technician needs for repairs is `for_repair`."""
    who = signed_in()

    def taken(body: dict[str, object]) -> Message | str:
        arguments = take(body)
        return arguments if isinstance(arguments, str) else {"lane": lane, **arguments}

    if lane not in {known.name for known in room().config.lanes}:
        return jsonify(why="no such lane"), 404
    return sent(verb, taken, may=who.may_command or (for_repair and who.may_repair))


def sent(verb: str, take: Taken, *, may: bool) -> ResponseReturnValue:
    """Send one order of the signed-in person, if the role `may` and the screen is not idle."""
    who = signed_in()
    if not may:
        return jsonify(why="your role may only look"), 403
    if room().registry.is_idle(who):
        return jsonify(why="idle: sign in again"), 401
    body = request.get_json(silent=True)
    arguments = take(body) if isinstance(body, dict) else "not a JSON object"
    if isinstance(arguments, str):
        return jsonify(why=arguments), 400
    room().registry.used(who)
    why = str(arguments.get("reason", verb))
    return answered(ask(verb, arguments, why=why, within_s=WITHIN_S))


def text(body: dict[str, object], name: str, limit: int, *, needed: bool = True) -> str:
    """Take one text of the body. Raises ValueError with words for who wrote it."""
    value = body.get(name, None if needed else "")
    if not isinstance(value, str) or len(value) > limit or (needed and not value.strip()):
        raise ValueError(f"{name}: a text of {1 if needed else 0} to {limit} signs")
    return value.strip()


def second(body: dict[str, object]) -> Message:
    """Take the second person's name and password, where a page has asked for them. Raises ValueError."""
    name = text(body, "second_name", _NAME, needed=False)
    password = text(body, "second_password", _PASSWORD, needed=False)
    return {"second_name": name, "second_password": password} if name else {}


def ask(verb: str, arguments: Message, *, why: str = "", within_s: float = 3.0) -> Reply:
    """Ask the plant in the name of the signed-in person."""
    who = signed_in()
    return room().plant.ask(verb, arguments, user=who.name, role=who.role, why=why, within_s=within_s)


def looked_up(verb: str, arguments: Message) -> ResponseReturnValue:
    """Ask for something that every role may see; who may not was removed, or has a password to change first."""
    reply = ask(verb, arguments)
    if isinstance(reply, Refused) and reply.code == "forbidden":
        room().registry.close(signed_in().key)
        room().push.drop_signed_out()
        return jsonify(why="sign in"), 401
    return answered(reply)


def answered(reply: Reply) -> ResponseReturnValue:
    """Tell the page what the plant said: done, refused, or that nobody knows."""
    match reply:
        case Value({"taken": False} as value):
            return jsonify(value), 409
        case Value(value):
            return jsonify(value)
        case Refused(code, error):
            status = _STATUS.get(code, 409)
            return jsonify(code=code, why=error, **({"unknown": True} if status == 504 else {})), status
        case Unknown(why):
            return jsonify(why=why, unknown=True), 504
