"""Diagnosis, level 4, for technicians: links, instruments, inputs and outputs of a lane, queues, the last events."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from hmi.control.api.described import described
from hmi.control.auth import signed_in
from hmi.control.orders import looked_up
from hmi.control.room import room
from scada.model.camera.figures import camera_tag

diagnosis = Blueprint("diagnosis", __name__)


@diagnosis.get("/api/v1/processes")
@described("processes")
def processes() -> ResponseReturnValue:
    """Give the site's processes: number, age, restarts and how the last one ended, memory and processor time."""
    return looked_up("processes", {})


@diagnosis.get("/diagnosis")
def page() -> ResponseReturnValue:
    """Show the page; figures come over the socket, the events are asked for."""
    config, who = room().config, signed_in()
    page_data = {
        "site": {"zone": config.site.zone},
        "lanes": [lane.model_dump(include={"name", "direction", "title", "title_en"}) for lane in config.lanes],
        "cameras": [
            {"name": camera.name, "lane": camera.lane, "tag": camera_tag(camera.name, "").rstrip(".")}
            for camera in config.cameras
        ],
    }
    return render_template("control/diagnosis.html", who=who, site=config.site, page_data=page_data)
