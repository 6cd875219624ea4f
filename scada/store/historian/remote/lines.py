"""Points as InfluxDB lines: three measurements, tags site, lane and point, fields value, quality and text."""

import re
from collections.abc import Mapping, Sequence

from scada.model.camera.figures import GROUP as CAMERAS
from scada.model.display import GROUP as DISPLAYS
from scada.model.figures import GROUP as DEVICES
from scada.model.names import SiteId
from scada.model.tag import TagName, lane_of, point_of
from scada.store.historian.points import Point

PLAIN, STATES, HEALTH = MEASUREMENTS = ("scada", "lane_state", "device_health")
"""Signals and figures; what lanes are doing; how devices, cameras and displays do. Never one of its own for a tag."""
ROLLUP = "rollup_1h"
"""What each tag did in each hour."""
TRIAL = "daozha_check"
"""What is tried on a server: a lane of that name, in a measurement of that name."""
_STATES = frozenset({"lane.state", "lane.ways", "mode.now"})
_HEALTH = frozenset({DEVICES, CAMERAS, DISPLAYS})
_TAG = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ ", "\\": "/", "\n": " ", "\r": " "})
_OURS = re.compile(r"(\w+),lane=((?:[^ ,\\]|\\.)+),point=((?:[^ ,\\]|\\.)+),site=")
_TEXT = str.maketrans({'"': r"\"", "\\": r"\\", "\n": " ", "\r": " "})


def place(name: TagName) -> tuple[str, str]:
    """Give the lane and the point of a tag; neither is ever empty, since an empty tag is another series."""
    return lane_of(name) or "-", point_of(name) or "-"


def measurement(name: TagName) -> str:
    """Give the measurement that a tag belongs to, the same for ever."""
    if lane_of(name) in _HEALTH:
        return HEALTH
    if lane_of(name) == TRIAL:
        return TRIAL
    return STATES if point_of(name) in _STATES else PLAIN


def line(site: SiteId, point: Point) -> str:
    """Write one point as a line with ms; the same point is always the same line."""
    fields = [f"quality={point.status_code}i"]
    if point.value is not None:
        fields.append(f"value={point.value!r}")
    if point.text is not None:
        fields.append(f'text="{point.text.translate(_TEXT)}"')
    return f"{measurement(point.name)},{_tags(site, point.name)} {','.join(fields)} {point.at_ms}"


def hour_line(site: SiteId, name: TagName, hour: Mapping[str, int | float | str | None], at_ms: int) -> str:
    """Write what a tag did in an hour as a line; whole numbers stay whole, what there is none of is left out."""
    fields = ",".join(f"{field}={_field(value)}" for field, value in hour.items() if value is not None)
    return f"{hours_measurement(name)},{_tags(site, name)} {fields} {at_ms}"


def hours_measurement(name: TagName) -> str:
    """Give the measurement of a tag's hours."""
    return TRIAL if lane_of(name) == TRIAL else ROLLUP


def series_of(line: str) -> tuple[str, TagName] | None:
    """Give the measurement and the tag of a line of ours; None if it is none."""
    found = _OURS.match(line)
    return None if found is None else (found[1], place_of(_plain(found[2]), _plain(found[3])))


def point_of_line(line: str) -> tuple[TagName, int] | None:
    """Give the tag and the time of a point's line; None if it is no point of a tag."""
    of, at = series_of(line), line.rpartition(" ")[2]
    return (of[1], int(at)) if of is not None and of[0] in MEASUREMENTS and at.isdecimal() else None


def place_of(lane: str, point: str) -> TagName:
    """Give the tag of a series."""
    return TagName(lane if point == "-" else f"{lane}.{point}")


def select_hours(site: SiteId, name: TagName, fields: Sequence[str], since_ms: int, until_ms: int) -> str:
    """Write the InfluxQL query for one tag's hours."""
    return f"{_hours(site, name, fields)} AND time >= {since_ms}ms AND time < {until_ms}ms ORDER BY time LIMIT 1000000"


def last_hour_before(site: SiteId, name: TagName, fields: Sequence[str], at_ms: int) -> str:
    """Write the InfluxQL query for a tag's last hour before a time."""
    return f"{_hours(site, name, fields)} AND time < {at_ms}ms ORDER BY time DESC LIMIT 1"


def count_by_hour(site: SiteId, name: TagName, since_ms: int, until_ms: int) -> str:
    """Write the InfluxQL query for how many points a tag has in each hour."""
    where = f"{_where(site, name)} AND time >= {since_ms}ms AND time < {until_ms}ms"
    return f'SELECT count("quality") FROM "{measurement(name)}" WHERE {where} GROUP BY time(1h) fill(none)'  # noqa: S608


def select(site: SiteId, name: TagName, since_ms: int, until_ms: int, limit: int) -> str:
    """Write the InfluxQL query for one tag's points."""
    return f"{_points(site, name)} AND time >= {since_ms}ms AND time < {until_ms}ms ORDER BY time LIMIT {limit}"


def last_before(site: SiteId, name: TagName, at_ms: int) -> str:
    """Write the InfluxQL query for a tag's last point before a time."""
    return f"{_points(site, name)} AND time < {at_ms}ms ORDER BY time DESC LIMIT 1"


def series(site: SiteId, of: str) -> str:
    """Write the InfluxQL query for the site's series in one measurement; each comes with its tags."""
    where = f'"site"={_quoted(site)}'
    return f'SELECT last("quality") FROM "{of}" WHERE {where} GROUP BY "lane", "point"'  # noqa: S608


def _points(site: SiteId, name: TagName) -> str:
    return f'SELECT "value", "text", "quality" FROM "{measurement(name)}" WHERE {_where(site, name)}'  # noqa: S608


def _hours(site: SiteId, name: TagName, fields: Sequence[str]) -> str:
    wanted = ", ".join(f'"{field}"' for field in fields)
    return f'SELECT {wanted} FROM "{hours_measurement(name)}" WHERE {_where(site, name)}'  # noqa: S608


def _where(site: SiteId, name: TagName) -> str:
    lane, path = place(name)
    return " AND ".join(f'"{key}"={_quoted(value)}' for key, value in (("site", site), ("lane", lane), ("point", path)))


def _tags(site: SiteId, name: TagName) -> str:
    lane, path = place(name)
    return f"lane={lane.translate(_TAG)},point={path.translate(_TAG)},site={site.translate(_TAG)}"


def _field(value: int | float | str) -> str:
    match value:
        case int():
            return f"{value}i"
        case float():
            return repr(value)
        case _:
            return f'"{value.translate(_TEXT)}"'


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "/").replace("'", r"\'").replace("\n", " ").replace("\r", " ")
    return f"'{escaped}'"
