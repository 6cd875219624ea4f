"""How a page's order reaches the plant, and how the plant's answer reaches the page."""

from flask import jsonify
from flask.typing import ResponseReturnValue

from hmi.control.archive import NotRead
from hmi.control.auth import signed_in
from hmi.control.room import room
from scada.bridge import Message, Refused, Reply, Unknown, Value
from scada.model.rights import by_token

WITHIN_S = 8.0
_STATUS = {
    "forbidden": 403,
    "bad_args": 400,
    "unknown_verb": 400,
    "gone": 409,
    "refused": 409,
    "failed": 500,
    "unknown": 504,
}


def order(verb: str, arguments: Message) -> ResponseReturnValue:
    """Send one order of the signed-in person; the route's description has checked who and what."""
    why = str(arguments.get("reason", verb))
    return answered(ask(verb, arguments, why=why, within_s=WITHIN_S))


def ask(verb: str, arguments: Message, *, why: str = "", within_s: float = 3.0) -> Reply:
    """Ask the plant in the name of the signed-in person."""
    who = signed_in()
    return room().plant.ask(
        verb,
        arguments,
        user=who.name,
        role=who.role,
        session=by_token(who.token) if who.token else "",
        why=why,
        within_s=within_s,
    )


def looked_up(verb: str, arguments: Message) -> ResponseReturnValue:
    """Ask for something that every role may see; who may not was removed, or has a password to change first."""
    reply = ask(verb, arguments)
    if isinstance(reply, Refused) and reply.code == "forbidden" and not signed_in().token:
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


def unread(error: NotRead) -> ResponseReturnValue:
    """Tell the page why the archive has no answer."""
    said = error.said
    return (jsonify(why=said), 503) if isinstance(said, str) else answered(said)
