"""`daozha history export`: all points of a range as CSV or Parquet, however many."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from scada import say
from scada.commands.history.asked import EPOCH, Asker, NotAsked, range_of, with_history
from scada.config import Config
from scada.model.tag import TagName
from scada.model.trend import Sample
from scada.store.historian.export import CsvSheet, ExportError, ParquetSheet, Sheet

PAGE = 50_000


def export(asked: argparse.Namespace) -> int:
    """Write the points; a whole file or none."""

    def work(config: Config, ask: Asker) -> int:
        since, until = range_of(asked, config.site.zone_info, _from_the_beginning)
        names = ask.tags(asked.patterns or [])
        written = 0
        with _sheet(asked) as sheet, say.progress("tags") as tell:
            for done, name in enumerate(names, 1):
                for samples in _pages(ask, name, since, until):
                    sheet.write(name, samples)
                    written += len(samples)
                tell(done, len(names))
        say.note(f"{say.counted(written, 'point')} of {say.counted(len(names), 'tag')}")
        return 0

    return with_history(asked, work)


def _pages(ask: Asker, name: TagName, since: datetime, until: datetime) -> Iterator[Sequence[Sample]]:
    """Give a tag's points, a page at a time: however long the range, memory stays small."""
    while page := ask(ask.history.query(name, since, until, PAGE)):
        yield page
        since = page[-1].at + timedelta(milliseconds=1)


def _from_the_beginning(_: datetime) -> datetime:
    return EPOCH


@contextmanager
def _sheet(asked: argparse.Namespace) -> Iterator[Sheet]:
    if asked.out is None:
        if asked.format == "parquet":
            raise NotAsked("parquet is nothing for a screen: write it to a file with --out FILE")
        yield CsvSheet(sys.stdout)
        return
    make = _parquet if asked.format == "parquet" else _csv
    with _whole(asked.out) as beside, make(beside) as sheet:
        yield sheet


@contextmanager
def _csv(path: Path) -> Iterator[Sheet]:
    with path.open("w", newline="", encoding="utf-8") as file:
        yield CsvSheet(file)


@contextmanager
def _parquet(path: Path) -> Iterator[Sheet]:
    try:
        with ParquetSheet(path) as sheet:
            yield sheet
    except ExportError as error:
        raise NotAsked(str(error)) from error


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Give a file beside the one that is wanted, which takes its place when all went well."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
