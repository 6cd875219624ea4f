"""Between the plant's bridge and the browsers: the bridge's reader puts here what it has read and never waits.

A thread of its own hands it on. While that one is busy with many browsers, what comes is merged, latest value per tag:
screens get fewer batches then, and none of them is old. The reader goes on, so that answers to asks are never late.
"""

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import structlog

from scada.bridge import Message

STOP_S = 1.0

log = structlog.get_logger()


class Screens(Protocol):
    """Who shows what the plant says."""

    def on_snapshot(self, told: Message) -> None:
        """Take everything anew."""

    def on_changes(self, told: Message) -> None:
        """Take a batch."""

    def on_link(self, site: Mapping[str, object] | None) -> None:
        """Take that the plant greets, or is lost (None)."""


@dataclass(slots=True)
class _Waiting:
    """What has not been handed on: a word on the link, then a snapshot, then changes after it."""

    link: tuple[Mapping[str, object] | None] | None = None
    snapshot: Message | None = None
    at: object = None
    changes: dict[str, Sequence[object]] | None = None
    is_over: bool = False

    @property
    def is_news(self) -> bool:
        """Say whether there is anything to do."""
        return self.is_over or not (self.link is None and self.snapshot is None and self.changes is None)


class Outbox:
    """Hands on to the screens, in a thread."""

    def __init__(self, screens: Screens) -> None:
        self._screens = screens
        self._news = threading.Condition()
        self._waiting = _Waiting()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    def start(self) -> None:
        """Begin to hand on."""
        self._thread.start()

    def stop(self) -> None:
        """Hand on nothing more."""
        with self._news:
            self._waiting.is_over = True
            self._news.notify()
        with suppress(RuntimeError):  # it was never started
            self._thread.join(STOP_S)

    # the reader's thread

    def on_snapshot(self, told: Message) -> None:
        """Take everything anew: what waited before it is worth nothing."""
        with self._news:
            self._waiting.snapshot, self._waiting.changes = told, None
            self._news.notify()

    def on_changes(self, told: Message) -> None:
        """Take a batch; what still waits of the same tags is worth nothing."""
        changes = told["changes"]
        if not isinstance(changes, list):
            raise TypeError(f"changes {changes!r}: not what a plant tells")
        with self._news:
            kept = self._waiting.changes or {}
            kept.update({str(change[0]): change for change in changes})
            self._waiting.changes, self._waiting.at = kept, told["at"]
            self._news.notify()

    def on_link(self, site: Mapping[str, object] | None) -> None:
        """Take that the plant greets or is lost: values that wait are of a link that is no more."""
        with self._news:
            self._waiting = _Waiting(link=(site,), is_over=self._waiting.is_over)
            self._news.notify()

    # the thread that hands on

    def _run(self) -> None:
        while not (waiting := self._take()).is_over:
            try:
                self._hand_on(waiting)
            except Exception:  # one mistake must not leave every screen without data for ever
                log.exception("the screens failed to take what the plant says")

    def _take(self) -> _Waiting:
        with self._news:
            self._news.wait_for(lambda: self._waiting.is_news)
            taken, self._waiting = self._waiting, _Waiting()
            return taken

    def _hand_on(self, waiting: _Waiting) -> None:
        if waiting.link is not None:
            self._screens.on_link(waiting.link[0])
        if waiting.snapshot is not None:
            self._screens.on_snapshot(waiting.snapshot)
        if waiting.changes is not None:
            self._screens.on_changes({"at": waiting.at, "changes": list(waiting.changes.values())})
