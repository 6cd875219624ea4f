"""Tell mistakes to people and to programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from scada import say
from scada.check.mistakes import Mistake, Severity, has_errors
from scada.check.online import Reached


def show(file: Path, mistakes: Sequence[Mistake], reached: Sequence[Reached] = (), reader: str = "") -> None:
    """Print every mistake on standard error; what was reached, who reads plates and the result on standard output."""
    for one in mistakes:
        say.complain(describe(one))
    if reached:
        say.show_table("Reached", ("what", "where", "answer"), [(one.name, one.where, one.answer) for one in reached])
    if reader:
        say.tell(f"plates are read by {reader}")
    errors = sum(one.severity is Severity.ERROR for one in mistakes)
    warnings = len(mistakes) - errors
    if errors:
        say.complain(f"{file}: {errors} {_plural('mistake', errors)}, {warnings} {_plural('warning', warnings)}")
    else:
        say.tell(f"{file}: good" + (f", {warnings} {_plural('warning', warnings)}" if warnings else ""))


def describe(mistake: Mistake) -> str:
    """Put one mistake in a line and its remedy in a second."""
    key = f"{mistake.key}: " if mistake.key else ""
    return f"{mistake.place}: {mistake.severity.value}: {key}{mistake.what}\n    → {mistake.remedy}"


def as_json(file: Path, mistakes: Sequence[Mistake], reached: Sequence[Reached] = (), reader: str = "") -> str:
    """Give the same as one JSON object."""
    content = {
        "file": str(file),
        "ok": not has_errors(mistakes),
        "mistakes": [one.as_json() for one in mistakes],
        "reached": [asdict(one) for one in reached],
        "reader": reader,
    }
    return json.dumps(content, ensure_ascii=False, indent=2)


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"
