"""The plant's tags as they were last told: latest value per tag, kept for browsers that come or lag."""

import threading
from collections.abc import Mapping, Sequence
from typing import TypedDict

from scada.model.covering import tag_covered

Change = Sequence[object]
"""[name, value, status code, time as ISO text or None]"""


class Snapshot(TypedDict):
    """Everything at one moment. `up` says whether the plant is heard."""

    at: str | None
    up: bool
    site: Mapping[str, object] | None
    tags: list[Change]


class Live:
    """The table; written by the outbox's thread, read by requests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tags: dict[str, Change] = {}
        self._at: str | None = None
        self._up = False
        self._site: Mapping[str, object] | None = None

    def replace(self, at: str | None, tags: Sequence[Change]) -> None:
        """Take the plant's snapshot: what it does not name is gone."""
        with self._lock:
            self._tags = {str(tag[0]): tag for tag in tags}
            self._at = at
            self._up = True

    def change(self, at: str | None, changes: Sequence[Change]) -> None:
        """Take a batch."""
        with self._lock:
            self._tags.update({str(tag[0]): tag for tag in changes})
            self._at = at
            self._up = True

    def link(self, site: Mapping[str, object] | None) -> None:
        """Take the news which site is heard, its snapshot comes next; None: it is lost."""
        with self._lock:
            self._up = self._up and site is not None
            self._site = site or self._site

    @property
    def site(self) -> Mapping[str, object]:
        """What the plant last said of the site; nothing before it was first heard."""
        with self._lock:
            return self._site or {}

    def snapshot(self, *, covered: bool) -> Snapshot:
        """Give a copy of everything; `covered`: to somebody who need not see plates."""
        with self._lock:
            told = Snapshot(at=self._at, up=self._up, site=self._site, tags=list(self._tags.values()))
        return Snapshot(**{**told, "tags": plates_covered(told["tags"])}) if covered else told


def plates_covered(rows: Sequence[Change]) -> list[Change]:
    """Give rows of tags with the plates in them covered."""
    return [[name, tag_covered(str(name), value), *more] for name, value, *more in rows]
