"""The cameras: what each measures of itself, how well it reads, and the reads that were rejected."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from hmi.control.api.described import described
from hmi.control.api.edge import Nothing
from hmi.control.auth import signed_in
from hmi.control.orders import looked_up, order
from hmi.control.room import room
from scada.model.camera.figures import camera_tag

cameras = Blueprint("cameras", __name__)


@cameras.get("/cameras")
def page() -> ResponseReturnValue:
    """Show the page; figures come over the socket, pictures and rejected reads are asked for."""
    config, who = room().config, signed_in()
    page_data = {
        "site": {"zone": config.site.zone},
        "mayRepair": who.may_repair,
        "lanes": [lane.model_dump(include={"name", "title", "title_en"}) for lane in config.lanes],
        "cameras": [
            {"name": camera.name, "lane": camera.lane, "tag": camera_tag(camera.name, "").rstrip(".")}
            for camera in config.cameras
        ],
    }
    return render_template("control/cameras.html", who=who, site=config.site, page_data=page_data)


@cameras.get("/api/v1/cameras")
@described("cameras", answer=object)
def seen() -> ResponseReturnValue:
    """Give the last picture of each camera, and the last rejected reads."""
    return looked_up("cameras", {})


@cameras.post("/api/v1/cameras/<name>/relearn")
@described("relearn_camera")
def relearn(name: str, body: Nothing) -> ResponseReturnValue:
    """What the camera sees now is its view from here on: somebody has turned it and looked."""
    return order("relearn_camera", {"camera": name, **body.args()})
