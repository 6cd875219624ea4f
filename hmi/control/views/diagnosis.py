"""Diagnosis, level 4, for technicians: links, instruments, inputs and outputs of a lane, queues, the last events."""

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from hmi.control.api.described import described
from hmi.control.auth import signed_in
from hmi.control.metrics import exposition
from hmi.control.orders import ask, looked_up
from hmi.control.room import room
from hmi.gauges import CONTENT_TYPE
from scada.bridge import Value
from scada.model.camera.figures import camera_tag

diagnosis = Blueprint("diagnosis", __name__)


@diagnosis.get("/api/v1/processes")
@described("processes")
def processes() -> ResponseReturnValue:
    """Give the site's processes: number, age, restarts and how the last one ended, memory and processor time."""
    return looked_up("processes", {})


@diagnosis.get("/api/v1/metrics")
@described("metrics", answer=bytes)
def metrics() -> ResponseReturnValue:
    """Give the site's figures as a Prometheus server reads them: text, no JSON, and nobody named in it."""
    reply = ask("processes", {})
    listed = reply.value.get("processes") if isinstance(reply, Value) and isinstance(reply.value, dict) else None
    lanes = [lane.name for lane in room().config.lanes]
    told = exposition(room().live.snapshot(covered=True), lanes, listed if isinstance(listed, list) else [])
    return Response(told, content_type=CONTENT_TYPE)


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
