"""What a lane's wires said in the last seconds: bounded in time and in number, and cheap to add to."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from scada.model.tag import TagName, TagValue

SPAN_S = 40.0
"""How far back a ring reaches: half a minute before a fault is still there when its file is written."""
MOST_CHANGES = 20_000
"""More changes than this in the span, and the oldest go early: memory has a limit."""


@dataclass(frozen=True, slots=True)
class Read:
    """Tags that changed, as one scan or notification brought them."""

    values: Mapping[TagName, TagValue]


@dataclass(frozen=True, slots=True)
class Note:
    """Anything else: `what` is `write`, `done`, `failed`, `answer` or `fault`, `about` a tag or a fault."""

    what: str
    about: str
    told: object = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing at its time: aware UTC, and monotonic seconds."""

    at: datetime
    at_s: float
    thing: Read | Note

    @property
    def weight(self) -> int:
        """How many changes it holds."""
        return len(self.thing.values) if isinstance(self.thing, Read) else 1


@dataclass(slots=True)
class Ring:
    """The last seconds, and the image as it was before them."""

    image: dict[TagName, TagValue] = field(default_factory=dict)
    span_s: float = SPAN_S
    most: int = MOST_CHANGES
    _entries: deque[Entry] = field(default_factory=deque)
    _changes: int = 0

    def __len__(self) -> int:
        return self._changes

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def add(self, entry: Entry) -> None:
        """Take one more; what is too old or too much goes into the image."""
        self._entries.append(entry)
        self._changes += entry.weight
        while self._changes > self.most or self._entries[0].at_s < entry.at_s - self.span_s:
            self._forget(self._entries.popleft())

    def _forget(self, entry: Entry) -> None:
        self._changes -= entry.weight
        if isinstance(entry.thing, Read):
            self.image.update(entry.thing.values)
