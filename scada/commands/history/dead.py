"""`daozha history dead list/show/retry/drop`: what the history server refused for good, beside a running plant."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from scada import say
from scada.clock import clock_from
from scada.commands.upkeep import who, with_database
from scada.config import Config, ConfigError, load
from scada.ports import JournalEntry
from scada.store.db import Database, StoreError
from scada.store.historian.queue import letters
from scada.store.historian.queue.letters import Letter
from scada.store.journal import SqlJournal

_SHORT = 60


def show_list(asked: argparse.Namespace) -> int:
    """List dead lines. 0, however many there are; 2 if the queue cannot be read."""
    return _reading(asked, partial(_show_list, asked))


def show(asked: argparse.Namespace) -> int:
    """Show one dead line. 1: there is none of that number."""
    return _reading(asked, partial(_show, asked))


def retry(asked: argparse.Namespace) -> int:
    """Queue dead lines again; the plant sends them at once, or after its next start. 1: none was found."""
    return _change(asked, "sent again", partial(letters.retry, now=clock_from().now()))


def drop(asked: argparse.Namespace) -> int:
    """Delete dead lines. 1: none was found."""
    return _change(asked, "given up", letters.drop)


def _show_list(asked: argparse.Namespace, config: Config, path: Path) -> int:
    found = letters.letters(path, limit=asked.limit) if path.exists() else []
    if asked.json:
        sys.stdout.write(json.dumps([_as_json(one) for one in found], ensure_ascii=False) + "\n")
        return 0
    if not found and config.history.influx is None:
        say.note("history is embedded: there is no server that refuses anything")
    zone = config.site.zone_info
    rows = [
        (str(one.id), f"{one.at.astimezone(zone):%Y-%m-%d %H:%M}", one.line[:_SHORT], one.error[:_SHORT])
        for one in found
    ]
    say.show_table(say.counted(len(found), "dead line"), ("id", "refused", "line", "the server said"), rows)
    return 0


def _show(asked: argparse.Namespace, config: Config, path: Path) -> int:
    found = letters.letters(path, asked.id, 1) if path.exists() else []
    if not found or found[0].id != asked.id:
        say.complain(f"there is no dead line {asked.id}")
        return 1
    if asked.json:
        sys.stdout.write(json.dumps(_as_json(found[0]), ensure_ascii=False) + "\n")
        return 0
    when = f"{found[0].at.astimezone(config.site.zone_info):%Y-%m-%d %H:%M:%S}"
    rows = [("refused", when), ("line", found[0].line), ("the server said", found[0].error)]
    say.show_table(f"dead line {asked.id}", ("", ""), rows)
    return 0


def _as_json(letter: Letter) -> Mapping[str, object]:
    return {"id": letter.id, "at": letter.at.isoformat(), "line": letter.line, "error": letter.error}


def _reading(asked: argparse.Namespace, work: Callable[[Config, Path], int]) -> int:
    try:
        config = load(asked.config)
        return work(config, _queue(config))
    except (ConfigError, StoreError) as error:
        say.complain(str(error))
        return 2


def _change(asked: argparse.Namespace, what: str, change: Callable[..., int]) -> int:
    """Change the list in somebody's name: that stands in the journal before it happens."""

    async def work(config: Config, db: Database) -> int:
        ids = None if asked.all else asked.ids
        body: dict[str, object] = {"ids": "all" if ids is None else ids}
        entry = JournalEntry("person", asked.by or who(), f"dead history lines are {what}", body=body)
        await SqlJournal(db, config.site_id, clock_from()).append([entry])
        number = await asyncio.to_thread(_if_there, _queue(config), partial(change, ids=ids))
        if asked.json:
            sys.stdout.write(json.dumps({"lines": number}) + "\n")
        elif number:
            say.tell(f"{say.counted(number, 'line')} {what}")
        else:
            say.complain("there is no such dead line")
        return 0 if number else 1

    return with_database(asked, work)


def _if_there(path: Path, change: Callable[[Path], int]) -> int:
    return change(path) if path.exists() else 0


def _queue(config: Config) -> Path:
    return config.data / "history" / "queue.db"
