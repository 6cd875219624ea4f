"""The page of a training: lessons to choose, what the driver says, and what everybody's answers were worth.

It is there only at a site that `daozha train` has made.
"""

from datetime import datetime
from typing import Annotated, Any

from flask import Blueprint, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from pydantic import StringConstraints

from hmi.control.api.described import described
from hmi.control.api.edge import Edge, MaybeName, Nothing
from hmi.control.auth import signed_in
from hmi.control.orders import answered, ask, order
from hmi.control.room import room
from hmi.control.trainingwords import lesson_words, sheet_of, shown
from hmi.i18n.words import translation
from hmi.language import language
from scada.bridge import Value
from scada.model.rights import TRAIN_ANOTHER

training = Blueprint("training", __name__)

_WITHIN_S = 8.0


class Chosen(Edge):
    """Which lesson, none for any; and for whom, if it is for another."""

    lesson: Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)] = ""
    trainee: MaybeName = ""


@training.get("/training")
def page() -> ResponseReturnValue:
    """Show the page; what it shows is asked for."""
    who, config = signed_in(), room().config
    page_data = {
        "site": {"zone": config.site.zone},
        "me": who.name,
        "mayStart": who.may("start_lesson"),
        "trainsOthers": who.may(TRAIN_ANOTHER),
        "lessons": lesson_words(translation(language())),
    }
    return render_template("control/training.html", who=who, site=config.site, page_data=page_data)


@training.get("/api/v1/training")
@described("training")
def state() -> ResponseReturnValue:
    """Tell the lesson under way with what is heard, and the marks: one's own, or everybody's for a trainer."""
    match ask("training", {}, within_s=_WITHIN_S):
        case Value(dict() as found):
            return jsonify(shown(found, translation(language())))
        case reply:
            return answered(reply)


@training.post("/api/v1/training/lessons")
@described("start_lesson")
def start(body: Chosen) -> ResponseReturnValue:
    """Begin a lesson; without a name any one, which is not told before it is over."""
    return order("start_lesson", body.args())


@training.post("/api/v1/training/stop")
@described("stop_lesson")
def stop(body: Nothing) -> ResponseReturnValue:
    """End the lesson under way without a mark."""
    return order("stop_lesson", body.args())


@training.get("/training/record")
def record() -> ResponseReturnValue:
    """Show one person's record, as it is printed."""
    config, who = room().config, signed_in()
    name = request.args.get("name", who.name)[:64]
    if name != who.name and not who.may(TRAIN_ANOTHER):
        abort(403)
    match ask("training", {}, within_s=_WITHIN_S):
        case Value({"results": list() as results}):
            mine: list[dict[str, Any]] = [one for one in results if isinstance(one, dict) and one["trainee"] == name]
            made = datetime.now(config.site.zone_info).strftime("%Y-%m-%d %H:%M")
            told = sheet_of(name, mine, config.site.zone_info)
            return render_template("control/training_record.html", record=told, site=config.site, made=made)
        case _:
            abort(503, "the plant does not answer")
    return None
