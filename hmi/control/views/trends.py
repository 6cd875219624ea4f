"""The trends page: any tags as curves, live and of the past, with what happened, kept views and an export."""

import asyncio
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

from flask import Blueprint, Response, jsonify, render_template, stream_with_context
from flask.typing import ResponseReturnValue
from pydantic import Field, StringConstraints

from hmi.control.api.described import described
from hmi.control.api.edge import Edge, Name, TagWord, Word
from hmi.control.auth import signed_in
from hmi.control.orders import answered, ask, looked_up, order
from hmi.control.room import room
from hmi.control.trends import Asked, BadQuestion, Question, asked_of, in_turn
from scada.bridge import Message, Value
from scada.clock import clock_from
from scada.config import Config
from scada.model.tag import TagName
from scada.model.trend import Sample
from scada.ports import HistoryReader
from scada.store.db import StoreError
from scada.store.historian import asking
from scada.store.historian.export import CsvSheet

trend_page = Blueprint("trend_page", __name__)

MOST_POINTS = 1_000_000
"""Points of one export; longer ranges are `daozha history export`'s."""
_PAGE = 20_000
_LONGEST_S = 20 * 366 * 86_400


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
    span_s: Annotated[float, Field(gt=0, le=_LONGEST_S)]


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
    answer = Response(stream_with_context(_lines(room().config, question)), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _lines(config: Config, question: Question) -> Iterator[str]:
    """Give the file piece by piece; it says in its last line if it is not whole."""
    out, left = io.StringIO(), MOST_POINTS
    out.write("\ufeff")
    sheet = CsvSheet(out)
    try:
        with asking(config, clock_from()) as history:
            for tag in question.tags:
                for samples in _pages(history, tag, question):
                    sheet.write(tag, [_harmless(sample) for sample in samples[:left]])
                    left -= len(samples)
                    yield _taken(out)
                    if left <= 0:
                        yield f"# cut after {MOST_POINTS} points: ask for a shorter range\r\n"
                        return
    except StoreError as error:
        yield f"# the history does not answer any more: {error}\r\n"
    yield _taken(out)


def _pages(history: HistoryReader, tag: TagName, question: Question) -> Iterator[Sequence[Sample]]:
    since = question.since
    while page := asyncio.run(_page_of(history, tag, since, question)):
        yield page
        since = page[-1].at + timedelta(milliseconds=1)


async def _page_of(history: HistoryReader, tag: TagName, since: datetime, question: Question) -> Sequence[Sample]:
    return await history.query(tag, since, question.until, _PAGE)


def _harmless(sample: Sample) -> Sample:
    """Let no spreadsheet take a text for a formula."""
    is_formula = sample.text is not None and sample.text.startswith(("=", "+", "-", "@"))
    return replace(sample, text=f"'{sample.text}") if is_formula else sample


def _taken(out: io.StringIO) -> str:
    content = out.getvalue()
    out.seek(0)
    out.truncate()
    return content
