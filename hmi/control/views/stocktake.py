"""The stocktake: who is inside, whose stays are proposed for closing, what is in doubt; a counted list in and out."""

import base64
from typing import Annotated, Literal

from flask import Blueprint, Response, abort, jsonify, render_template
from flask.typing import ResponseReturnValue
from pydantic import Field, StringConstraints

from hmi.control import counted
from hmi.control.api.described import described
from hmi.control.api.edge import Edge, Text, Word
from hmi.control.auth import signed_in
from hmi.control.orders import answered, ask, order
from hmi.control.room import room
from scada.bridge import Value

stocktake = Blueprint("stocktake", __name__)

_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WITHIN_S = 10.0


class Ended(Edge):
    """Which stay, why, and how that is known."""

    stay: Word
    reason: Literal["GHOST", "OPEN_LANE", "TWICE", "DUPLICATE_READ", "COUNTED"]
    evidence: Text


class Doubt(Edge):
    """Which entry of the list, what was found, and how that is known."""

    id: Annotated[int, Field(ge=1, le=2**31 - 1)]
    found: Literal["inside", "gone", "no-car"]
    evidence: Text


class List(Edge):
    """A counted list, as base64."""

    file_b64: Annotated[str, StringConstraints(min_length=1, max_length=2_000_000)]


@stocktake.get("/stocktake")
def page() -> ResponseReturnValue:
    """Show the page; its lists are asked for."""
    who, config = signed_in(), room().config
    if not who.may("stocktake"):
        abort(403)
    named = {"name", "title", "title_en"}
    places = [one.model_dump(include=named) for one in (*config.zones, *config.lanes)]
    page_data = {"site": {"zone": config.site.zone}, "mayEnd": who.may("end_stay"), "places": places}
    return render_template("control/stocktake.html", who=who, site=config.site, page_data=page_data)


@stocktake.get("/stocktake/inside.xlsx")
def workbook() -> ResponseReturnValue:
    """Give who is inside as a workbook."""
    if not signed_in().may("stocktake"):
        abort(403)
    match ask("stocktake", {}, within_s=_WITHIN_S):
        case Value({"inside": list() as inside}):
            name = {"Content-Disposition": 'attachment; filename="inside.xlsx"'}
            return Response(counted.workbook(inside), mimetype=_WORKBOOK, headers=name)
        case _:
            abort(503, "the plant does not answer")
    return None


@stocktake.get("/api/v1/stocktake")
@described("stocktake")
def told() -> ResponseReturnValue:
    """Tell who is inside, whose stays are proposed for closing, and which passages are in doubt."""
    return answered(ask("stocktake", {}, within_s=_WITHIN_S))


@stocktake.post("/api/v1/stocktake/count")
@described("stocktake", while_idle=True)
def count(body: List) -> ResponseReturnValue:
    """Compare a counted list (.xlsx or CSV) with who is inside; it changes nothing."""
    try:
        raw = base64.b64decode(body.file_b64, validate=True)
    except ValueError:
        return jsonify(why="the file is not base64"), 422
    found = counted.read(raw)
    match ask("stocktake", {}, within_s=_WITHIN_S):
        case Value({"inside": list() as inside}):
            faults = [{"row": one.row, "what": one.what, "remedy": one.remedy} for one in found.faults]
            return jsonify(counted=len(found.plates), faults=faults, **counted.differences(found, inside))
        case reply:
            return answered(reply)


@stocktake.post("/api/v1/stocktake/end-stay")
@described("end_stay")
def end(body: Ended) -> ResponseReturnValue:
    """End a stay whose car is not inside any more."""
    return order("end_stay", body.args())


@stocktake.post("/api/v1/stocktake/doubts")
@described("settle_doubt")
def settle(body: Doubt) -> ResponseReturnValue:
    """Settle a passage in doubt by what was found."""
    return order("settle_doubt", body.args())
