"""What the commands of `daozha history` have in common: the site, the range, the tags, and what went wrong."""

import argparse
import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, tzinfo
from fnmatch import fnmatchcase
from typing import TypeVar

from scada import say
from scada.clock import clock_from
from scada.config import Config, ConfigError, load
from scada.model.tag import TagName
from scada.ports import HistoryReader
from scada.store.db import StoreError
from scada.store.historian import asking

T = TypeVar("T")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Asker:
    """Asks a history and waits for the answer; between two answers no loop runs, so that files may be written."""

    def __init__(self, history: HistoryReader, runner: asyncio.Runner) -> None:
        self.history = history
        self._runner = runner

    def __call__(self, answer: Coroutine[None, None, T]) -> T:
        """Wait for an answer of `history`."""
        return self._runner.run(answer)

    def tags(self, patterns: Sequence[str]) -> list[TagName]:
        """Give the tags with history that match, all if there is no pattern. Raises NotAsked if one matches none."""
        names = self(self.history.names())
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in names):
                raise NotAsked(f"{pattern}: no tag of this name has history; see: daozha history tags")
        return [name for name in names if not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)]


Work = Callable[[Config, Asker], int]


class NotAsked(Exception):
    """The question makes no sense: which part of it, and why."""


def with_history(asked: argparse.Namespace, work: Work) -> int:
    """Do a piece of work with the site's history and give its exit code. 2 if it cannot even be tried."""
    try:
        config = load(asked.config)
        with asking(config, clock_from()) as history, asyncio.Runner() as runner:
            return work(config, Asker(history, runner))
    except (ConfigError, StoreError, NotAsked, OSError) as error:
        say.complain(str(error))
        return 2


def range_of(
    asked: argparse.Namespace, zone: tzinfo, usual: Callable[[datetime], datetime]
) -> tuple[datetime, datetime]:
    """Take the range; without a beginning it begins where `usual` says for its end. Raises NotAsked."""
    until = clock_from().now() if asked.until is None else _time("--to", asked.until, zone)
    since = usual(until) if asked.since is None else _time("--from", asked.since, zone)
    if since >= until:
        raise NotAsked("--from is not before --to")
    return since, until


def _time(option: str, text: str, zone: tzinfo) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise NotAsked(f"{option} {text!r}: no time; write one like 2026-05-01T08:00") from error
    return time if time.tzinfo is not None else time.replace(tzinfo=zone)
