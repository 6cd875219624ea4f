"""The sheet by which a lane is accepted: what was looked at, what the system saw of it, signed by two, and kept."""

from typing import Annotated, Literal

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pydantic import Field

from hmi.control.api.described import described
from hmi.control.api.edge import Edge, Note, Seconded, Word
from hmi.control.auth import signed_in
from hmi.control.orders import looked_up, order
from hmi.control.views.technician.shown import known, shown
from hmi.language import say

acceptance = Blueprint("acceptance", __name__)


class Found(Edge):
    """What was found of one item of the sheet."""

    key: Word
    answer: Literal["passed", "failed", "none"]
    note: Note = ""


class Sheet(Seconded):
    """What was found of every item, and the second person."""

    answers: Annotated[list[Found], Field(max_length=20)]
    note: Note = ""


@acceptance.get("/acceptance")
@acceptance.get("/acceptance/<lane>")
def page(lane: str = "") -> ResponseReturnValue:
    """Show the sheet of a lane."""
    return shown(say("Acceptance"), "acceptance.js", lane=known(lane), maySign=signed_in().may("sign_acceptance"))


@acceptance.get("/api/v1/lanes/<lane>/acceptance")
@described("acceptance")
def sheet(lane: str) -> ResponseReturnValue:
    """Give what is to be looked at, what the system saw of it, and the sheets that were signed."""
    return looked_up("acceptance", {"lane": lane})


@acceptance.post("/api/v1/lanes/<lane>/acceptance")
@described("sign_acceptance")
def sign(lane: str, body: Sheet) -> ResponseReturnValue:
    """Keep a sheet that two people have signed."""
    return order("sign_acceptance", {"lane": lane, **body.args()})
