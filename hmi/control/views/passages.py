"""One passage, replayed: the drawing of the lane as it was, and all that happened, by one clock that a person moves."""

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from hmi.control.auth import signed_in
from hmi.control.room import room

passages = Blueprint("passages", __name__)
_ID_LIMIT = 64


@passages.get("/passages/<passage>")
def page(passage: str) -> ResponseReturnValue:
    """Show the page; the recording is asked for by it."""
    if len(passage) > _ID_LIMIT:
        abort(404, "no such passage")
    config, who = room().config, signed_in()
    page_data = {
        "site": {"zone": config.site.zone},
        "passage": passage,
        "lanes": [lane.model_dump(include={"name", "direction", "title", "title_en"}) for lane in config.lanes],
    }
    return render_template("control/passage.html", who=who, site=config.site, page_data=page_data)
