"""The replay of a passage as other programs read it: its signals, and all that was seen, decided, commanded and paid.

One clock for all of it: milliseconds after the passage began.
"""

from collections.abc import Mapping

from scada.clock import Clock
from scada.config import Config
from scada.model.masks import masked
from scada.model.names import PassageId
from scada.model.timeline import joined, ms_after, of_box, tracks
from scada.store.blackbox import boxes_of
from scada.store.db import connected, database_url
from scada.store.passagefile import Page
from scada.store.replaying import Recording, recording

_PLATES = frozenset({"plate", "note", "text"})
"""Facts that are a plate, or in which a person may have written one."""
_TOLD = frozenset(
    {"picture", "why", "what", "by", "second", "reason", "minutes", "confidence", "due_fen", "total_fen", "amount_fen"}
) | {"state", "from", "code", "seq", "number", "took_ms", "count", "cause", "outcome", "stay", "message", "reading"}


def replayed(config: Config, passage: PassageId, clock: Clock, *, covered: bool) -> dict[str, object] | None:
    """Read a passage on a connection that cannot write; None if no lane has recorded it. Raises StoreError."""
    with connected(database_url(config)) as conn:
        found = recording(conn, config.site_id, passage, clock.now())
    return None if found is None else as_told(config, found, covered=covered)


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
