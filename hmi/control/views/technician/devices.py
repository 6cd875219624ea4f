"""The devices: how each link does, how long its scans take, and the health of the loops and booms of its lanes."""

from typing import Annotated

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pydantic import Field

from hmi.control.api.described import described
from hmi.control.api.edge import Edge
from hmi.control.orders import looked_up
from hmi.control.views.technician.shown import shown
from hmi.language import say

devices = Blueprint("devices", __name__)


class Days(Edge):
    """How many days are looked at."""

    days: Annotated[int, Field(ge=1, le=60, strict=False)] = 7


@devices.get("/devices")
def page() -> ResponseReturnValue:
    """Show all devices."""
    return shown(say("Devices"), "devices.js", device="")


@devices.get("/devices/<device>")
def one(device: str) -> ResponseReturnValue:
    """Show one device with its lanes."""
    return shown(say("Devices"), "devices.js", device=device[:64])


@devices.get("/api/v1/devices")
@described("devices", answer=list[dict[str, object]])
def listed() -> ResponseReturnValue:
    """Give every device: how it is reached, its scan classes and how long their last scans took."""
    return looked_up("devices", {})


@devices.get("/api/v1/lanes/<lane>/health")
@described("lane_health")
def health(lane: str, query: Days) -> ResponseReturnValue:
    """Hold a lane's loops against its cameras, and its boom against what it was."""
    return looked_up("lane_health", {"lane": lane, **query.args()})
