"""A black box's file: JSON lines that a person can read with `daozha tags trace`, and any program too."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scada.engine.trace.ring import Entry, Read
from scada.model.names import LaneName
from scada.model.tag import TagName, TagValue
from scada.store.blackbox import FORMAT, rows_of

MOST_FILES = 200
"""Files of all lanes that are kept beside those that somebody holds; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Story:
    """What a lane's wires said around a fault; `image` is how things stood before the first entry."""

    lane: LaneName
    fault: str
    at: datetime
    at_s: float
    image: Mapping[TagName, TagValue]
    entries: tuple[Entry, ...]


def keep(folder: Path, story: Story) -> Path:
    """Write a story as one whole file, readable by its owner only; drop the oldest. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    word = re.sub(r"[^A-Za-z0-9_-]+", "-", story.fault)[:40]
    path = folder / f"{story.at:%Y%m%dT%H%M%S.%f}Z-{story.lane}-{word}.jsonl"
    fresh = path.with_suffix(".part")
    fresh.touch(mode=0o600)
    fresh.write_text("".join(f"{line}\n" for line in lines(story)), encoding="utf-8")
    fresh.rename(path)
    loose = [file for file in sorted(folder.glob("*.jsonl")) if not held_by(file).exists()]
    for old in loose[:-MOST_FILES]:
        old.unlink(missing_ok=True)
    return path


def held_by(file: Path) -> Path:
    """Say where stands who holds a file: what is held is dropped by nobody."""
    return file.with_suffix(".held")


def lines(story: Story) -> Iterator[str]:
    """Write a story: what it is, the image before it, then everything in order; `s` is seconds from the fault."""
    head = {"black_box": FORMAT, "lane": story.lane, "fault": story.fault, "at": story.at.isoformat()}
    yield _json(head)
    yield _json({"image": {name: _value(value) for name, value in sorted(story.image.items())}})
    for entry in story.entries:
        yield _json({"s": round(entry.at_s - story.at_s, 3), "at": entry.at.isoformat(), **_thing(entry)})


def _thing(entry: Entry) -> dict[str, object]:
    if isinstance(entry.thing, Read):
        return {"read": {name: _value(value) for name, value in entry.thing.values.items()}}
    note = entry.thing
    return {note.what: note.about} if note.told is None else {note.what: note.about, "told": note.told}


def _value(value: TagValue) -> list[object]:
    return [value.value, value.quality.name]


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Line:
    """One row for people: seconds from the fault, what happened, to which tag, and what it said."""

    s: str
    what: str
    about: str
    told: str


def read(path: Path) -> tuple[dict[str, object], list[Line]]:
    """Read a file back: its head, and one row a tag. Raises NoBlackBox."""
    rows = rows_of(path)
    return rows[0], [line for row in rows[1:] for line in _lines_of(row)]


def _lines_of(row: Mapping[str, object]) -> Iterator[Line]:
    s = f"{row['s']:+.3f}" if "s" in row else "before"
    values = row.get("read", row.get("image"))
    if isinstance(values, dict):
        for tag, (value, quality) in values.items():
            yield Line(s, "read", tag, f"{value!r}" if quality == "GOOD" else f"{value!r} ({quality})")
        return
    for what in ("write", "done", "failed", "answer", "fault"):
        if what in row:
            yield Line(s, what, str(row[what]), _told(row.get("told")))


def _told(told: object) -> str:
    if told is None:
        return ""
    return _json(told) if isinstance(told, dict) else str(told)
