"""The report `occupancy`: how full each zone was, how long cars stayed, how often a space was used."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from scada.model.saying import Words, say
from scada.reports.documents.asked import Asked, Sections
from scada.reports.documents.document import (
    Chart,
    Figure,
    Kind,
    Section,
    Series,
    Shape,
    Table,
    count,
    figure,
    hours_of,
    moment,
    percent,
    table_of,
    text,
)
from scada.reports.lot.occupancy import BORDERS_MIN, Dwells, Hour, dwells, hours, mean_of, read_visits, turnover

_ZONES = (
    text("zone", say("Zone")),
    count("spaces", say("Spaces"), adds=False),
    count("before", say("Inside at the beginning"), adds=False),
    count("came", say("Came"), adds=False),
    count("went", say("Went"), adds=False),
    count("after", say("Inside at the end"), adds=False),
    count("peak", say("Most"), adds=False),
    moment("peak_at", say("Most, in the hour from")),
    percent("peak_share", say("Most, share of the spaces")),
    figure("mean", say("Mean")),
    figure("turnover", say("Cars a space and day")),
)
_HOURS = (
    moment("hour", say("Hour")),
    text("zone", say("Zone")),
    count("before", say("Inside at the beginning"), adds=False),
    count("came", say("Came")),
    count("went", say("Went")),
    count("after", say("Inside at the end"), adds=False),
    count("peak", say("Most"), adds=False),
    figure("mean", say("Mean")),
)


def occupancy(connection: Connection, asked: Asked) -> Sections:
    """Tell how full the zones were."""
    zones, config = asked.config.park, asked.config
    zone_of = {lane.id: config.zone_of(lane.id) for lane in config.lanes}
    until = max(asked.since, min(asked.until, asked.now))
    starts = [start for start in hours_of(asked.days) if start < until] or [asked.since]
    visits = read_visits(connection, asked.site, asked.since, until, zone_of, zones)
    filled = hours(visits, zones, starts, until)
    stayed = dwells(visits, asked.since, until)
    return (
        Section(say("By zone"), table=_by_zone(asked, filled, until), chart=_chart(asked, filled)),
        Section(
            say("How long cars stayed"), figures=_figures(stayed), chart=_histogram(stayed), table=_classes(stayed)
        ),
        Section(say("By hour"), table=table_of("hours", _HOURS, filled)),
    )


def _by_zone(asked: Asked, filled: Sequence[Hour], until: datetime) -> Table:
    rows = []
    for zone in asked.config.park.all:
        mine = [one for one in filled if one.zone == zone.name]
        most, came = max(mine, key=lambda one: one.peak), sum(one.came for one in mine)
        share = most.peak / zone.spaces if zone.spaces else None
        used = turnover(came, zone.spaces, until - asked.since) if until > asked.since else None
        inside = mine[0].before, came, sum(one.went for one in mine), mine[-1].after
        rows.append((zone.name, zone.spaces, *inside, most.peak, most.hour, share, mean_of(mine), used))
    return Table("zones", _ZONES, tuple(rows))


def _chart(asked: Asked, filled: Sequence[Hour]) -> Chart:
    of = {zone.name: [one for one in filled if one.zone == zone.name] for zone in asked.config.park.all}
    first = next(iter(of.values()))
    series = tuple(
        Series(Words("%(zone)s", {"zone": name}), tuple(one.peak for one in mine)) for name, mine in of.items()
    )
    return Chart(Shape.LINES, tuple(one.hour for one in first), series)


def _figures(stayed: Dwells) -> tuple[Figure, ...]:
    return (
        Figure("cars", say("Cars that left"), stayed.cars),
        Figure("free", say("Left within the free time"), stayed.free),
        Figure("free_share", say("Left within the free time, share"), _share(stayed), Kind.PERCENT),
        Figure("median_s", say("Stay, median"), stayed.median_s, Kind.DURATION),
        Figure("p90_s", say("Stay, nine of ten are shorter"), stayed.p90_s, Kind.DURATION),
    )


def _share(stayed: Dwells) -> float | None:
    return stayed.free / stayed.cars if stayed.cars else None


def _labels() -> tuple[Words, ...]:
    upto = tuple(say("up to %(minutes)s min", minutes=border) for border in BORDERS_MIN)
    return (*upto, say("over %(minutes)s min", minutes=BORDERS_MIN[-1]))


def _classes(stayed: Dwells) -> Table:
    columns = (text("stay", say("Stay")), count("cars", say("Cars")))
    return Table("dwell", columns, tuple(zip(_labels(), stayed.classes, strict=True)))


def _histogram(stayed: Dwells) -> Chart:
    return Chart(Shape.HISTOGRAM, _labels(), (Series(say("Cars"), stayed.classes),))
