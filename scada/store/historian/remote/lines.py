"""Points as InfluxDB lines: three measurements, tags site, lane and point, fields value, quality and text."""

from scada.model.camera.figures import GROUP as CAMERAS
from scada.model.display import GROUP as DISPLAYS
from scada.model.figures import GROUP as DEVICES
from scada.model.names import SiteId
from scada.model.tag import TagName, lane_of, point_of
from scada.store.historian.points import Point

PLAIN, STATES, HEALTH = MEASUREMENTS = ("scada", "lane_state", "device_health")
"""Signals and figures; what lanes are doing; how devices, cameras and displays do. Never one of its own for a tag."""
TRIAL = "daozha_check"
"""What is tried on a server: a lane of that name, in a measurement of that name."""
_STATES = frozenset({"lane.state", "lane.ways", "mode.now"})
_HEALTH = frozenset({DEVICES, CAMERAS, DISPLAYS})
_TAG = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ ", "\\": "/", "\n": " ", "\r": " "})
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
    lane, path = place(point.name)
    fields = [f"quality={point.status_code}i"]
    if point.value is not None:
        fields.append(f"value={point.value!r}")
    if point.text is not None:
        fields.append(f'text="{point.text.translate(_TEXT)}"')
    tags = f"lane={lane.translate(_TAG)},point={path.translate(_TAG)},site={site.translate(_TAG)}"
    return f"{measurement(point.name)},{tags} {','.join(fields)} {point.at_ms}"


def place_of(lane: str, point: str) -> TagName:
    """Give the tag of a series."""
    return TagName(lane if point == "-" else f"{lane}.{point}")


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
    lane, path = place(name)
    where = " AND ".join(
        f'"{key}"={_quoted(value)}' for key, value in (("site", site), ("lane", lane), ("point", path))
    )
    return f'SELECT "value", "text", "quality" FROM "{measurement(name)}" WHERE {where}'  # noqa: S608


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "/").replace("'", r"\'").replace("\n", " ").replace("\r", " ")
    return f"'{escaped}'"
