"""The overview, level 2: the plan of the car park, its lanes live, the last stays, and what people did."""

from flask import Blueprint, Response, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from hmi.control.api.described import described
from hmi.control.api.edge import Edge
from hmi.control.archive import NotRead
from hmi.control.auth import signed_in
from hmi.control.orders import looked_up
from hmi.control.room import room
from hmi.control.sessions import Session
from scada.clock import clock_from
from scada.config import Config
from scada.model.lane.words import OPERATOR_REASONS
from scada.model.modes import ALONE_MIN, HOLD_OPEN_REASONS, LOCK_REASONS
from scada.model.plan import Way, laid_out, placed
from scada.model.rights import LOOK
from scada.store.db import StoreError, connected, database_url
from scada.store.today import comings

overview = Blueprint("overview", __name__)
THEMES = ("day", "night")
_PICTURES = {".svg": "image/svg+xml", ".png": "image/png"}


@overview.get("/")
def page() -> ResponseReturnValue:
    """Show the page; what it shows comes over the socket."""
    config, who = room().config, signed_in()
    page_data = {**lanes_data(config, who), "plan": plan_data(config)}
    return render_template("control/overview.html", who=who, site=config.site, page_data=page_data)


@overview.get("/plan/background")
def background() -> ResponseReturnValue:
    """Give the site's own drawing: as a picture, in which nothing runs whatever stands in it."""
    name = room().config.plan.background
    if name is None:
        abort(404, "this site has no drawing")
    try:
        content = room().archive.drawing()
    except NotRead as error:
        abort(404, str(error))
    answer = Response(content, mimetype=_PICTURES[name[-4:].lower()])
    answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return answer


class Today(Edge):
    """Cars since midnight of the site's clock, by lane."""

    since: str
    entries: dict[str, int]
    exits: dict[str, int]


@overview.get("/api/v1/today")
@described(LOOK, answer=Today)
def today() -> ResponseReturnValue:
    """Count the cars that came and went since midnight of the site's clock, by lane."""
    if room().away is not None:
        return looked_up("cars_today", {})
    config = room().config
    since = clock_from().now().astimezone(config.site.zone_info).replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        with connected(database_url(config)) as conn:
            found = comings(conn, config.site_id, since)
    except StoreError as error:
        return jsonify(why=f"the database does not answer: {error}"), 503
    return jsonify(since=since.isoformat(), entries=found.entries, exits=found.exits)


def plan_data(config: Config) -> dict[str, object]:
    """Give the drawing of the car park: as config.toml draws it, and evenly laid out where it does not."""
    outlines = laid_out(config.park, config.plan.outlines())
    ways = [Way(lane.name, config.zone_of(lane.id), lane.direction) for lane in config.lanes]
    titles = {zone.name: zone for zone in config.zones}
    return {
        "background": config.plan.background is not None,
        "zones": [
            {
                "name": zone.name,
                "title": titles[zone.name].title if zone.name in titles else config.site.name,
                "title_en": titles[zone.name].title_en if zone.name in titles else config.site.name_en,
                "spaces": zone.spaces,
                "reserved": zone.reserved,
                "outline": outlines[zone.name],
            }
            for zone in config.park.all
        ],
        "lanes": placed(ways, outlines, config.plan.points()),
    }


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
