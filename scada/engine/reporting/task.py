"""What a process that makes a report, or reads a history, is told on its standard input, and what it answers."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from scada.config import Config


@dataclass(frozen=True, slots=True)
class Task:
    """One report in some forms. `covered`: whole plates are not for whom it is made."""

    report: str
    since: str
    to: str
    forms: tuple[str, ...]
    language: str
    folder: str
    options: Mapping[str, str] = field(default_factory=dict)
    covered: bool = False

    @property
    def name(self) -> str:
        """Say for the log what is made."""
        return self.report

    def to_line(self, config: Config) -> bytes:
        """Write it as one line, with the whole site."""
        return _line(asdict(self), config)


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read of the site's disks for somebody elsewhere: which kind, and what that kind wants to know."""

    kind: str
    folder: str
    tags: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    pixels: int = 0
    passage: str = ""
    covered: bool = True

    @property
    def name(self) -> str:
        """Say for the log what is read."""
        return self.kind

    def to_line(self, config: Config) -> bytes:
        """Write it as one line, with the whole site."""
        return _line(asdict(self), config)


def from_line(line: str) -> tuple[Task, Config]:
    """Read what a report's `to_line` wrote."""
    told, config = _read(line)
    return Task(**{**told, "forms": tuple(told["forms"])}), config


def reading_from(line: str) -> tuple[Reading, Config]:
    """Read what a reading's `to_line` wrote."""
    told, config = _read(line)
    return Reading(**{**told, "tags": tuple(told["tags"])}), config


def _line(told: Mapping[str, object], config: Config) -> bytes:
    site = {**config.model_dump(mode="json"), "folder": str(config.folder)}
    return json.dumps({**told, "site": site}, ensure_ascii=False).encode() + b"\n"


def _read(line: str) -> tuple[dict[str, Any], Config]:
    told = json.loads(line)
    return told, Config.model_validate_json(json.dumps(told.pop("site")))


@dataclass(frozen=True, slots=True)
class Made:
    """The files that were written, by name, and a line that names the report, in its language."""

    files: tuple[str, ...]
    title: str = ""


class NotMade(Exception):
    """There is no report; the message says why, for people."""
