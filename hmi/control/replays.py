"""The recording of a passage as data: its signals, and all that was seen, decided, commanded and paid, by one clock."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from hmi.control.api.described import described
from hmi.control.api.edge import Edge, Note
from hmi.control.archive import NotRead
from hmi.control.orders import unread
from hmi.control.room import room
from scada.model.names import PassageId

replays = Blueprint("replays", __name__)

_ID_LIMIT = 64


class Looked(Edge):
    """What the replay is looked at for; needed to see plates, by whose role need not."""

    purpose: Note = ""


@replays.get("/api/v1/passages/<passage>/replay")
@described("replay_passage")
def replay(passage: str, query: Looked) -> ResponseReturnValue:
    """Give one passage; whose role need not see plates, sees none unless `purpose` says why."""
    if len(passage) > _ID_LIMIT:
        return jsonify(why="no such passage"), 404
    try:
        told = room().archive.replay(PassageId(passage), query.purpose)
    except NotRead as error:
        return unread(error)
    return jsonify(told) if told is not None else (jsonify(why="no lane has recorded such a passage"), 404)
