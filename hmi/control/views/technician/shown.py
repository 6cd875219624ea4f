"""How the pages of technicians are shown: one template, one script and one element each."""

from flask import abort, render_template
from flask.typing import ResponseReturnValue

from hmi.control.auth import signed_in
from hmi.control.room import room


def shown(title: str, script: str, **more: object) -> ResponseReturnValue:
    """Show a page of this title, whose script fills it."""
    config, who = room().config, signed_in()
    lanes = [lane.model_dump(include={"name", "title", "title_en", "direction"}) for lane in config.lanes]
    page_data = {"site": {"zone": config.site.zone}, "lanes": lanes, "me": who.name, **more}
    return render_template(
        "control/technician.html", who=who, site=config.site, page_title=title, script=script, page_data=page_data
    )


def known(lane: str) -> str:
    """Take a lane of the site, or its first one where none is named."""
    names = [one.name for one in room().config.lanes]
    if lane and lane not in names:
        abort(404, "no such lane")
    return lane or names[0]
