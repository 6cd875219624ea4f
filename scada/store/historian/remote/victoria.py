"""The manners of VictoriaMetrics: numbers only, and read back by its export."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from scada.model.names import SiteId
from scada.model.tag import TagName
from scada.store.historian.remote.lines import MEASUREMENTS, measurement, place, place_of

Row = tuple[int, float | None, str | None, int]

EXPORT = "/api/v1/export"
SERIES = "/api/v1/series"
FOREVER_MS = 365 * 24 * 3_600_000
"""How far back the last point before a time is looked for."""
_TEXT = re.compile(r',text="(?:[^"\\]|\\.)*"(?= \d+$)')


def without_text(line: str) -> str:
    """Leave the text out of a line: it would be stored as the number 0."""
    return _TEXT.sub("", line)


def matching(site: SiteId, name: TagName | None) -> str:
    """Select the series of a tag, or one of every tag of a site."""
    if name is None:
        return f'{{__name__=~"({"|".join(MEASUREMENTS)})_quality",site={json.dumps(site)}}}'
    lane, point = place(name)
    tags = f"site={json.dumps(site)},lane={json.dumps(lane)},point={json.dumps(point)}"
    return f'{{__name__=~"{measurement(name)}_(quality|value)",{tags}}}'


def rows(lines: Iterable[str]) -> list[Row]:
    """Put value and quality of an export together, oldest first. What it has twice is one point."""
    values: dict[int, float] = {}
    codes: dict[int, int] = {}
    for line in lines:
        found = json.loads(line)
        into: dict[int, float] | dict[int, int]
        into = values if str(found["metric"]["__name__"]).endswith("_value") else codes
        for at, number in zip(found["timestamps"], found["values"], strict=True):
            into[int(at)] = number
    return [(at, _number(values.get(at)), None, int(codes.get(at, 0))) for at in sorted({*values, *codes})]


def times(lines: Iterable[str]) -> int:
    """Count the points of an export's qualities, each as often as it is stored."""
    found = [json.loads(line) for line in lines]
    return sum(len(one["timestamps"]) for one in found if str(one["metric"]["__name__"]).endswith("_quality"))


def names(found: Sequence[Mapping[str, str]]) -> list[TagName]:
    """Give the tags of series."""
    return [place_of(one["lane"], one["point"]) for one in found]


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)
