"""The overview: both lanes live, the last stays, and what people did."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from hmi.control.auth import signed_in
from hmi.control.room import room
from scada.model.lane.words import OPERATOR_REASONS
from scada.model.modes import ALONE_MIN, HOLD_OPEN_REASONS, LOCK_REASONS

overview = Blueprint("overview", __name__)
THEMES = ("day", "night")


@overview.get("/")
def page() -> ResponseReturnValue:
    """Show the page; what it shows comes over the socket."""
    config = room().config
    who = signed_in()
    page_data = {
        "site": {"name": config.site.name, "name_en": config.site.name_en, "zone": config.site.zone},
        "lanes": [
            lane.model_dump(include={"name", "direction", "way_policy", "title", "title_en"}) for lane in config.lanes
        ],
        "reasons": [reason.value for reason in OPERATOR_REASONS],
        "modeReasons": {
            "hold-open": [reason.value for reason in HOLD_OPEN_REASONS],
            "lock": [reason.value for reason in LOCK_REASONS],
        },
        "aloneMin": ALONE_MIN,
        "goodwillFen": config.limits.goodwill_fen,
        "mayCommand": who.may_command,
        "mayRepair": who.may_repair,
    }
    return render_template("control/overview.html", who=who, site=config.site, page_data=page_data)


def theme(cookie: str) -> str:
    """Give the palette this browser keeps."""
    kept = request.cookies.get(cookie, "")
    return kept if kept in THEMES else THEMES[0]
