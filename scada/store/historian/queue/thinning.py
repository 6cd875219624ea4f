"""What of analog history is kept when room runs out: the turns of each curve, and every loss and return of quality."""

from collections.abc import Sequence

BUCKET_MS = 300_000
"""Of every five minutes a curve keeps its lowest and its highest point."""


def thinned(lines: Sequence[str]) -> list[str]:
    """Give the lines worth keeping, in their order. What has no value is a break in the curve, and stays."""
    lowest: dict[tuple[str, int], tuple[float, int]] = {}
    highest: dict[tuple[str, int], tuple[float, int]] = {}
    kept: set[int] = set()
    broken: dict[str, bool] = {}
    for index, line in enumerate(lines):
        series, value, bucket = _read(line)
        if value is None or broken.get(series):
            kept.add(index)
        broken[series] = value is None
        if value is not None:
            key = (series, bucket)
            lowest[key] = min(lowest.get(key, (value, index)), (value, index))
            highest[key] = max(highest.get(key, (value, index)), (value, index))
    kept.update(index for found in (lowest, highest) for _, index in found.values())
    return [line for index, line in enumerate(lines) if index in kept]


def _read(line: str) -> tuple[str, float | None, int]:
    """Give series, value and bucket of a line of ours; a line that is none of ours is kept like a break."""
    series, _, rest = line.partition(" ")
    fields, _, at = rest.rpartition(" ")
    _, found, value = fields.partition("value=")
    try:
        return series, float(value.partition(",")[0]) if found else None, int(at) // BUCKET_MS
    except ValueError:
        return series, None, 0
