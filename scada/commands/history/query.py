"""`daozha history tags` and `query`: which tags have history, and what they did."""

import argparse
import json
import sys
from datetime import timedelta, tzinfo

from scada import say
from scada.commands.history.asked import Asker, NotAsked, range_of, with_history
from scada.config import Config
from scada.model.tag import Quality
from scada.model.trend import NO_DATA, Bucket, Series
from scada.store.historian.answer import as_json

MOST_TAGS, MOST_PIXELS = 100, 10_000
_QUALITIES = {quality.status_code: quality.name.lower() for quality in Quality} | {NO_DATA: "no data"}


def tags(asked: argparse.Namespace) -> int:
    """List the tags that have history."""

    def work(_: Config, ask: Asker) -> int:
        names = ask.tags(asked.patterns)
        if asked.json:
            sys.stdout.write(json.dumps({"tags": names}) + "\n")
        else:
            for name in names:
                say.tell(name)
        return 0

    return with_history(asked, work)


def query(asked: argparse.Namespace) -> int:
    """Show a trend: one line for each part of the range, with mean, lowest, highest and last value."""

    def work(config: Config, ask: Asker) -> int:
        if not 1 <= asked.pixels <= MOST_PIXELS:
            raise NotAsked(f"--pixels: from 1 to {MOST_PIXELS:,}")
        zone = config.site.zone_info
        since, until = range_of(asked, zone, lambda end: end - timedelta(days=1))
        names = ask.tags(asked.patterns)
        if len(names) > MOST_TAGS:
            raise NotAsked(f"{len(names)} tags; {MOST_TAGS} at most: write narrower patterns")
        found = ask(ask.history.trend(names, since, until, asked.pixels))
        if asked.json:
            sys.stdout.write(json.dumps({"series": [as_json(one) for one in found]}, ensure_ascii=False) + "\n")
        else:
            for one in found:
                _show(one, zone)
        return 0

    return with_history(asked, work)


def _show(series: Series, zone: tzinfo) -> None:
    title = f"{series.name}, {series.curve.value}, every {series.step}, made of {series.source.value}"
    heads = ("from", "mean", "lowest", "highest", "last", "points", "known", "quality")
    say.show_table(title, heads, [_line(bucket, series.step, zone) for bucket in series.buckets])


def _line(bucket: Bucket, step: timedelta, zone: tzinfo) -> tuple[str, ...]:
    at = f"{bucket.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    numbers = tuple("" if value is None else f"{value:.6g}" for value in (bucket.mean, bucket.low, bucket.high))
    last = bucket.text or ("" if bucket.last is None else f"{bucket.last:.6g}")
    quality = _QUALITIES.get(bucket.worst, f"{bucket.worst:#010x}")
    return (at, *numbers, last, f"{bucket.points}", f"{bucket.known / step:.0%}", quality)
