"""One lane, level 3: the drawing, the car, the legal commands, and all that is known of its equipment."""

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from hmi.control.auth import signed_in
from hmi.control.room import room
from hmi.control.views.overview import lanes_data
from scada.model.camera.figures import camera_tag

lanes = Blueprint("lanes", __name__)


@lanes.get("/lanes/<lane>")
def page(lane: str) -> ResponseReturnValue:
    """Show the page; what it shows comes over the socket, pictures and small trends are asked for."""
    config, who = room().config, signed_in()
    found = next((one for one in config.lanes if one.name == lane), None)
    if found is None:
        abort(404, "no such lane")
    cameras = [
        {"name": camera.name, "tag": camera_tag(camera.name, "").rstrip(".")}
        for camera in config.cameras
        if camera.lane == lane
    ]
    page_data = {**lanes_data(config, who), "lane": lane, "cameras": cameras}
    return render_template(
        "control/lane.html", who=who, site=config.site, lane=found, lanes=config.lanes, page_data=page_data
    )
