"""Read `config.toml` so that one broken line does not hide what is wrong elsewhere."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scada.check.mistakes import Mistake, Severity
from scada.model.tomllines import KeyPath, key_lines, key_text, line_of

_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")
_MOST_BROKEN_LINES = 20


@dataclass(frozen=True, slots=True)
class Reading:
    """What could be read of the file: its values, and the line of every key."""

    file: Path
    content: dict[str, Any]
    lines: dict[KeyPath, int] = field(default_factory=dict)

    def mistake(self, path: KeyPath, what: str, remedy: str, severity: Severity = Severity.ERROR) -> Mistake:
        """Say what is wrong with one key."""
        return Mistake(self.file, line_of(self.lines, path), key_text(path), what, remedy, severity)

    def at(self, *path: str | int) -> object:
        """Give the value at a path, None where there is none of that shape."""
        value: Any = self.content
        try:
            for part in path:
                value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
        return value

    def text(self, *path: str | int) -> str | None:
        """Give the text at a path, None if there is none."""
        value = self.at(*path)
        return value if isinstance(value, str) else None

    def number(self, *path: str | int) -> float | None:
        """Give the number at a path, None if there is none."""
        value = self.at(*path)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def tables(self, name: str) -> list[dict[str, Any]]:
        """Give the tables of an array such as `lanes`; what is no table counts as an empty one."""
        value = self.at(name)
        if not isinstance(value, list):
            return []
        return [one if isinstance(one, dict) else {} for one in value]


def read(file: Path) -> tuple[Reading | None, list[Mistake]]:
    """Read the file; lines that are not TOML are told and left out. None if nothing can be made of it."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        return None, [_unreadable(file, error.strerror or str(error))]
    except UnicodeDecodeError as error:
        return None, [_unreadable(file, f"is not UTF-8: {error}")]
    return _parse(file, text)


def _unreadable(file: Path, why: str) -> Mistake:
    return Mistake(file, None, "", f"cannot be read: {why}", "name the site's file with --config FILE")


def _parse(file: Path, text: str) -> tuple[Reading | None, list[Mistake]]:
    mistakes: list[Mistake] = []
    rows = text.splitlines()
    for _ in range(_MOST_BROKEN_LINES):
        try:
            content = tomllib.loads("\n".join(rows))
        except (ValueError, RecursionError) as error:
            broken = _broken_line(str(error), rows)
            mistakes.append(_not_toml(file, broken, str(error), rows))
            if broken is None:
                break
            rows[broken - 1] = ""
        else:
            return Reading(file, content, key_lines("\n".join(rows))), mistakes
    return None, mistakes


def _broken_line(error: str, rows: list[str]) -> int | None:
    """Give the line tomllib stumbled over, or the last one with text before it."""
    found = _AT_LINE.search(error)
    number = int(found[1]) if found else len(rows)
    number = min(number, len(rows))
    while number > 0 and not rows[number - 1].strip():
        number -= 1
    return number or None


def _not_toml(file: Path, line: int | None, error: str, rows: list[str]) -> Mistake:
    written = rows[line - 1].strip() if line else ""
    key = written.partition("=")[0].strip(" []")
    what = f"is not TOML: {_AT_LINE.sub('', error).strip()}"
    return Mistake(file, line, key, what, "write it like the lines around it: key = value, text in quotes")
