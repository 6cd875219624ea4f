"""What people were worth in their lessons, one JSON object a line: it outlives the training's site."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from scada.model.training.judge import Course, Mark, Remark, Verdict
from scada.model.training.lessons import LESSONS

MOST_LINES = 20_000
"""Older lines are left in the file and not read."""


@dataclass(frozen=True, slots=True)
class Result:
    """One lesson of one person: `by` is who acted, if that was somebody else."""

    trainee: str
    lesson: str
    at: datetime
    course: Course
    mark: Mark
    by: str = ""


class RecordError(Exception):
    """The file of records cannot be used; the message names it and says what to do."""


class Records:
    """The results of everybody, the oldest first. Raises RecordError."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.results: list[Result] = []
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        except (OSError, UnicodeDecodeError) as error:
            raise RecordError(f"{file}: cannot be read: {error}; name another with --records") from error
        self.results = [result for line in lines[-MOST_LINES:] if (result := read(line)) is not None]

    def add(self, result: Result) -> None:
        """Keep one more. Raises RecordError."""
        self.results.append(result)
        try:
            with os.fdopen(os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
                file.write(json.dumps(written(result), ensure_ascii=False) + "\n")
        except OSError as error:
            raise RecordError(f"{self._file}: cannot be written: {error}; the result is kept until the end") from error


def written(result: Result) -> dict[str, object]:
    """Write a result as JSON."""
    marks = {"verdict": result.mark.verdict.value, "points": result.mark.points}
    remarks = [remark.value for remark in result.mark.remarks]
    names = {"trainee": result.trainee, "lesson": result.lesson, "at": result.at.isoformat(), "by": result.by}
    return {**names, **asdict(result.course), **marks, "remarks": remarks}


def read(line: str) -> Result | None:
    """Read a line; one that is none, or of a lesson that is no more, is nobody's result."""
    try:
        row = json.loads(line)
        return _result(row) if isinstance(row, dict) and row.get("lesson") in LESSONS else None
    except (ValueError, KeyError, TypeError):
        return None


def _result(row: Mapping[str, object]) -> Result:
    course = Course(_seconds(row["answered_s"]), _seconds(row["ended_s"]), tuple(map(str, _list(row["deeds"]))))
    remarks = tuple(Remark(one) for one in _list(row["remarks"]))
    mark = Mark(Verdict(row["verdict"]), int(str(row["points"])), remarks)
    at = datetime.fromisoformat(str(row["at"]))
    return Result(str(row["trainee"]), str(row["lesson"]), at, course, mark, str(row["by"]))


def _seconds(value: object) -> float | None:
    return None if value is None else float(str(value))


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("no list")
    return value
