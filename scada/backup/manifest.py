"""What a backup says of itself: which files it has, and what the database held at that moment."""

import hashlib
from pathlib import Path, PurePosixPath
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from scada.backup import BackupError

NAME: Final = "manifest.json"


class Record(BaseModel):
    """A part of the manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Entry(Record):
    """One file of a backup; `path` is relative to its folder."""

    path: str
    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    mode: Annotated[int, Field(ge=0, le=0o777)]

    @field_validator("path")
    @classmethod
    def _stays_inside(cls, path: str) -> str:
        parts = PurePosixPath(path)
        if parts.is_absolute() or ".." in parts.parts or not parts.parts or not path.isprintable():
            raise ValueError(f"{path!r} leads out of the backup")
        return path


class Facts(Record):
    """What the database held: the rows of each table, by which revision, and the head of the journal's chain."""

    kind: Literal["sqlite", "postgresql"]
    revision: str
    rows: dict[str, int]
    journal_n: int
    journal_hash: str


class Manifest(Record):
    """A backup. `left_out`: secrets that are not in it, and links, which are not followed."""

    format: Literal[1] = 1
    site: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,30}$")]
    taken_at: AwareDatetime
    version: str
    database: Facts
    entries: tuple[Entry, ...]
    left_out: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """All its bytes."""
        return sum(entry.size for entry in self.entries)


def read(backup: Path) -> Manifest:
    """Read the manifest of a backup. Raises BackupError."""
    path = backup / NAME
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BackupError(f"{backup}: no backup: {path.name}: {error.strerror or error}") from error
    except ValidationError as error:
        raise BackupError(f"{path}: damaged, or of a newer daozha: {error.error_count()} mistakes") from error


def digest_of(manifest: Manifest) -> str:
    """Give one hash for the whole backup, to be written down elsewhere."""
    return hashlib.sha256(manifest.model_dump_json().encode()).hexdigest()
