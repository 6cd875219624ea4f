"""Alarms as people meet them: how many an hour at a seat, which most, which chatter, how soon somebody acts.

An alarm is a row of the journal; it is acted on by the first thing that a person does at its lane within
half an hour. A person's seat is taken in every hour in which he did anything.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, func, select

from scada.model.names import SiteId
from scada.store import schema

ACT_WITHIN: Final = timedelta(minutes=30)
CHATTER_WITHIN: Final = timedelta(minutes=1)
CHATTER: Final = 3
"""The same alarm of one lane so often within a minute chatters (ISA-18.2)."""
TOP: Final = 10


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm; `lane` is empty for what concerns none."""

    at: datetime
    code: str
    lane: str


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a person did."""

    at: datetime
    person: str
    lane: str


@dataclass(frozen=True, slots=True)
class Kind:
    """All alarms of one code: how many, in which lanes, how many of them in chatter, and how soon somebody acted."""

    code: str
    alarms: int
    lanes: tuple[str, ...]
    chattering: int
    acted: int
    act_median_s: float | None


@dataclass(frozen=True, slots=True)
class AlarmFigures:
    """All of some time."""

    alarms: int
    seat_hours: int
    per_seat_hour: float | None
    chattering: int
    acted: int
    act_median_s: float | None
    act_worst_s: float | None
    kinds: tuple[Kind, ...]


def reckon(alarms: Sequence[Alarm], acts: Sequence[Act], until: datetime) -> AlarmFigures:
    """Reckon the figures of the time before `until`; both are in the order of time, and acts go on for a while."""
    hours = {(act.person, act.at.replace(minute=0, second=0, microsecond=0)) for act in acts if act.at < until}
    seats = len(hours)
    chatter = chattering(alarms)
    waited = _waited(alarms, acts)
    known = [seconds for seconds in waited if seconds is not None]
    return AlarmFigures(
        alarms=len(alarms),
        seat_hours=seats,
        per_seat_hour=len(alarms) / seats if seats else None,
        chattering=sum(chatter),
        acted=len(known),
        act_median_s=median(known) if known else None,
        act_worst_s=max(known, default=None),
        kinds=_kinds(alarms, chatter, waited),
    )


def _kinds(alarms: Sequence[Alarm], chatter: Sequence[bool], waited: Sequence[float | None]) -> tuple[Kind, ...]:
    of: defaultdict[str, list[int]] = defaultdict(list)
    for place, alarm in enumerate(alarms):
        of[alarm.code].append(place)
    found = [_kind(code, places, alarms, chatter, waited) for code, places in of.items()]
    return tuple(sorted(found, key=lambda one: (-one.alarms, one.code)))


def _kind(
    code: str, places: Sequence[int], alarms: Sequence[Alarm], chatter: Sequence[bool], waited: Sequence[float | None]
) -> Kind:
    known = [seconds for place in places if (seconds := waited[place]) is not None]
    lanes = tuple(sorted({alarms[place].lane for place in places} - {""}))
    chattered = sum(chatter[place] for place in places)
    return Kind(code, len(places), lanes, chattered, len(known), median(known) if known else None)


def chattering(alarms: Sequence[Alarm]) -> list[bool]:
    """Say of each alarm whether it is one of three or more of its code and lane within a minute."""
    of: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for place, alarm in enumerate(alarms):
        of[alarm.code, alarm.lane].append(place)
    found = [False] * len(alarms)
    for places in of.values():
        for nth in range(len(places) - CHATTER + 1):
            together = places[nth : nth + CHATTER]
            if alarms[together[-1]].at - alarms[together[0]].at <= CHATTER_WITHIN:
                for place in together:
                    found[place] = True
    return found


def _waited(alarms: Sequence[Alarm], acts: Sequence[Act]) -> list[float | None]:
    """Give how long each alarm waited for somebody to act at its lane; None if nobody did."""
    of: defaultdict[str, list[datetime]] = defaultdict(list)
    for act in acts:
        of[act.lane].append(act.at)
    found: list[float | None] = []
    for alarm in alarms:
        times = of.get(alarm.lane, []) if alarm.lane else []
        place = bisect_left(times, alarm.at)
        near = place < len(times) and times[place] - alarm.at <= ACT_WITHIN
        found.append((times[place] - alarm.at).total_seconds() if near else None)
    return found


def read_alarms(connection: Connection, site: SiteId, since: datetime, until: datetime) -> list[Alarm]:
    """Read the alarms from `since` to before `until`."""
    table = schema.journal.c
    query = select(table.at, table.what, table.lane).where(_told(site, "alarm", since, until)).order_by(table.n)
    return [Alarm(at, code, lane or "") for at, code, lane in connection.execute(query)]


def read_acts(connection: Connection, site: SiteId, since: datetime, until: datetime) -> list[Act]:
    """Read what people did from `since` to before `until`, drivers left out."""
    table = schema.journal.c
    staff = table.actor.in_(select(schema.operator.c.name))
    query = select(table.at, table.actor, table.lane).where(_told(site, "person", since, until + ACT_WITHIN), staff)
    return [Act(at, person, lane or "") for at, person, lane in connection.execute(query.order_by(table.n))]


def _told(site: SiteId, kind: str, since: datetime, until: datetime) -> ColumnElement[bool]:
    table = schema.journal.c
    return and_(table.site == site, table.kind == kind, table.at >= since, table.at < until)


def standing(connection: Connection, site: SiteId) -> dict[str, int]:
    """Count what still stands now: faults of barriers, lanes out of AUTO, cases and calls that nobody has closed."""
    open_rows = {
        "faults": schema.lane_fault.c.ended_at,
        "periods": schema.mode_period.c.ended_at,
        "cases": schema.case.c.closed_at,
        "calls": schema.help_call.c.ended_at,
        "money_cases": schema.money_case.c.closed_at,
        "in_doubt": schema.uncertain.c.settled_at,
    }
    found: dict[str, int] = {}
    for name, ended in open_rows.items():
        table = ended.table
        found[name] = connection.execute(
            select(func.count()).select_from(table).where(table.c.site == site, ended.is_(None))
        ).scalar_one()
    return found
