"""Tag maps: brought, linted, compared with the one in use, signed by a second person, put to use, gone back from."""

import base64
from typing import Annotated, Literal

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from pydantic import Field, StringConstraints

from hmi.control.api.described import described
from hmi.control.api.edge import Edge, Seconded, Text
from hmi.control.auth import signed_in
from hmi.control.orders import answered, ask, looked_up, order
from hmi.control.views.technician.shown import shown
from hmi.language import say
from scada.bridge import Value
from scada.model.digits import whole_of

maps = Blueprint("maps", __name__)

_WITHIN_S = 30.0
_NOW_S = 5
"""How long one ask lets the plant wait for idle lanes; the page asks again."""
File = Annotated[str, StringConstraints(max_length=1_400_000)]
Number = Annotated[int, Field(ge=0, le=1_000_000, strict=False)]


class Bring(Edge):
    """A map or a device table or both, in base64, and why."""

    map: File = ""
    devices: File = ""
    why: Text


class Why(Edge):
    """Why it is done."""

    why: Text


class Which(Edge):
    """A proposal by its number, or a former version."""

    number: Number = 0
    version: Number = 0


class WhichFile(Which):
    """A file of a proposal or of a version."""

    name: Literal["map", "devices"] = "map"


class Back(Why, Seconded):
    """Which version is used again, and why."""

    version: Annotated[int, Field(ge=1, le=1_000_000)]


@maps.get("/maps")
def page() -> ResponseReturnValue:
    """Show the versions and the proposals."""
    rights = {right: signed_in().may(right) for right in ("propose_map", "sign_map", "apply_map", "rollback_tags")}
    return shown(say("Tag maps"), "maps.js", may=rights)


@maps.get("/api/v1/map")
@described("tag_map")
def in_use() -> ResponseReturnValue:
    """Give the version in use, all versions, and why lanes have no AUTO."""
    return looked_up("tag_map", {})


@maps.get("/api/v1/map-proposals")
@described("map_proposals", answer=list[dict[str, object]])
def proposals() -> ResponseReturnValue:
    """Give what was brought, newest first."""
    return looked_up("map_proposals", {})


@maps.post("/api/v1/map-proposals")
@described("propose_map")
def bring(body: Bring) -> ResponseReturnValue:
    """Bring a map: it is kept, linted and compared, and changes nothing yet."""
    return answered(ask("propose_map", body.args(), within_s=_WITHIN_S))


@maps.get("/api/v1/map-difference")
@described("map_difference")
def difference(query: Which) -> ResponseReturnValue:
    """Say what is wrong with a map, and what it would change now."""
    return answered(ask("map_difference", query.args(), within_s=_WITHIN_S))


@maps.get("/api/v1/map-file")
@described("map_file", answer=bytes)
def file(query: WhichFile) -> ResponseReturnValue:
    """Give a file of a map as it was brought."""
    match ask("map_file", query.args(), within_s=_WITHIN_S):
        case Value({"content_b64": str() as text}):
            content = base64.b64decode(text)
            kind = "xlsx" if content.startswith(b"PK") else "csv"
            answer = Response(content, mimetype="application/octet-stream")
            name = f"{query.name}-{query.version or f'proposal-{query.number}'}.{kind}"
            answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
            return answer
        case reply:
            return answered(reply)


@maps.post("/api/v1/map-proposals/<number>/sign")
@described("sign_map")
def sign(number: str) -> ResponseReturnValue:
    """Stand for a map that somebody else has brought."""
    return order("sign_map", {"number": _number(number)})


@maps.post("/api/v1/map-proposals/<number>/apply")
@described("apply_map")
def apply(number: str) -> ResponseReturnValue:
    """Put a signed map to use, as lanes are idle; ask again while some wait."""
    return answered(ask("apply_map", {"number": _number(number), "wait_s": _NOW_S}, within_s=_WITHIN_S))


@maps.post("/api/v1/map-proposals/<number>/withdraw")
@described("withdraw_map")
def withdraw(number: str, body: Why) -> ResponseReturnValue:
    """Take back a map that is not in use."""
    return order("withdraw_map", {"number": _number(number), **body.args()})


@maps.post("/api/v1/map/roll-back")
@described("rollback_tags")
def back(body: Back) -> ResponseReturnValue:
    """Use a former version again; a second person signs in beside, unless it undoes what has just come into use."""
    return answered(ask("rollback_tags", {**body.args(), "wait_s": _NOW_S}, why=body.why, within_s=_WITHIN_S))


def _number(text: str) -> int:
    """Take a proposal's number out of the address; 0 is none's."""
    return whole_of(text, 999_999) or 0
