"""What a process that makes a report is told, on its standard input, and what it answers."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

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

    def to_line(self, config: Config) -> bytes:
        """Write it as one line, with the whole site."""
        site = {**config.model_dump(mode="json"), "folder": str(config.folder)}
        return json.dumps({**asdict(self), "site": site}, ensure_ascii=False).encode() + b"\n"


def from_line(line: str) -> tuple[Task, Config]:
    """Read what `to_line` wrote."""
    told = json.loads(line)
    config = Config.model_validate_json(json.dumps(told.pop("site")))
    return Task(**{**told, "forms": tuple(told["forms"])}), config


@dataclass(frozen=True, slots=True)
class Made:
    """The files that were written, by name, and a line that names the report, in its language."""

    files: tuple[str, ...]
    title: str = ""


class NotMade(Exception):
    """There is no report; the message says why, for people."""
