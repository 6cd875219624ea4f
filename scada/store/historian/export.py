"""Points as files for other programs, a page at a time."""

import asyncio
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, Self, TextIO

from scada.model.tag import TagName
from scada.model.trend import Sample
from scada.ports import HistoryReader

MOST_POINTS = 1_000_000
"""Points of one file for a page; longer ranges are `daozha history export`'s."""
_PAGE = 20_000
HEADS = ("tag", "time", "value", "text", "quality")


class ExportError(Exception):
    """A file cannot be written in this form: why, and what to do."""


class Sheet(Protocol):
    """What takes a page of points."""

    def write(self, name: TagName, samples: Sequence[Sample]) -> None:
        """Write one tag's points."""


class CsvSheet:
    """Points as CSV; times in UTC, whole ms; a value comes back from its text bit by bit."""

    def __init__(self, file: TextIO) -> None:
        self._writer = csv.writer(file)
        self._writer.writerow(HEADS)

    def write(self, name: TagName, samples: Sequence[Sample]) -> None:
        """Write one tag's points."""
        self._writer.writerows(
            (
                name,
                one.at.isoformat(timespec="milliseconds"),
                "" if one.value is None else repr(one.value),
                one.text or "",
                one.status_code,
            )
            for one in samples
        )


class ParquetSheet:
    """Points as Parquet, a row group a page; used with `with`. Raises ExportError without the library."""

    def __init__(self, path: Path) -> None:
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError as error:
            raise ExportError("Parquet needs one more library: pip install pyarrow") from error
        self._arrow: Any = pyarrow
        self._schema = pyarrow.schema(
            [
                ("tag", pyarrow.dictionary(pyarrow.int32(), pyarrow.string())),
                ("time", pyarrow.timestamp("ms", tz="UTC")),
                ("value", pyarrow.float64()),
                ("text", pyarrow.string()),
                ("quality", pyarrow.uint32()),
            ]
        )
        self._writer: Any = pyarrow.parquet.ParquetWriter(path, self._schema, compression="zstd")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._writer.close()

    def write(self, name: TagName, samples: Sequence[Sample]) -> None:
        """Write one tag's points as a row group."""
        columns = {
            "tag": [name] * len(samples),
            "time": [one.at for one in samples],
            "value": [one.value for one in samples],
            "text": [one.text for one in samples],
            "quality": [one.status_code for one in samples],
        }
        self._writer.write_table(self._arrow.table(columns, schema=self._schema))


def csv_pieces(history: HistoryReader, tags: Sequence[TagName], since: datetime, until: datetime) -> Iterator[str]:
    """Give the points of some tags as a file for a spreadsheet; its last line says if it was cut. Raises StoreError."""
    out, left = io.StringIO(), MOST_POINTS
    out.write("\ufeff")
    sheet = CsvSheet(out)
    for tag in tags:
        for samples in _pages(history, tag, since, until):
            sheet.write(tag, [_harmless(sample) for sample in samples[:left]])
            left -= len(samples)
            yield _taken(out)
            if left <= 0:
                yield f"# cut after {MOST_POINTS} points: ask for a shorter range\r\n"
                return
    yield _taken(out)


def _pages(history: HistoryReader, tag: TagName, since: datetime, until: datetime) -> Iterator[Sequence[Sample]]:
    while page := asyncio.run(_page_of(history, tag, since, until)):
        yield page
        since = page[-1].at + timedelta(milliseconds=1)


async def _page_of(history: HistoryReader, tag: TagName, since: datetime, until: datetime) -> Sequence[Sample]:
    return await history.query(tag, since, until, _PAGE)


def _harmless(sample: Sample) -> Sample:
    """Let no spreadsheet take a text for a formula."""
    is_formula = sample.text is not None and sample.text.startswith(("=", "+", "-", "@"))
    return replace(sample, text=f"'{sample.text}") if is_formula else sample


def _taken(out: io.StringIO) -> str:
    content = out.getvalue()
    out.seek(0)
    out.truncate()
    return content
