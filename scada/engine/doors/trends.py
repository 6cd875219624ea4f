"""The control room's verbs about trends: what happened in a range, and the trends that a person keeps for himself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from scada.clock import Clock
from scada.engine.doors.asked import moment_of, text_of, texts_of
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.model.names import SiteId
from scada.model.trend import LONGEST, MOST_TAGS
from scada.store import trendviews
from scada.store.db import Database
from scada.store.journal import JournalRow, rows_between

KINDS: Final = ("alarm", "command", "decision", "mode", "person", "rise")
"""Rows of the journal that may be laid over a trend."""
MOST_EVENTS = 400
MOST_LANES = 50
MOST_PANES, LONGEST_NAME, LONGEST_TAG = 12, 60, 120


@dataclass(frozen=True, slots=True)
class TrendDesk:
    """Answers about trends; the desk checks the rights."""

    site: SiteId
    db: Database
    clock: Clock

    def verbs(self) -> Mapping[str, Handler]:
        """Give the verbs by name."""
        return {
            "trend_events": self._events,
            "trend_views": self._views,
            "keep_trend_view": self._keep,
            "drop_trend_view": self._drop,
        }

    async def _events(self, ask: Ask) -> object:
        """Give what happened in some lanes, and to the site, in a range: newest first. No plate is among it."""
        since, until = moment_of(ask, "since"), moment_of(ask, "until")
        kinds = [kind for kind in texts_of(ask, "kinds", len(KINDS)) if kind in KINDS]
        lanes = frozenset(texts_of(ask, "lanes", MOST_LANES))
        rows = await self.db.read(lambda conn: rows_between(conn, self.site, since, until, kinds, MOST_EVENTS))
        return {"events": [_told(row) for row in rows if _concerns(row, lanes)], "cut": len(rows) == MOST_EVENTS}

    async def _views(self, ask: Ask) -> object:
        """Give the asking person's own views."""
        return await self.db.read(lambda conn: trendviews.of(conn, self.site, ask.user))

    async def _keep(self, ask: Ask) -> object:
        """Keep a view under a name, in place of one that has it."""
        name, content, at = _name(ask), _content(ask.args.get("content")), self.clock.now()
        if not await self.db.write(lambda conn: trendviews.keep(conn, self.site, ask.user, name, content, at)):
            raise BridgeRefusal("refused", f"one keeps {trendviews.MOST} views at most")
        return {"accepted": True}

    async def _drop(self, ask: Ask) -> object:
        """Forget a view."""
        name = _name(ask)
        if not await self.db.write(lambda conn: trendviews.drop(conn, self.site, ask.user, name)):
            raise BridgeRefusal("gone", "there is no such view")
        return {"accepted": True}


def _concerns(row: JournalRow, lanes: frozenset[str]) -> bool:
    """Say whether a row is about one of the lanes; an alarm of the site itself concerns them all."""
    return row.lane in lanes or (row.lane is None and row.kind == "alarm")


def _told(row: JournalRow) -> dict[str, object]:
    text = row.body.get("text") if row.kind == "alarm" else ""
    told = {"n": row.n, "at": row.at.isoformat(), "kind": row.kind, "who": row.actor, "what": row.what}
    return {**told, "lane": row.lane or "", "text": text if isinstance(text, str) else ""}


def _name(ask: Ask) -> str:
    name = text_of(ask, "name").strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise BridgeRefusal("bad_args", f"name: from 1 to {LONGEST_NAME} signs")
    return name


def _content(told: object) -> Mapping[str, object]:
    """Take panes of tags and how long a range is. Raises BridgeRefusal."""
    match told:
        case {"panes": list() as panes, "span_s": int() | float() as span_s} if 0 < span_s <= LONGEST.total_seconds():
            tags = [_tags(pane) for pane in panes]
            if len(panes) <= MOST_PANES and sum(map(len, tags)) <= MOST_TAGS:
                return {"panes": tags, "span_s": span_s}
    raise BridgeRefusal("bad_args", f"content: at most {MOST_PANES} panes with {MOST_TAGS} tags, and a range")


def _tags(pane: object) -> Sequence[str]:
    if isinstance(pane, list) and all(isinstance(tag, str) and 1 <= len(tag) <= LONGEST_TAG for tag in pane):
        return pane
    raise BridgeRefusal("bad_args", "content: a pane is a list of tags")
