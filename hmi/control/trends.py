"""Trends as data: what tags did in a range, for pages and for other programs (`docs/history.md`).

The plant says whether the person may ask; the answer is never read by it, so that no long range holds up a lane.
"""

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Annotated

from flask import Blueprint, jsonify, make_response
from flask.typing import ResponseReturnValue
from pydantic import Field

from hmi.control.api.described import described
from hmi.control.api.edge import Edge, Note, TagWord
from hmi.control.archive import NotRead, Question
from hmi.control.auth import signed_in
from hmi.control.orders import answered, ask, unread
from hmi.control.room import room
from scada.bridge import Value
from scada.clock import clock_from
from scada.model.tag import TagName
from scada.model.trend import LONGEST, MOST_PIXELS, MOST_TAGS

trends = Blueprint("trends", __name__)

_USUAL_PIXELS = 500
_FIRST_YEAR, _LAST_YEAR = 1971, 9000


class BadQuestion(Exception):
    """A question that makes no sense: which part of it, and why."""


class Asked(Edge):
    """What trends, as text."""

    tags: Annotated[list[TagWord], Field(alias="tag", min_length=1, max_length=MOST_TAGS)]
    since: Note = ""
    until: Note = ""
    pixels: Annotated[int, Field(ge=1, le=MOST_PIXELS, strict=False)] = _USUAL_PIXELS


@trends.get("/api/v1/trends")
@described("trends")
def trend(query: Asked) -> ResponseReturnValue:
    """`tag` as often as there are tags; `since`, `until` in ISO 8601 (the site's zone, if none); `pixels`."""
    return in_turn(lambda: _answer(query))


def in_turn(answer: Callable[[], ResponseReturnValue]) -> ResponseReturnValue:
    """Answer a person who has not asked too much, and count him as busy until all of it is sent."""
    turns, who = room().turns, signed_in().name
    if wait_s := turns.take(who):
        refusal = jsonify(why=f"too many questions to the history: wait {wait_s} s, and ask one after the other")
        refusal.headers["Retry-After"] = str(wait_s)
        return refusal, 429
    try:
        made = make_response(answer())
    except BaseException:
        turns.give_back(who)
        raise
    made.call_on_close(lambda: turns.give_back(who))
    return made


def _answer(query: Asked) -> ResponseReturnValue:
    try:
        question = asked_of(query, room().config.site.zone_info)
    except BadQuestion as error:
        return jsonify(why=str(error)), 400
    reply = ask("trends", {"names": list(question.tags)})
    if not isinstance(reply, Value) or not isinstance(reply.value, dict):
        return answered(reply)
    try:
        found = room().archive.series(question)
    except NotRead as error:
        return unread(error)
    units = reply.value
    return jsonify(series=[{**one, "unit": units.get(one["tag"], "")} for one in found])


def asked_of(query: Asked, zone: tzinfo) -> Question:
    """Take the question. Raises BadQuestion."""
    names = tuple(dict.fromkeys(TagName(name) for name in query.tags))
    until = _time("until", query.until, zone) or clock_from().now()
    since = _time("since", query.since, zone) or until - timedelta(days=1)
    if not timedelta(0) < until - since <= LONGEST:
        raise BadQuestion(f"since, until: since comes first, and {LONGEST.days // 366} years are the longest range")
    return Question(names, since, until, query.pixels)


def _time(name: str, text: str, zone: tzinfo) -> datetime | None:
    if not text:
        return None
    time: datetime | None
    try:
        time = datetime.fromisoformat(text.replace(" ", "+"))
        time = time if time.tzinfo is not None else time.replace(tzinfo=zone)
    except ValueError:
        time = None
    if time is None or not _FIRST_YEAR <= time.year <= _LAST_YEAR:
        raise BadQuestion(f"{name}: a time like 2026-05-01T08:00 or 2026-05-01T00:00:00Z")
    return time
