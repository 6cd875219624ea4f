"""A mistake in the site's files: where it stands, what is wrong, and what to do."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path


class Severity(StrEnum):
    """Errors keep the site from running; warnings do not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong; `key` is a TOML key path, or the column and tag of a table's row."""

    file: Path
    line: int | None
    key: str
    what: str
    remedy: str
    severity: Severity = Severity.ERROR

    @property
    def place(self) -> str:
        """File and line the way editors jump to it."""
        return f"{self.file}:{self.line}" if self.line else str(self.file)

    def as_json(self) -> dict[str, object]:
        """Give the mistake as JSON values."""
        return {**asdict(self), "file": str(self.file), "severity": self.severity.value}


def in_order(mistakes: Iterable[Mistake]) -> list[Mistake]:
    """Sort by file and line, without doubles."""
    return sorted(dict.fromkeys(mistakes), key=lambda one: (str(one.file), one.line or 0, one.key))


def has_errors(mistakes: Sequence[Mistake]) -> bool:
    """Say whether any of them keeps the site from running."""
    return any(one.severity is Severity.ERROR for one in mistakes)
