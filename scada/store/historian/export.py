"""Points as files for other programs, a page at a time."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, Self, TextIO

from scada.model.tag import TagName
from scada.model.trend import Sample

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
