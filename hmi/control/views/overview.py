"""The overview: both lanes live, the last stays, and what people did."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from hmi.control.auth import signed_in
from hmi.control.room import room
from hmi.control.sessions import Session
from scada.config import Config
from scada.model.lane.words import OPERATOR_REASONS
from scada.model.modes import ALONE_MIN, HOLD_OPEN_REASONS, LOCK_REASONS

overview = Blueprint("overview", __name__)
THEMES = ("day", "night")


@overview.get("/")
def page() -> ResponseReturnValue:
    """Show the page; what it shows comes over the socket."""
    config, who = room().config, signed_in()
    return render_template("control/overview.html", who=who, site=config.site, page_data=lanes_data(config, who))


def lanes_data(config: Config, who: Session) -> dict[str, object]:
    """Give what a page needs to know that shows lanes to act on."""
    return {
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


def theme(cookie: str) -> str:
    """Give the palette this browser keeps."""
    kept = request.cookies.get(cookie, "")
    return kept if kept in THEMES else THEMES[0]
