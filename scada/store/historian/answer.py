"""Series as other programs read them: the same words on the command line and over HTTP (`docs/history.md`)."""

from scada.model.trend import Sample, Series


def as_json(series: Series) -> dict[str, object]:
    """Give one tag's buckets by columns; times in UTC, spans in seconds, null where nothing is known."""
    told: dict[str, object] = {
        "tag": series.name,
        "curve": series.curve.value,
        "source": series.source.value,
        "since": series.since.isoformat(timespec="milliseconds"),
        "step_s": series.step.total_seconds(),
        "before": None if series.before is None else _sample(series.before),
        "points": series.points,
        "known_s": [known / 1000 for known in series.known_ms],
        "mean": series.mean,
        "low": series.low,
        "high": series.high,
        "first": series.first,
        "last": series.last,
        "quality": series.worst,
    }
    return told | ({"text": series.texts} if series.texts else {})


def _sample(sample: Sample) -> dict[str, object]:
    return {
        "at": sample.at.isoformat(timespec="milliseconds"),
        "value": sample.value,
        "text": sample.text,
        "quality": sample.status_code,
    }
