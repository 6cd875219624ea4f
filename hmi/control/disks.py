"""The archive of the site's own room: it reads the disks itself, on connections that only read."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from hmi.control.archive import NotRead, Question, to_its_end
from hmi.control.orders import ask
from scada.bridge import Message, Value
from scada.clock import clock_from
from scada.config import Config
from scada.drawing import NoDrawing, drawing_at
from scada.model.names import PassageId
from scada.store.db import StoreError
from scada.store.historian import asking
from scada.store.historian.answer import as_json
from scada.store.historian.export import csv_pieces
from scada.store.replaytold import replayed

_PIECE_BYTES = 64 * 1024


class OwnDisks:
    """The disks of this machine, on which the site writes."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def series(self, question: Question) -> Sequence[Message]:
        """Read them in this process."""
        with _told("the history"), asking(self._config, clock_from()) as history:
            trend = history.trend(question.tags, question.since, question.until, question.pixels)
            return [as_json(one) for one in asyncio.run(trend)]

    def points(self, question: Question) -> Iterator[bytes]:
        """Read page after page."""
        return to_its_end(self._points(question))

    def _points(self, question: Question) -> Iterator[bytes]:
        with _told("the history"), asking(self._config, clock_from()) as history:
            for piece in csv_pieces(history, question.tags, question.since, question.until):
                yield piece.encode()

    def replay(self, passage: PassageId, purpose: str) -> Message | None:
        """Ask the plant who may see what, and read the rest here."""
        match ask("replay_passage", {"passage": passage, **({"purpose": purpose} if purpose else {})}):
            case Value({"covered": bool() as covered}):
                with _told("the database"):
                    return replayed(self._config, passage, clock_from(), covered=covered)
            case reply:
                raise NotRead(reply)

    def recording(self, name: str) -> Iterator[bytes]:
        """Read the file."""
        try:
            file = (self._config.blackbox / name).open("rb")
        except OSError as error:
            raise NotRead(f"the recording cannot be read: {error.strerror}") from error
        return _pieces(file)

    def drawing(self) -> bytes:
        """Read the file."""
        try:
            return drawing_at(self._config.drawing).read_bytes()
        except (NoDrawing, OSError) as error:
            raise NotRead(str(error)) from error


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise NotRead(f"{what} does not answer: {error}") from error
