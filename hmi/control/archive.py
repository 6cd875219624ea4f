"""What a site keeps on its disks, as pages read it: histories, replays, recordings, its drawing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from scada.bridge import Message, Reply
from scada.model.names import PassageId
from scada.model.tag import TagName


@dataclass(frozen=True, slots=True)
class Question:
    """Which tags, from when to when, in how many buckets at most."""

    tags: tuple[TagName, ...]
    since: datetime
    until: datetime
    pixels: int


class NotRead(Exception):
    """There is no answer: what the plant said instead, or why the disks do not tell."""

    def __init__(self, said: Reply | str) -> None:
        super().__init__(str(said))
        self.said = said


def to_its_end(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Give a file for people piece by piece; where it breaks off, its last line says so."""
    try:
        yield from pieces
    except NotRead as error:
        yield f"# the rest cannot be read: {error}\r\n".encode()


class Archive(Protocol):
    """What is asked of it. Every method raises NotRead."""

    def series(self, question: Question) -> Sequence[Message]:
        """Give every tag's buckets."""

    def points(self, question: Question) -> Iterator[bytes]:
        """Give every stored point of the tags as CSV, piece by piece."""

    def replay(self, passage: PassageId, purpose: str) -> Message | None:
        """Give a passage, plates covered unless the person may see them or says what for; None if there is none."""

    def recording(self, name: str) -> Iterator[bytes]:
        """Give a black box as it was written, piece by piece."""

    def drawing(self) -> bytes:
        """Give the site's own drawing behind the plan, of the kind that the configuration says."""
