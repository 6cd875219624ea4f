"""The tags: every one with its value, how far it is to be believed, and where it lives; for technicians."""

from collections.abc import Callable

from flask import Blueprint, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from hmi.control.auth import signed_in
from hmi.control.orders import looked_up, sent, text
from hmi.control.room import room
from scada.bridge import Message

tags = Blueprint("tags", __name__)

MOST_NAMES = 200
"""Tags of one ask: what a screen shows."""
_NAME_LIMIT = 120
_REASON_LIMIT, _VALUE_LIMIT, LONGEST_MIN = 200, 1000, 480


@tags.get("/tags")
def page() -> ResponseReturnValue:
    """Show the page; the values come over the socket."""
    config = room().config
    lanes = [lane.model_dump(include={"name", "title", "title_en"}) for lane in config.lanes]
    who = signed_in()
    page_data = {"site": {"zone": config.site.zone}, "lanes": lanes, "mayForce": who.may_force}
    return render_template("control/tags.html", who=who, site=config.site, page_data=page_data)


@tags.get("/api/tag-facts")
def facts() -> ResponseReturnValue:
    """What the named tags are; `name` as often as there are tags."""
    names = request.args.getlist("name")
    if len(names) > MOST_NAMES or any(len(name) > _NAME_LIMIT for name in names):
        return jsonify(why=f"name: at most {MOST_NAMES}, each of at most {_NAME_LIMIT} signs"), 400
    return looked_up("tag_facts", {"names": names})


@tags.get("/api/forced-tags")
def forced() -> ResponseReturnValue:
    """What is forced now: by whom, why, until when, and what is read behind it."""
    return looked_up("forced_tags", {})


@tags.post("/api/tags/<name>/force")
def force(name: str) -> ResponseReturnValue:
    """Put a value over a tag for some minutes."""
    return _order("force_tag", name, lambda body: {**_valued(body), "minutes": _minutes(body)})


@tags.post("/api/tags/<name>/unforce")
def unforce(name: str) -> ResponseReturnValue:
    """Show what is read again."""
    return _order("unforce_tag", name, lambda _body: {})


@tags.post("/api/tags/<name>/write")
def write(name: str) -> ResponseReturnValue:
    """Write a tag of a device."""
    return _order("write_tag", name, _valued)


def _order(verb: str, name: str, take: Callable[[dict[str, object]], Message]) -> ResponseReturnValue:
    def taken(body: dict[str, object]) -> Message | str:
        try:
            return {"name": name, "why": text(body, "why", _REASON_LIMIT), **take(body)}
        except ValueError as error:
            return str(error)

    return sent(verb, taken, may=signed_in().may_force)


def _valued(body: dict[str, object]) -> Message:
    value = body.get("value")
    if not isinstance(value, bool | int | float | str) or (isinstance(value, str) and len(value) > _VALUE_LIMIT):
        raise ValueError("value: 0 or 1, a number or a text")
    return {"value": value}


def _minutes(body: dict[str, object]) -> int:
    minutes = body.get("minutes")
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not 1 <= minutes <= LONGEST_MIN:
        raise ValueError(f"minutes: a whole number from 1 to {LONGEST_MIN}")
    return minutes
