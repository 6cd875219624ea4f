"""Take the files that an operator brings, from a folder, a zip or a wheel: each by its hash, whole or not at all.

Nothing is unpacked by the names in an archive: a file is known by the last part of its name, is read into a place of
ours, and gets its own name only once its hash fits.
"""

import hashlib
import json
import lzma
import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lpr.models import FILES, RECORD, Good, ModelFile, default_folder, expected_hash, state_of
from lpr.models.offers import MOST_BYTES, Offer, offers_of

_CHUNK = 2**20
_UNREADABLE = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)
"""What an archive that was made to do harm may raise; what is not implemented is a RuntimeError."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The file is now in the models folder. `first`: its hash was recorded just now."""

    name: str
    origin: str
    sha256: str
    first: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """What was offered under this name is not taken."""

    name: str
    origin: str
    why: str


@dataclass(frozen=True, slots=True)
class Here:
    """A good one was there already; `offered`: another one was brought."""

    name: str
    offered: bool


@dataclass(frozen=True, slots=True)
class NotOffered:
    """Nothing of this name was brought, and none is there."""

    name: str


Outcome = Taken | Refused | Here | NotOffered
Probe = Callable[[Path], str]
"""Looks into a file of unknown hash; gives what is wrong with it, or nothing."""


class _NotTakenError(Exception):
    """An offer does not do; the message says why."""


def bring(source: Path, probe: Probe, now: datetime, folder: Path | None = None) -> list[Outcome]:
    """Take from a folder or archive whatever fits; tells of every file. Raises ModelError if that cannot be."""
    place = folder or default_folder()
    place.mkdir(parents=True, exist_ok=True)
    with offers_of(source) as offers, tempfile.TemporaryDirectory(dir=place, prefix="import-") as work:
        taking = _Taking(place, Path(work), source.name, probe, now)
        published = [file for file in FILES if file.sha256]
        outcomes = [outcome for file in published for outcome in taking.published(file, offers[file.name])]
        for file in FILES:
            if not file.sha256:
                outcomes += taking.unpublished(file, offers[file.name])
    return outcomes


@dataclass(slots=True)
class _Taking:
    """One import: where to, out of what, and which files of HyperLPR3 came with it as they should be."""

    place: Path
    work: Path
    source: str
    probe: Probe
    now: datetime
    company: int = 0

    def published(self, file: ModelFile, offers: Sequence[Offer]) -> Iterator[Outcome]:
        """Take a file whose hash is known."""
        here, good = isinstance(state_of(file, self.place), Good), False
        for offer in offers:
            try:
                copy, found = self._copied(offer)
                _must_be(file.sha256, found)
            except _NotTakenError as error:
                yield Refused(file.name, offer.origin, str(error))
                continue
            good = True
            if not here:
                self._settle(copy, file)
                yield Taken(file.name, offer.origin, found)
            break
        self.company += good and file.wheel is None
        if here:
            yield Here(file.name, bool(offers))
        elif not offers:
            yield NotOffered(file.name)

    def unpublished(self, file: ModelFile, offers: Sequence[Offer]) -> Iterator[Outcome]:
        """Take a file whose hash nobody has published: as recorded, or for the first time in good company."""
        known = expected_hash(file, self.place)
        if known and isinstance(state_of(file, self.place), Good):
            yield Here(file.name, bool(offers))
            return
        for offer in offers:
            try:
                copy, found = self._copied(offer)
                if known:
                    _must_be(known, found, f"recorded in {RECORD}")
                else:
                    self._must_be_credible(copy)
            except _NotTakenError as error:
                yield Refused(file.name, offer.origin, str(error))
                continue
            self._settle(copy, file)
            if not known:
                self._record(file, found)
            yield Taken(file.name, offer.origin, found, first=not known)
            return
        if not offers:
            yield NotOffered(file.name)

    def _must_be_credible(self, copy: Path) -> None:
        """The first of its kind has no hash to fit: it must come with its known companions and be such a network."""
        companions = sum(1 for file in FILES if file.sha256 and not file.wheel)
        if self.company < companions:
            beside = f"the first one is taken only beside the other {companions} of HyperLPR3, out of one source"
            raise _NotTakenError(f"its hash is not published: {beside}")
        trouble = self.probe(copy)
        if trouble:
            raise _NotTakenError(trouble)

    def _copied(self, offer: Offer) -> tuple[Path, str]:
        """Copy an offer into our own place and give its hash. Raises _NotTakenError."""
        if offer.trouble:
            raise _NotTakenError(offer.trouble)
        copy, digest, size = self.work / "coming", hashlib.sha256(), 0
        try:
            with offer.open() as content, copy.open("wb") as ours:
                while chunk := content.read(_CHUNK):
                    size += len(chunk)
                    if size > MOST_BYTES:
                        raise _NotTakenError(f"is larger than {MOST_BYTES // 2**20} MB")
                    digest.update(chunk)
                    ours.write(chunk)
                ours.flush()
                os.fsync(ours.fileno())
        except _UNREADABLE as error:
            raise _NotTakenError(f"cannot be read: {error}") from error
        return copy, digest.hexdigest()

    def _settle(self, copy: Path, file: ModelFile) -> None:
        target = file.within(self.place)
        target.parent.mkdir(parents=True, exist_ok=True)
        copy.replace(target)

    def _record(self, file: ModelFile, found: str) -> None:
        record: dict[str, object] = {}
        path = self.place / RECORD
        if path.is_file():
            record = json.loads(path.read_text(encoding="utf-8"))
        record[file.name] = {"sha256": found, "at": self.now.isoformat(), "from": self.source}
        draft = self.work / RECORD
        draft.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        draft.replace(path)


def _must_be(expected: str | None, found: str, whence: str = "expected") -> None:
    if found != expected:
        raise _NotTakenError(f"sha256 is {found}, {whence} {expected}")
