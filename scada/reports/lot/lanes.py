"""How far each lane could be relied on: in AUTO and whole, how often it failed and for how long, how its boom moves."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from sqlalchemy import Connection, func, or_, select

from scada.model.handshake import CommandCode
from scada.model.names import SiteId
from scada.reports.periods import FAULT
from scada.store import barriers, schema

FAILURES: Final = frozenset({"OUT_OF_REACH", "SERVER_LOST"})
"""Periods that nobody has asked for; those of a barrier's fault come besides."""
SHARE: Final = 10
"""The first and the last tenth of the openings say whether the boom has become slower."""
LEAST: Final = 20
"""From so few openings nothing can be said of that."""


@dataclass(frozen=True, slots=True)
class Away:
    """A time in which a lane was not in AUTO, or stood still; `until` None: it goes on."""

    lane: str
    what: str
    since: datetime
    until: datetime | None

    @property
    def is_failure(self) -> bool:
        """Nobody wanted it."""
        return self.what in FAILURES or self.what.startswith(FAULT)


@dataclass(frozen=True, slots=True)
class Cycle:
    """One opening, from limit to limit."""

    lane: str
    open_ms: int
    close_ms: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What is on record of the lanes in some time: each in the order of time."""

    away: Sequence[Away] = ()
    cycles: Sequence[Cycle] = ()
    rises: Mapping[str, int] = field(default_factory=dict)
    commands: Mapping[str, int] = field(default_factory=dict)
    no_starts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LaneFigures:
    """One lane. Shares are None where the time has no length, times where nothing failed or moved."""

    lane: str
    availability: float | None
    away_s: Mapping[str, float]
    failures: int
    mtbf_s: float | None
    mttr_s: float | None
    cycles: int
    commands: int
    no_starts: int
    no_start_rate: float | None
    open_median_ms: float | None
    close_median_ms: float | None
    drift_ms: float | None
    """By how much the last tenth of the openings takes longer than the first."""


def reckon(facts: Facts, lanes: Iterable[str], since: datetime, until: datetime) -> list[LaneFigures]:
    """Reckon each lane from `since` to `until`."""
    return [_lane(facts, lane, since, until) for lane in lanes]


def _lane(facts: Facts, lane: str, since: datetime, until: datetime) -> LaneFigures:
    away = [one for one in facts.away if one.lane == lane and one.since < until]
    spans = [(max(one.since, since), min(one.until or until, until)) for one in away]
    whole_s = max(0.0, (until - since).total_seconds())
    healthy_s = whole_s - union_s(spans)
    sums: Counter[str] = Counter()
    for one, (begin, end) in zip(away, spans, strict=True):
        sums[one.what] += max(0, round((end - begin).total_seconds()))  # whole seconds, as they are shown
    failed = [one for one in away if one.is_failure and since <= one.since]
    mended = [(one.until - one.since).total_seconds() for one in failed if one.until is not None]
    commands, no_starts = facts.commands.get(lane, 0), facts.no_starts.get(lane, 0)
    mine = [one for one in facts.cycles if one.lane == lane]
    opens, closes = [one.open_ms for one in mine], [one.close_ms for one in mine]
    return LaneFigures(
        lane=lane,
        availability=healthy_s / whole_s if whole_s else None,
        away_s=dict(sums),
        failures=len(failed),
        mtbf_s=healthy_s / len(failed) if failed else None,
        mttr_s=sum(mended) / len(mended) if mended else None,
        cycles=facts.rises.get(lane, 0),
        commands=commands,
        no_starts=no_starts,
        no_start_rate=no_starts / commands if commands else None,
        open_median_ms=median(opens) if opens else None,
        close_median_ms=median(closes) if closes else None,
        drift_ms=drift(opens),
    )


def union_s(spans: Iterable[tuple[datetime, datetime]]) -> float:
    """Give how long at least one of the spans was on: what overlaps counts once."""
    gone, upto = timedelta(), None
    for begin, end in sorted(spans):
        begin = begin if upto is None else max(begin, upto)
        if end > begin:
            gone += end - begin
        upto = end if upto is None else max(upto, end)
    return gone.total_seconds()


def drift(opens_ms: Sequence[int]) -> float | None:
    """Give by how much the last openings take longer than the first ones; None of too few."""
    if len(opens_ms) < LEAST:
        return None
    part = len(opens_ms) // SHARE
    return median(opens_ms[-part:]) - median(opens_ms[:part])


def read_facts(connection: Connection, site: SiteId, since: datetime, until: datetime) -> Facts:
    """Read what is on record from `since` to before `until`."""
    faults = [
        Away(one.lane, f"{FAULT}{one.fault}", one.began_at, one.ended_at)
        for one in barriers.within(connection, site, since, until)
    ]
    began = Counter(one.lane for one in faults if one.what == f"{FAULT}NO_START" and one.since >= since)
    return Facts(
        away=sorted([*_periods(connection, site, since, until), *faults], key=lambda one: one.since),
        cycles=_cycles(connection, site, since, until),
        rises=_rises(connection, site, since, until),
        commands=_commands(connection, site, since, until),
        no_starts=began,
    )


def _periods(connection: Connection, site: SiteId, since: datetime, until: datetime) -> list[Away]:
    table = schema.mode_period.c
    on = (table.began_at < until) & or_(table.ended_at.is_(None), table.ended_at > since)
    query = select(table.lane, table.mode, table.began_at, table.ended_at).where(table.site == site, on)
    return [Away(*row) for row in connection.execute(query)]


def _cycles(connection: Connection, site: SiteId, since: datetime, until: datetime) -> list[Cycle]:
    table = schema.gate_cycle.c
    mine = (table.site == site) & (table.at >= since) & (table.at < until)
    query = select(table.lane, table.open_ms, table.close_ms).where(mine).order_by(table.at, table.id)
    return [Cycle(*row) for row in connection.execute(query)]


def _rises(connection: Connection, site: SiteId, since: datetime, until: datetime) -> dict[str, int]:
    """Count rises as the openings report does: one that is on record twice is one."""
    table = schema.rise.c
    mine = (table.site == site) & (table.at >= since) & (table.at < until)
    found: defaultdict[str, int] = defaultdict(int)
    once = select(table.lane, table.count).where(mine).distinct().subquery()
    for lane, times in connection.execute(select(once.c.lane, func.count()).group_by(once.c.lane)):
        found[lane] = times
    return dict(found)


def _commands(connection: Connection, site: SiteId, since: datetime, until: datetime) -> dict[str, int]:
    table = schema.intent.c
    mine = (table.site == site) & (table.made_at >= since) & (table.made_at < until)
    opened = (table.code == int(CommandCode.OPEN)) & (table.state != "NOT_DONE")
    query = select(table.lane, func.count()).where(mine, opened).group_by(table.lane)
    return {row[0]: row[1] for row in connection.execute(query)}
