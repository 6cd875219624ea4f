"""All car parks on one wall, level 1: how each is heard, its lanes, what waits, alarms, places and money."""

from flask import Blueprint, jsonify, render_template
from flask.typing import ResponseReturnValue

from hmi.control.api.described import described
from hmi.control.auth import signed_in
from hmi.control.room import room
from hmi.control.sites.away import address_of
from scada.model.rights import LOOK

sites = Blueprint("sites", __name__)


@sites.get("/sites")
def page() -> ResponseReturnValue:
    """Show the wall; what it shows comes over the socket, twice a second."""
    config, who = room().config, signed_in()
    lots = [
        {
            "name": watch.name,
            "title": watch.title,
            "title_en": watch.title_en,
            "url": address_of(watch.url, watch.port),
            "isHere": number == 0,
        }
        for number, watch in enumerate(room().wall.watches)
    ]
    page_data = {"site": {"zone": config.site.zone}, "lots": lots, "maySeeMoney": who.may_see_money}
    return render_template("control/sites.html", who=who, site=config.site, page_data=page_data)


@sites.get("/api/v1/sites")
@described(LOOK, answer=list[dict[str, object]])
def lots() -> ResponseReturnValue:
    """Give every car park of this control room in figures; one that is not heard is told as such, with its age."""
    return jsonify(room().wall.lots(money=signed_in().may_see_money))
