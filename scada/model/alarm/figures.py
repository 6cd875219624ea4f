"""The figures by which ISA-18.2 judges alarms: rates, floods, chattering, fleeting, stale and bad actors."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from scada.model.alarm.flood import BEGINS, ENDS_BELOW

TEN_MIN: Final = timedelta(minutes=10)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
CHATTER_IN: Final = timedelta(minutes=1)
CHATTER: Final = 3
FLEETING: Final = timedelta(seconds=10)
"""Shorter than that, and not come again within a minute: it has cleared itself before anybody could act."""
STALE: Final = DAY
TOP: Final = 10
_RAISED, _RETURNED = "raised", "returned"


@dataclass(frozen=True, slots=True)
class Mark:
    """One change of an alarm, as far as figures need it."""

    at: datetime
    alarm: str
    code: str
    priority: int
    what: str
    announced: bool


@dataclass(frozen=True, slots=True)
class Actor:
    """An alarm that comes often, and its share of all."""

    alarm: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a time. Shares are between 0 and 1; the targets stand in `hmi.md` §3."""

    announced: int
    a_day: float
    an_hour: float
    in_ten_min: float
    most_in_ten_min: int
    hours_above_30: float
    ten_min_above_10: float
    flood_share: float
    floods: int
    top_share: float
    top: tuple[Actor, ...]
    chattering: tuple[Actor, ...]
    fleeting: tuple[Actor, ...]
    stale: tuple[str, ...]
    by_priority: tuple[int, int, int, int]


def figures(marks: Sequence[Mark], active: Mapping[str, datetime], since: datetime, until: datetime) -> Figures:
    """Reckon them of the changes from `since` to `until`, in the order of time; `active` are those that stand now."""
    calls = [mark for mark in marks if mark.announced]
    times = [mark.at for mark in calls]
    span = max(until - since, TEN_MIN)
    floods = _floods(times, until)
    count = Counter(mark.alarm for mark in calls)
    top = _actors(count)
    priorities = Counter(mark.priority for mark in calls)
    return Figures(
        announced=len(calls),
        a_day=len(calls) / (span / DAY),
        an_hour=len(calls) / (span / HOUR),
        in_ten_min=len(calls) / (span / TEN_MIN),
        most_in_ten_min=_most_within(times, TEN_MIN),
        hours_above_30=_share_above(times, since, until, HOUR, 30),
        ten_min_above_10=_share_above(times, since, until, TEN_MIN, 10),
        flood_share=sum(((end - begin) for begin, end in floods), timedelta()) / span,
        floods=len(floods),
        top_share=sum(one.count for one in top) / len(calls) if calls else 0.0,
        top=top,
        chattering=_actors(_chattering(marks)),
        fleeting=_actors(_fleeting(marks)),
        stale=tuple(sorted(name for name, at in active.items() if until - at > STALE)),
        by_priority=(priorities[1], priorities[2], priorities[3], priorities[4]),
    )


def _actors(count: Mapping[str, int]) -> tuple[Actor, ...]:
    total = sum(count.values())
    ordered = sorted(count.items(), key=lambda one: (-one[1], one[0]))[:TOP]
    return tuple(Actor(name, times, times / total) for name, times in ordered)


def _most_within(times: Sequence[datetime], within: timedelta) -> int:
    most = first = 0
    for place, at in enumerate(times):
        while at - times[first] >= within:
            first += 1
        most = max(most, place - first + 1)
    return most


def _share_above(times: Sequence[datetime], since: datetime, until: datetime, length: timedelta, limit: int) -> float:
    """Give the share of the slices of a time in which more came than the limit."""
    slices = max(1, -(-(until - since) // length))
    count = Counter((at - since) // length for at in times)
    return sum(number > limit for number in count.values()) / slices


def _floods(times: Sequence[datetime], until: datetime) -> list[tuple[datetime, datetime]]:
    """Give from when to when there was a flood: from 10 within 10 minutes until there are fewer than 5."""
    found: list[tuple[datetime, datetime]] = []
    window: list[datetime] = []
    began: datetime | None = None
    for at in times:
        if began is not None and (end := _ends(window, at)) is not None:
            found.append((began, end))
            began = None
        window = [one for one in window if at - one < TEN_MIN] + [at]
        if began is None and len(window) >= BEGINS:
            began = at
    if began is not None:
        found.append((began, _ends(window, until) or until))
    return found


def _ends(window: Sequence[datetime], by: datetime) -> datetime | None:
    """Say when, until `by`, the tenth minute of so many had passed that fewer than 5 are left."""
    if len(window) < ENDS_BELOW:
        return window[-1]
    end = window[-ENDS_BELOW] + TEN_MIN
    return end if end <= by else None


def _chattering(marks: Sequence[Mark]) -> Counter[str]:
    """Count the alarms that came three times within a minute, and returned in between."""
    last: defaultdict[str, list[datetime]] = defaultdict(list)
    found: Counter[str] = Counter()
    for mark in marks:
        if mark.what == _RAISED:
            recent = [at for at in last[mark.alarm] if mark.at - at <= CHATTER_IN] + [mark.at]
            last[mark.alarm] = recent
            found[mark.alarm] += len(recent) >= CHATTER
    return +found


def _fleeting(marks: Sequence[Mark]) -> Counter[str]:
    """Count the alarms that were over within seconds and did not come again at once."""
    began: dict[str, datetime] = {}
    short: dict[str, datetime] = {}
    found: Counter[str] = Counter()
    for mark in marks:
        if mark.what == _RAISED:
            if mark.alarm in short and mark.at - short.pop(mark.alarm) <= CHATTER_IN:
                found[mark.alarm] -= 1
            began[mark.alarm] = mark.at
        elif mark.what == _RETURNED and mark.alarm in began and mark.at - began.pop(mark.alarm) <= FLEETING:
            short[mark.alarm] = mark.at
            found[mark.alarm] += 1
    return +found
