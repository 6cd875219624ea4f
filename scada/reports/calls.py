"""Calls for help: how long drivers waited, who answered, and how it ended (`operations.md` §3, no. 9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from scada.model.names import SiteId
from scada.store.helpcalls import HelpCall, between

TARGET_S: Final = 10.0
"""Within which a call is to be answered (`operations.md` §2)."""


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call. Seconds are None for what has not happened."""

    at: datetime
    lane: str
    by: str
    presses: int
    answered_by: str
    answered_after_s: float | None
    handled_s: float | None
    outcome: str


@dataclass(frozen=True, slots=True)
class CallSums:
    """All calls of a span: how many, how many of them nobody answered, and times to answer and to handle in seconds."""

    calls: int
    unanswered: int
    in_time: int
    answer_median_s: float | None
    answer_worst_s: float | None
    handle_median_s: float | None


def read_calls(conn: Connection, site: SiteId, since: datetime, until: datetime) -> list[CallRow]:
    """Read the calls that began within a span, oldest first."""
    return [_row(call) for call in between(conn, site, since, until)]


def sums(rows: Sequence[CallRow]) -> CallSums:
    """Add calls up."""
    answered = sorted(row.answered_after_s for row in rows if row.answered_after_s is not None)
    handled = sorted(row.handled_s for row in rows if row.handled_s is not None)
    return CallSums(
        calls=len(rows),
        unanswered=sum(row.answered_after_s is None and row.outcome != "" for row in rows),
        in_time=sum(after <= TARGET_S for after in answered),
        answer_median_s=_median(answered),
        answer_worst_s=answered[-1] if answered else None,
        handle_median_s=_median(handled),
    )


def _median(sorted_s: Sequence[float]) -> float | None:
    return sorted_s[len(sorted_s) // 2] if sorted_s else None


def _row(call: HelpCall) -> CallRow:
    return CallRow(
        at=call.called_at,
        lane=call.lane,
        by=call.by,
        presses=call.presses,
        answered_by=call.answered_by,
        answered_after_s=_between(call.called_at, call.answered_at),
        handled_s=_between(call.answered_at, call.ended_at),
        outcome=call.outcome,
    )


def _between(first: datetime | None, second: datetime | None) -> float | None:
    return round((second - first).total_seconds(), 1) if first and second else None
