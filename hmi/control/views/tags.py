"""The tags: every one with its value, how far it is to be believed, and where it lives; for technicians."""

from flask import Blueprint, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from hmi.control.auth import signed_in
from hmi.control.orders import looked_up
from hmi.control.room import room

tags = Blueprint("tags", __name__)

MOST_NAMES = 200
"""Tags of one ask: what a screen shows."""
_NAME_LIMIT = 120


@tags.get("/tags")
def page() -> ResponseReturnValue:
    """Show the page; the values come over the socket."""
    config = room().config
    lanes = [lane.model_dump(include={"name", "title", "title_en"}) for lane in config.lanes]
    page_data = {"site": {"zone": config.site.zone}, "lanes": lanes}
    return render_template("control/tags.html", who=signed_in(), site=config.site, page_data=page_data)


@tags.get("/api/tag-facts")
def facts() -> ResponseReturnValue:
    """What the named tags are; `name` as often as there are tags."""
    names = request.args.getlist("name")
    if len(names) > MOST_NAMES or any(len(name) > _NAME_LIMIT for name in names):
        return jsonify(why=f"name: at most {MOST_NAMES}, each of at most {_NAME_LIMIT} signs"), 400
    return looked_up("tag_facts", {"names": names})
