"""Black boxes as files: JSON lines around a fault of a lane, read back by people's commands and by the replay."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

FORMAT = 1
BEFORE, AFTER = timedelta(minutes=1), timedelta(seconds=15)
"""A box reaches no further back before its fault, and ends no later after it."""
_NAME = re.compile(r"(\d{8}T\d{6}\.\d{6})Z-(.+)-[A-Za-z0-9_-]*\.jsonl")


class NoBlackBox(Exception):
    """The file is no black box, or not one that this version reads; the message says which and why."""


def rows_of(path: Path) -> list[dict[str, object]]:
    """Read a file's rows; the first is its head. Raises NoBlackBox."""
    try:
        rows = [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]
    except OSError as error:
        raise NoBlackBox(f"{path}: {error.strerror or error}") from error
    except ValueError as error:
        raise NoBlackBox(f"{path} is no black box: {error}") from error
    if not rows or not all(isinstance(row, dict) for row in rows) or rows[0].get("black_box") != FORMAT:
        raise NoBlackBox(f"{path} does not begin like a black box of format {FORMAT}")
    return rows


def boxes_of(folder: Path, lane: str, since: datetime, until: datetime) -> list[Sequence[Mapping[str, object]]]:
    """Read the boxes of a lane that may tell of the time between, oldest first; what cannot be read tells nothing."""
    found: list[Sequence[Mapping[str, object]]] = []
    for path in sorted(folder.glob("*.jsonl")):
        at = _fault_at(path.name, lane)
        if at is None or not since - AFTER <= at <= until + BEFORE:
            continue
        try:
            rows = rows_of(path)
        except NoBlackBox:
            continue
        if rows[0].get("lane") == lane:
            found.append(rows)
    return found


def _fault_at(name: str, lane: str) -> datetime | None:
    told = _NAME.fullmatch(name)
    if told is None or not name.startswith(f"{told[1]}Z-{lane}-"):
        return None
    return datetime.strptime(told[1], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
