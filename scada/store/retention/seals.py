"""The seals of the journal's rows: as they were written, and as they stand once their plates are unreadable.

The chain goes over the hashes that rows were written with, which stay as they were. A row whose body was changed has a
second seal over what it says now; a record further on in the chain says of which rows that was done, and holds the
digest of their second seals, signed with the site's key (docs/decisions/0058).
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

KIND: Final = "retention"
WHAT: Final = "plates made unreadable"
LEAST: Final = timedelta(days=365)
"""So old a row must be before anything in it may change; who says otherwise has forged it."""
_PARTS: Final = ("n", "site", "kind", "actor", "what", "lane", "passage", "body", "previous")


@dataclass(frozen=True, slots=True)
class Record:
    """A record of the chain: the rows between `first` and `last` that have a second seal, and what holds them.

    `is_due`: one of its rows, or one that was written between them and the record, was old enough when that was made.
    Whatever came before that row is as old, whatever a clock that was set back says.
    """

    is_due: bool
    first: int
    last: int
    digest: str
    mac: str


def canonical(content: object) -> str:
    """Write a content so that it has one form only. Raises TypeError or ValueError if it is no JSON."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def seal(row: Mapping[str, object]) -> str:
    """Give the hash of a row: sha256 over its canonical JSON, `previous` included."""
    return _sha256({**{name: row[name] for name in _PARTS}, "at": _moment(row)})


def second_seal(row: Mapping[str, object]) -> str:
    """Give the hash of a row as it stands now, together with the hash it was written with."""
    return _sha256({**{name: row[name] for name in _PARTS}, "at": _moment(row), "hash": row["hash"]})


def digest_of(seals: Iterable[tuple[int, str]]) -> str:
    """Give the digest over second seals, in the order of their rows."""
    running = hashlib.sha256()
    for n, second in seals:
        running.update(_told(n, second))
    return running.hexdigest()


def mac(key: bytes, first: int, last: int, digest: str) -> str:
    """Sign what a record says."""
    return hmac.new(key, f"{first} {last} {digest}".encode("ascii"), hashlib.sha256).hexdigest()


class SealCheck:
    """Follows the rows of a walk along the chain, and says of each whether its seals hold."""

    def __init__(self, records: Iterable[Record], key: bytes | None) -> None:
        self._left = sorted(records, key=lambda record: record.first)[::-1]
        self._key = key
        self._running = hashlib.sha256()

    def holds(self, row: Mapping[str, object]) -> bool:
        """Say whether a row is what its seal and the records say."""
        n = row["n"]
        if not isinstance(n, int):
            return False
        if row["resealed"] is None:
            return row["hash"] == seal(row) and not (self._left and self._left[-1].last == n)
        if not self._left or not self._left[-1].first <= n <= self._left[-1].last:
            return False
        record, second = self._left[-1], str(row["resealed"])
        self._running.update(_told(n, second))
        return record.is_due and second == second_seal(row) and (n < record.last or self._closes(record))

    @property
    def is_done(self) -> bool:
        """Say whether every record has met its rows."""
        return not self._left

    def _closes(self, record: Record) -> bool:
        digest, self._running = self._running.hexdigest(), hashlib.sha256()
        self._left.pop()
        is_ours = self._key is None or hmac.compare_digest(
            record.mac, mac(self._key, record.first, record.last, digest)
        )
        return digest == record.digest and is_ours


def _told(n: int, second: str) -> bytes:
    return f"{n}:{second}\n".encode("ascii")


def _moment(row: Mapping[str, object]) -> str:
    at = row["at"]
    if not isinstance(at, datetime):
        raise TypeError(f"journal row {row['n']}: at is {at!r}")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _sha256(content: object) -> str:
    return hashlib.sha256(canonical(content).encode("ascii")).hexdigest()
