"""What the pages ask for and do about lanes, as JSON: 200 with the answer, 409 refused, 504 nobody knows."""

import base64
import re
from typing import Annotated, Literal

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import Field, StringConstraints
from typing_extensions import TypedDict

from hmi.control.api.described import described
from hmi.control.api.edge import MOST_ROWS, Edge, Limited, MaybeWord, Name, Note, Nothing, Seconded, Word, one_of
from hmi.control.auth import signed_in
from hmi.control.orders import answered, ask, looked_up, order
from hmi.control.room import room
from scada.bridge import Refused, Value
from scada.model.lane.words import OPERATOR_REASONS
from scada.model.rights import LOOK, SEE_PLATES

api = Blueprint("api", __name__)

_PICTURE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
_PURPOSE_LIMIT = 200


class OfLane(Edge):
    """Of one lane, if it is named."""

    lane: MaybeWord = ""


class JournalRows(Limited, OfLane):
    """Which rows of the journal."""

    limit: Annotated[int, Field(ge=1, le=MOST_ROWS, strict=False)] = 50
    kind: MaybeWord = ""


class OpenFor(Seconded):
    """Which car, and why."""

    passage: Name
    reason: Annotated[str, one_of(reason.value for reason in OPERATOR_REASONS)]
    note: Note = ""


class PlateOf(Edge):
    """Which car, and its plate."""

    passage: Name
    plate: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=16)]


class StayOf(Edge):
    """Which car, and its stay."""

    passage: Name
    stay: Word


class SendBack(Edge):
    """Which car, and why it must go back."""

    passage: Name
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class Ended(Edge):
    """How a call ended."""

    note: Note = ""


class TagNow(TypedDict):
    """A tag's value, its OPC UA status code (0 is good), and when it was last seen."""

    value: object
    status: int
    at: str | None


class Snapshot(TypedDict):
    """All tags. `up`: the plant is heard."""

    at: str | None
    up: bool
    site: dict[str, object] | None
    tags: dict[str, TagNow]


class Presence(TypedDict):
    """Whether commands need no new password."""

    may_command: bool


class Accepted(TypedDict):
    """The lane has it."""

    accepted: Literal[True]


@api.get("/api/v1/snapshot")
@described(LOOK, answer=Snapshot)
def snapshot() -> ResponseReturnValue:
    """Give all tags as last told by the plant."""
    told = room().live.snapshot(covered=not signed_in().may(SEE_PLATES))
    tags = {str(name): {"value": value, "status": status, "at": at} for name, value, status, at in told["tags"]}
    return jsonify({"at": told["at"], "up": told["up"], "site": told["site"], "tags": tags})


@api.get("/api/v1/stays")
@described("recent_stays", answer=list[dict[str, object]])
def stays(query: Limited) -> ResponseReturnValue:
    """Give the last stays, newest first."""
    return looked_up("recent_stays", query.args())


@api.get("/api/v1/open-stays")
@described("open_stays", answer=list[dict[str, object]])
def open_stays(query: OfLane) -> ResponseReturnValue:
    """Give the stays now open, for picking one; with `lane`, the likeliest of the car that stands there first."""
    return looked_up("open_stays", query.args())


@api.get("/api/v1/journal")
@described("journal", answer=list[dict[str, object]])
def journal(query: JournalRows) -> ResponseReturnValue:
    """Give the journal's last rows; `kind=person` gives what people did, however long ago."""
    return looked_up("journal", query.args())


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


@api.post("/api/v1/presence")
@described(LOOK, answer=Presence, while_idle=True)
def presence() -> ResponseReturnValue:
    """Somebody touches the screen: the session goes on being good for commands."""
    who = signed_in()
    room().registry.used(who)
    return jsonify(may_command=not room().registry.is_idle(who))


@api.post("/api/v1/lanes/<lane>/open")
@described("open_gate")
def open_gate(lane: str, body: OpenFor) -> ResponseReturnValue:
    """Open for the car of one passage, with a reason of the fixed list; for much goodwill a second person signs in."""
    return order("open_gate", {"lane": lane, **body.args()})


@api.post("/api/v1/lanes/<lane>/plate")
@described("correct_plate", answer=Accepted)
def correct_plate(lane: str, body: PlateOf) -> ResponseReturnValue:
    """Say which plate the car of one passage has."""
    return order("correct_plate", {"lane": lane, **body.args()})


@api.post("/api/v1/lanes/<lane>/stay")
@described("pick_stay", answer=Accepted)
def pick_stay(lane: str, body: StayOf) -> ResponseReturnValue:
    """Say which stay the car of one passage belongs to."""
    return order("pick_stay", {"lane": lane, **body.args()})


@api.post("/api/v1/lanes/<lane>/send-back")
@described("send_back", answer=Accepted)
def send_back(lane: str, body: SendBack) -> ResponseReturnValue:
    """Ask the driver of one passage to back out."""
    return order("send_back", {"lane": lane, **body.args()})


@api.post("/api/v1/lanes/<lane>/answer-help")
@described("answer_help")
def answer_help(lane: str, body: Nothing) -> ResponseReturnValue:
    """Answer the driver who calls there: his call's clock stops, in one's own name."""
    return order("answer_help", {"lane": lane, **body.args()})


@api.post("/api/v1/lanes/<lane>/end-help")
@described("end_help")
def end_help(lane: str, body: Ended) -> ResponseReturnValue:
    """Say how the answered call ended."""
    return order("end_help", {"lane": lane, **body.args()})
