"""What a time-series server's answer means, and how long to wait before the next try (`historian.md` §5)."""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum

DEAD_IN_A_ROW = 200
"""So many lines refused for good and none taken in between: it is not the lines that are wrong."""
FIRST_WAIT_S = 0.25
LONGEST_OUTAGE_WAIT_S = 5.0
LONGEST_BUSY_WAIT_S = 30.0
REFUSED_WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the HTTP status, None if nothing came; the server's words; its Retry-After."""

    status: int | None
    words: str = ""
    retry_after_s: float | None = None


class Fate(Enum):
    """What becomes of the lines that were sent."""

    STORED = "stored"
    HALVE = "halve"
    """Some line is bad, or there are too many: send halves."""
    REFUSED = "refused"
    """Token, right, bucket or address are wrong: keep everything until somebody has mended it."""
    BUSY = "busy"
    BROKEN = "broken"
    """The server failed on it; it may be busy, or these lines may be poison to it."""
    OUTAGE = "outage"


def fate(answer: Answer) -> Fate:
    """Say what becomes of the lines that got this answer."""
    match answer.status:
        case None:
            return Fate.OUTAGE
        case status if 200 <= status < 300:
            return Fate.STORED
        case 400 | 413 | 422:
            return Fate.HALVE
        case 408 | 425 | 429:
            return Fate.BUSY
        case 500:
            return Fate.BROKEN
        case status if status < 500:
            return Fate.REFUSED
        case _:
            return Fate.BUSY


def wait_s(answer: Answer, tries: int) -> float:
    """Give the wait before the next try, after so many failed ones (from 1); without jitter."""
    growing = FIRST_WAIT_S * 2.0 ** min(tries - 1, 10)
    match fate(answer):
        case Fate.OUTAGE:
            return min(growing, LONGEST_OUTAGE_WAIT_S)
        case Fate.REFUSED:
            return REFUSED_WAIT_S
        case _:
            longest = min(growing, LONGEST_BUSY_WAIT_S)
            return longest if answer.retry_after_s is None else min(answer.retry_after_s, 10 * LONGEST_BUSY_WAIT_S)


def retry_after_s(header: str, date: str) -> float | None:
    """Read a Retry-After: seconds, or a time by the server's clock, which stands in `Date`; None if neither."""
    if header.isdecimal():
        return float(header)
    try:
        return max(0.0, (parsedate_to_datetime(header) - parsedate_to_datetime(date)).total_seconds())
    except (ValueError, TypeError):
        return None
