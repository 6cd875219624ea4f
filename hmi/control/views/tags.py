"""The tags: every one with its value, how far it is to be believed, and where it lives; for technicians."""

from typing import Annotated

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from pydantic import Field, StringConstraints

from hmi.control.api.described import described
from hmi.control.api.edge import Edge, Text
from hmi.control.auth import signed_in
from hmi.control.orders import looked_up, order
from hmi.control.room import room

tags = Blueprint("tags", __name__)

MOST_NAMES = 200
"""Tags of one ask: what a screen shows."""
_NAME_LIMIT = 120
_VALUE_LIMIT, LONGEST_MIN = 1000, 480


class Names(Edge):
    """Which tags: `name` as often as there are tags."""

    names: list[Annotated[str, StringConstraints(max_length=_NAME_LIMIT)]] = Field(
        default_factory=list, alias="name", max_length=MOST_NAMES
    )


class Why(Edge):
    """Why it is done."""

    why: Text


class Write(Why):
    """What is written, and why."""

    value: bool | int | float | Annotated[str, StringConstraints(max_length=_VALUE_LIMIT)]


class Force(Write):
    """What is put over the tag, for how long, and why."""

    minutes: Annotated[int, Field(ge=1, le=LONGEST_MIN)]


@tags.get("/tags")
def page() -> ResponseReturnValue:
    """Show the page; the values come over the socket."""
    config = room().config
    lanes = [lane.model_dump(include={"name", "title", "title_en"}) for lane in config.lanes]
    who = signed_in()
    page_data = {"site": {"zone": config.site.zone}, "lanes": lanes, "mayForce": who.may_force}
    return render_template("control/tags.html", who=who, site=config.site, page_data=page_data)


@tags.get("/api/v1/tag-facts")
@described("tag_facts")
def facts(query: Names) -> ResponseReturnValue:
    """Say what the named tags are; `name` as often as there are tags."""
    return looked_up("tag_facts", {"names": query.names})


@tags.get("/api/v1/tag-places")
@described("tag_places", answer=list[dict[str, object]])
def places() -> ResponseReturnValue:
    """Give all names by device and class."""
    return looked_up("tag_places", {})


@tags.get("/api/v1/forced-tags")
@described("forced_tags", answer=list[dict[str, object]])
def forced() -> ResponseReturnValue:
    """Give what is forced now: by whom, why, until when, and what is read behind it."""
    return looked_up("forced_tags", {})


@tags.post("/api/v1/tags/<name>/force")
@described("force_tag")
def force(name: str, body: Force) -> ResponseReturnValue:
    """Put a value over a tag for some minutes."""
    return order("force_tag", {"name": name, **body.args()})


@tags.post("/api/v1/tags/<name>/unforce")
@described("unforce_tag")
def unforce(name: str, body: Why) -> ResponseReturnValue:
    """Show what is read again."""
    return order("unforce_tag", {"name": name, **body.args()})


@tags.post("/api/v1/tags/<name>/write")
@described("write_tag")
def write(name: str, body: Write) -> ResponseReturnValue:
    """Write a tag of a device."""
    return order("write_tag", {"name": name, **body.args()})
