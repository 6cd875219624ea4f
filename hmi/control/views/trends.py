"""The trends page: any tags as curves, live and of the past, with what happened, kept views and an export."""

from typing import Annotated

from flask import Blueprint, Response, jsonify, render_template, stream_with_context
from flask.typing import ResponseReturnValue
from pydantic import Field, StringConstraints

from hmi.control.api.described import described
from hmi.control.api.edge import Edge, Name, TagWord, Word
from hmi.control.archive import NotRead
from hmi.control.auth import signed_in
from hmi.control.orders import answered, ask, looked_up, order, unread
from hmi.control.room import room
from hmi.control.trends import Asked, BadQuestion, asked_of, in_turn
from scada.bridge import Message, Value
from scada.model.trend import LONGEST

trend_page = Blueprint("trend_page", __name__)


class Happened(Edge):
    """In which lanes, of which kinds, between which times: ISO 8601 with a zone."""

    lanes: list[Word] = Field(default_factory=list, alias="lane", max_length=50)
    kinds: list[Word] = Field(default_factory=list, alias="kind", max_length=10)
    since: Name
    until: Name

    def times(self) -> Message:
        """Give the range."""
        return {"since": self.since, "until": self.until}


class Named(Edge):
    """A view by its name."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class Panes(Edge):
    """What a view shows: panes of tags, and how long a range."""

    panes: Annotated[list[list[TagWord]], Field(min_length=1, max_length=12)]
    span_s: Annotated[float, Field(gt=0, le=LONGEST.total_seconds())]


class View(Named):
    """A view that is kept."""

    content: Panes


@trend_page.get("/trends")
def page() -> ResponseReturnValue:
    """Show the page; `tag` as often as tags are to be shown at once."""
    config, who = room().config, signed_in()
    lanes = [lane.model_dump(include={"name", "title", "title_en"}) for lane in config.lanes]
    page_data = {"site": {"zone": config.site.zone}, "lanes": lanes}
    return render_template("control/trends.html", who=who, site=config.site, page_data=page_data)


@trend_page.get("/api/v1/trend-events")
@described("trend_events")
def events(query: Happened) -> ResponseReturnValue:
    """Give what happened in some lanes in a range: alarms, commands, steps, and what people did."""
    return looked_up("trend_events", {"lanes": query.lanes, "kinds": query.kinds, **query.times()})


@trend_page.get("/api/v1/trend-views")
@described("trend_views", answer=list[dict[str, object]])
def views() -> ResponseReturnValue:
    """Give the views that the person keeps."""
    return looked_up("trend_views", {})


@trend_page.post("/api/v1/trend-views")
@described("keep_trend_view")
def keep(body: View) -> ResponseReturnValue:
    """Keep a view: its name, and its panes."""
    return order("keep_trend_view", body.args())


@trend_page.post("/api/v1/trend-views/drop")
@described("drop_trend_view")
def drop(body: Named) -> ResponseReturnValue:
    """Forget a view."""
    return order("drop_trend_view", body.args())


@trend_page.get("/api/v1/trends.csv")
@described("trends", answer=bytes)
def export(query: Asked) -> ResponseReturnValue:
    """Give every stored point of some tags in a range, as CSV."""
    return in_turn(lambda: _file(query))


def _file(query: Asked) -> ResponseReturnValue:
    try:
        question = asked_of(query, room().config.site.zone_info)
    except BadQuestion as error:
        return jsonify(why=str(error)), 400
    reply = ask("trends", {"names": list(question.tags)})
    if not isinstance(reply, Value):
        return answered(reply)
    name = f"trends-{question.since:%Y%m%dT%H%M%S}-{question.until:%Y%m%dT%H%M%S}.csv"
    try:
        pieces = room().archive.points(question)
    except NotRead as error:
        return unread(error)
    answer = Response(stream_with_context(pieces), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
