"""The recording of a passage as data: its signals, and all that was seen, decided, commanded and paid, by one clock.

The plant says whether the person may look, and whether plates are covered; the rest is read here, on a connection
that cannot write.
"""

from collections.abc import Mapping

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from hmi.control.api.described import described
from hmi.control.api.edge import Edge, Note
from hmi.control.orders import answered, ask
from hmi.control.room import room
from hmi.control.sites.away import kept_at_the_site
from scada.bridge import Value
from scada.clock import clock_from
from scada.config import Config
from scada.model.masks import masked
from scada.model.names import PassageId
from scada.model.timeline import joined, ms_after, of_box, tracks
from scada.store.blackbox import boxes_of
from scada.store.db import StoreError, connected, database_url
from scada.store.passagefile import Page
from scada.store.replaying import Recording, recording

replays = Blueprint("replays", __name__)

_ID_LIMIT = 64
_PLATES = frozenset({"plate", "note", "text"})
"""Facts that are a plate, or in which a person may have written one."""
_TOLD = frozenset(
    {"picture", "why", "what", "by", "second", "reason", "minutes", "confidence", "due_fen", "total_fen", "amount_fen"}
) | {"state", "from", "code", "seq", "number", "took_ms", "count", "cause", "outcome", "stay", "message", "reading"}


class Looked(Edge):
    """What the replay is looked at for; needed to see plates, by whose role need not."""

    purpose: Note = ""


@replays.get("/api/v1/passages/<passage>/replay")
@described("replay_passage")
def replay(passage: str, query: Looked) -> ResponseReturnValue:
    """Give one passage; whose role need not see plates, sees none unless `purpose` says why."""
    if room().away is not None:
        return kept_at_the_site()
    if len(passage) > _ID_LIMIT:
        return jsonify(why="no such passage"), 404
    reply = ask("replay_passage", {"passage": passage, **({"purpose": query.purpose} if query.purpose else {})})
    match reply:
        case Value({"covered": bool() as covered}):
            return _told(room().config, PassageId(passage), covered=covered)
        case _:
            return answered(reply)


def _told(config: Config, passage: PassageId, *, covered: bool) -> ResponseReturnValue:
    try:
        with connected(database_url(config)) as conn:
            found = recording(conn, config.site_id, passage, clock_from().now())
    except StoreError as error:
        return jsonify(why=f"the database does not answer: {error}"), 503
    if found is None:
        return jsonify(why="no lane has recorded such a passage"), 404
    return jsonify(as_told(config, found, covered=covered))


def as_told(config: Config, found: Recording, *, covered: bool) -> dict[str, object]:
    """Put a recording and the black boxes that were kept of its time on one time line."""
    began, since = found.began_at, found.since
    boxes = [of_box(found.lane, rows) for rows in boxes_of(config.blackbox, found.lane, since, found.until)]
    changes = joined(found.changes, boxes)
    lane = next((one for one in config.lanes if one.name == found.lane), None)
    return {
        "passage": found.passage,
        "lane": found.lane,
        "direction": lane.direction if lane is not None else "both",
        "began_at": began.isoformat(),
        "ended_at": found.ended_at.isoformat() if found.ended_at else None,
        "since_ms": ms_after(began, since),
        "until_ms": ms_after(began, found.until),
        "covered": covered,
        "boxes": len(boxes),
        "tracks": tracks(changes, began, since, found.until),
        "entries": [{"ms": ms_after(began, page.at), **_entry(page, covered=covered)} for page in found.pages],
    }


def _entry(page: Page, *, covered: bool) -> Mapping[str, object]:
    told = _TOLD if covered else _TOLD | _PLATES
    facts = {name: value for name, value in page.facts.items() if name in told}
    return {"kind": page.what, **(_covered(facts) if covered else facts)}


def _covered(facts: Mapping[str, object]) -> dict[str, object]:
    """Take plates out of what people and programs wrote, too."""
    return {name: masked(value) if isinstance(value, str) else value for name, value in facts.items()}
