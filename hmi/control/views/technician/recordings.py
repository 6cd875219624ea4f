"""The black boxes' recordings: looked at, downloaded, held."""

import re

from flask import Blueprint, Response, jsonify, stream_with_context
from flask.typing import ResponseReturnValue

from hmi.control.api.described import described
from hmi.control.api.edge import Edge, Text
from hmi.control.archive import NotRead
from hmi.control.auth import signed_in
from hmi.control.orders import answered, ask, looked_up, order, unread
from hmi.control.room import room
from hmi.control.views.technician.shown import shown
from hmi.language import say
from scada.bridge import Value

recordings = Blueprint("recordings", __name__)

_NAME = re.compile(r"[0-9]{8}T[0-9.]{6,16}Z-[A-Za-z0-9_-]{1,90}\.jsonl")


class Hold(Edge):
    """Whether a recording is held, and why."""

    hold: bool
    why: Text


@recordings.get("/recordings")
def page() -> ResponseReturnValue:
    """Show the list, and one of them."""
    return shown(say("Recordings"), "recordings.js", mayHold=signed_in().may("hold_recording"))


@recordings.get("/api/v1/recordings")
@described("recordings", answer=list[dict[str, object]])
def listed() -> ResponseReturnValue:
    """Give every recording, newest first: its lane, its fault, its passage, and who holds it."""
    return looked_up("recordings", {})


@recordings.get("/api/v1/recordings/<name>")
@described("recording", answer=bytes)
def fetch(name: str) -> ResponseReturnValue:
    """Give a recording as it was written: lines of JSON."""
    if _NAME.fullmatch(name) is None:
        return jsonify(why="there is no such recording"), 404
    match ask("recording", {"name": name}):
        case Value({"size": int() as size}):
            pass
        case reply:
            return answered(reply)
    try:
        pieces = room().archive.recording(name)
    except NotRead as error:
        return unread(error)
    answer = Response(stream_with_context(pieces), mimetype="application/x-ndjson")
    answer.headers["Content-Length"] = str(size)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@recordings.post("/api/v1/recordings/<name>/hold")
@described("hold_recording")
def hold(name: str, body: Hold) -> ResponseReturnValue:
    """Keep a recording from being dropped, or let it go again."""
    return order("hold_recording", {"name": name, **body.args()})
