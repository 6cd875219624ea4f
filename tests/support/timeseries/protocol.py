"""Line protocol as strictly as the servers take it, and the few InfluxQL queries that the product asks."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

Field = bool | int | float | str
Series = tuple[str, tuple[tuple[str, str], ...]]
"""Measurement and tags."""

_KEY = r"(?:[^,= \\\n]|\\[,= \\])+"
_FIELD = rf'{_KEY}=(?:"(?:[^"\\]|\\.)*"|[^", \n]+)'
_LINE = re.compile(rf"^((?:[^, \\\n]|\\[, ])+)((?:,{_KEY}={_KEY})*) ({_FIELD}(?:,{_FIELD})*) (-?\d+)$")
_TAG = re.compile(rf",({_KEY})=({_KEY})")
_ONE_FIELD = re.compile(rf'({_KEY})=("(?:[^"\\]|\\.)*"|[^", \n]+)')
_WHERE = re.compile(r'"(\w+)"=\'((?:[^\'\\]|\\.)*)\'')
_TIME = re.compile(r"time (>=|<) (-?\d+)ms")
_FROM = re.compile(r'^SELECT (.+) FROM "([^"]+)"(?: WHERE (.*?))?(?: (?:GROUP|ORDER|LIMIT) .*)?$')
_LIMIT = re.compile(r"LIMIT (\d+)")


class NoLine(Exception):
    """What was sent is no line."""


@dataclass(frozen=True, slots=True)
class Line:
    """One point as it was sent."""

    series: Series
    fields: tuple[tuple[str, Field], ...]
    at_ms: int


def parse(text: str) -> Line:
    """Read a line. Raises NoLine."""
    found = _LINE.match(text)
    if found is None:
        raise NoLine(f"unable to parse '{text}': invalid line")
    measurement, tags, fields, at = found.groups()
    pairs = tuple(sorted((_plain(key), _plain(value)) for key, value in _TAG.findall(tags)))
    values = tuple((_plain(key), _value(value, text)) for key, value in _ONE_FIELD.findall(fields))
    return Line((_plain(measurement), pairs), values, int(at))


def _plain(text: str) -> str:
    return re.sub(r"\\([,= \\])", r"\1", text)


def _value(text: str, line: str) -> Field:
    if text.startswith('"'):
        return re.sub(r"\\([\"\\])", r"\1", text[1:-1])
    if text in ("true", "false", "t", "f", "T", "F"):
        return text[0].lower() == "t"
    try:
        return int(text[:-1]) if text.endswith("i") else float(text)
    except ValueError:
        raise NoLine(f"unable to parse '{line}': invalid number") from None


class Stored:
    """The points of one database: a point that comes again takes the other's place."""

    def __init__(self) -> None:
        self.points: dict[Series, dict[int, dict[str, Field]]] = {}
        self._types: dict[tuple[str, str], type[Field]] = {}

    def __len__(self) -> int:
        return sum(len(points) for points in self.points.values())

    def conflict(self, line: Line) -> str:
        """Say which field is of another type than the first of its name; empty if none is."""
        for name, value in line.fields:
            known = self._types.get((line.series[0], name), type(value))
            if known is not type(value):
                return (
                    f'field type conflict: input field "{name}" on measurement "{line.series[0]}" is type'
                    f" {type(value).__name__}, already exists as type {known.__name__}"
                )
        return ""

    def store(self, line: Line) -> None:
        """Store a point."""
        for name, value in line.fields:
            self._types.setdefault((line.series[0], name), type(value))
        self.points.setdefault(line.series, {}).setdefault(line.at_ms, {}).update(line.fields)

    def forget(self, measurement: str) -> None:
        """Delete a measurement."""
        self.points = {of: points for of, points in self.points.items() if of[0] != measurement}

    def query(self, text: str) -> list[dict[str, Any]]:
        """Answer a query of the product's own kinds. Raises NoLine for any other."""
        found = _FROM.match(text)
        if found is None:
            raise NoLine(f"error parsing query: {text}")
        columns, measurement, where = found.groups()
        wanted = dict(_WHERE.findall(where or ""))
        series = {
            of: points
            for of, points in self.points.items()
            if of[0] == measurement and wanted.items() <= dict(of[1]).items()
        }
        if "GROUP BY time(1h)" in text:
            since, until = (int(ms) for _, ms in _TIME.findall(where or ""))
            hours = Counter(at // 3_600_000 for points in series.values() for at in points if since <= at < until)
            counted = [[hour * 3_600_000, number] for hour, number in sorted(hours.items())]
            return [{"name": measurement, "columns": ["time", "count"], "values": counted}] if counted else []
        if "GROUP BY" in text:
            return [
                {"name": measurement, "tags": dict(of[1]), "columns": ["time", "last"], "values": [[max(points), 0]]}
                for of, points in series.items()
            ]
        names = re.findall(r'"(\w+)"', columns)
        rows = [
            [at, *(fields.get(name) for name in names)]
            for points in series.values()
            for at, fields in points.items()
            if all(at >= int(ms) if sign == ">=" else at < int(ms) for sign, ms in _TIME.findall(where or ""))
        ]
        rows.sort(reverse="DESC" in text)
        limit = _LIMIT.search(text)
        rows = rows[: int(limit.group(1))] if limit else rows
        return [{"name": measurement, "columns": ["time", *names], "values": rows}] if rows else []
