"""The operator's page: what waits for a person, the chosen car with all that is known of it, and what may be done."""

import base64
from typing import Annotated

from flask import Blueprint, Response, abort, jsonify, render_template
from flask.typing import ResponseReturnValue
from pydantic import StringConstraints

from hmi.control.api.described import described
from hmi.control.api.edge import Edge, MaybeName, MaybeWord, Name, Note, Nothing, Seconded, Text, Word
from hmi.control.auth import signed_in
from hmi.control.orders import answered, ask, looked_up, order
from hmi.control.room import room
from hmi.control.shiftsheet import sheet_of
from hmi.control.views.overview import lanes_data
from scada.bridge import Refused, Value

desk = Blueprint("desk", __name__)

Ref = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=96)]


class Seen(Edge):
    """Which car, stay or case is looked at; what is left out is not known."""

    lane: MaybeWord = ""
    passage: MaybeName = ""
    stay: MaybeWord = ""
    case: Annotated[str, StringConstraints(strip_whitespace=True, max_length=96)] = ""


class OfStay(Edge):
    """Of which stay."""

    stay: Word


class OfCase(Edge):
    """Which case."""

    case: Ref


class Settled(OfCase):
    """Which case, and with which of the fixed words it ends."""

    outcome: Name
    note: Note = ""


class PlateAsked(OfCase):
    """Which plate, in which case, and what for."""

    plate: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=16)]
    purpose: Text


class HandOver(Seconded):
    """The shift's end: what the next one should know, and who signs for it."""

    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


class OfCar(Edge):
    """Which car."""

    passage: Name


@desk.get("/desk")
def page() -> ResponseReturnValue:
    """Show the page; what it shows is asked for, and comes over the socket."""
    config, who = room().config, signed_in()
    page_data = {
        **lanes_data(config, who),
        "me": who.name,
        "maySit": who.may_sit,
        "mayTakeCash": who.may_take_cash,
        "mayKeepMoney": who.may_keep_money,
        "maySeeMoney": who.may_see_money,
        "mayRefund": who.may("refund"),
    }
    return render_template("control/desk.html", who=who, site=config.site, page_data=page_data)


@desk.get("/api/v1/desk/cases")
@described("desk_cases")
def cases() -> ResponseReturnValue:
    """Give all that waits for a person, and how fast cases are answered and resolved."""
    return looked_up("desk_cases", {})


@desk.get("/api/v1/desk/car")
@described("desk_car")
def car(query: Seen) -> ResponseReturnValue:
    """Tell all about one car: in a lane, or gone, or a stay alone; with what may be done about it now."""
    return looked_up("desk_car", query.args())


@desk.get("/api/v1/desk/fee")
@described("explain_fee")
def fee(query: OfStay) -> ResponseReturnValue:
    """Explain the fee of an open stay in sentences."""
    return answered(ask("explain_fee", query.args()))


@desk.get("/api/v1/desk/money")
@described("stay_money", answer=list[dict[str, object]])
def story(query: OfStay) -> ResponseReturnValue:
    """Tell what was asked, paid and given back for a stay."""
    return answered(ask("stay_money", query.args()))


@desk.get("/api/v1/desk/payments")
@described("payments", answer=list[dict[str, object]])
def payments(query: OfStay) -> ResponseReturnValue:
    """List what WeChat took for a stay, and what of it may go back."""
    return answered(ask("payments", query.args()))


@desk.get("/api/v1/lanes/<lane>/live")
@described("live_picture", answer=bytes)
def live(lane: str) -> ResponseReturnValue:
    """Show what a lane's camera sees now, as JPEG; 404 if it shows nothing."""
    match ask("live_picture", {"lane": lane}):
        case Value({"jpeg_b64": str() as shown}) if shown:
            return Response(base64.b64decode(shown), mimetype="image/jpeg")
        case Value():
            return jsonify(why="no picture"), 404
        case reply:
            return answered(reply)


@desk.post("/api/v1/desk/here")
@described("desk_here")
def here(body: Nothing) -> ResponseReturnValue:
    """Say that somebody sits at this desk."""
    return order("desk_here", body.args())


@desk.post("/api/v1/desk/cases/take")
@described("take_desk_case")
def take(body: OfCase) -> ResponseReturnValue:
    """Take a case."""
    return order("take_desk_case", body.args())


@desk.post("/api/v1/desk/cases/give-back")
@described("give_back_case")
def give_back(body: OfCase) -> ResponseReturnValue:
    """Give a case back."""
    return order("give_back_case", body.args())


@desk.post("/api/v1/desk/cases/settle")
@described("settle_desk_case")
def settle(body: Settled) -> ResponseReturnValue:
    """End a case that only wanted to be looked at, with one of the fixed words."""
    return order("settle_desk_case", body.args())


@desk.post("/api/v1/desk/plate-history")
@described("plate_history", answer=list[dict[str, object]])
def plate_history(body: PlateAsked) -> ResponseReturnValue:
    """Tell where a plate was before: with an open case and a purpose, which is written down."""
    return order("plate_history", body.args())


@desk.post("/api/v1/lanes/<lane>/send-fee")
@described("send_fee")
def send_fee(lane: str, body: OfCar) -> ResponseReturnValue:
    """Ask for the fee of the car of one passage anew, on the lane's display."""
    return order("send_fee", {"lane": lane, **body.args()})


@desk.get("/api/v1/desk/shift")
@described("desk_shift")
def shift() -> ResponseReturnValue:
    """Give the signed-in person's shift with its totals; it begins when it is first asked for."""
    return answered(ask("desk_shift", {}))


@desk.post("/api/v1/desk/shift/hand-over")
@described("hand_over_desk")
def hand_over(body: HandOver) -> ResponseReturnValue:
    """End one's shift; who takes it over signs in beside."""
    return order("hand_over_desk", body.args())


@desk.get("/desk/shifts/<shift>")
def sheet(shift: str) -> ResponseReturnValue:
    """Show what was handed over, as it is printed."""
    config = room().config
    match ask("desk_shift_sheet", {"shift": shift[:32]}):
        case Value(dict() as found):
            titles = {lane.name: (lane.title, lane.title_en) for lane in config.lanes}
            told = sheet_of(found, config.site.zone_info, titles)
            return render_template("control/shift.html", shift=told, site=config.site)
        case Refused("forbidden"):
            abort(403)
        case Refused("bad_args"):
            abort(404)
        case _:
            abort(503, "the plant does not answer")
    return None
