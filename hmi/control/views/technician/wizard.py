"""Setting a lane up: drive a car through, and see what its contacts tell and which waits would fit."""

from typing import Annotated

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pydantic import Field

from hmi.control.api.described import described
from hmi.control.api.edge import Edge, Name
from hmi.control.orders import looked_up
from hmi.control.views.technician.shown import known, shown
from hmi.language import say

wizard = Blueprint("wizard", __name__)


class Drive(Edge):
    """When a car drove through: ISO 8601 with a zone."""

    since: Name
    until: Name


class Drives(Edge):
    """The drives to learn from."""

    drives: Annotated[list[Drive], Field(min_length=1, max_length=20)]


@wizard.get("/wizard")
@wizard.get("/wizard/<lane>")
def page(lane: str = "") -> ResponseReturnValue:
    """Show the wizard of a lane."""
    return shown(say("Lane wizard"), "wizard.js", lane=known(lane))


@wizard.post("/api/v1/lanes/<lane>/learn")
@described("learn_lane", while_idle=True)
def learn(lane: str, body: Drives) -> ResponseReturnValue:
    """Read drives out of the history of a lane's contacts; nothing is changed."""
    return looked_up("learn_lane", {"lane": lane, **body.args()})
