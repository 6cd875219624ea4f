"""Makes a support bundle. Nothing that cannot be had keeps the rest from being had."""

import argparse
import os
import subprocess
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from scada import say
from scada.commands.support import parts
from scada.commands.support.clean import Cleaner
from scada.config import Config, ConfigError, load
from scada.store.db import StoreError, database_url, looking
from scada.store.schema import operator

READ_ME: Final = """What this is: the state of a daozha server, made by `daozha support` for whoever helps.
What is not in it: pictures, plates, people's names, telephone numbers, addresses, keys, passwords, WeChat's numbers.
A part that could not be had says why. Look it through before you give it away: it is plain text.
"""

Part = Callable[[], str]


def make(asked: argparse.Namespace) -> int:
    """Write the bundle. 0: there it is; 1: it cannot be written; 2: bad configuration."""
    now = datetime.now(UTC)
    try:
        config = load(asked.config)
    except ConfigError as error:
        say.complain(str(error))
        return 2
    target: Path = asked.to or Path(f"daozha-support-{config.site_id}-{now:%Y%m%dT%H%M%SZ}.zip")
    try:
        with _looking(config) as conn:
            cleaner = Cleaner(() if conn is None else _people(conn, config.site_id))
            told = {name: cleaner.clean(_had(part)) for name, part in _parts(asked, config, conn, now).items()}
        _write(target, {"README.txt": READ_ME, **told})
    except OSError as error:
        say.complain(f"{target}: {error.strerror or error}")
        return 1
    size = target.stat().st_size / 1024
    say.tell(
        f"{target}: {len(told)} parts, {size:.0f} kB. Nobody is named in it; look it through before you give it away."
    )
    return 0


def _parts(asked: argparse.Namespace, config: Config, conn: Connection | None, now: datetime) -> Mapping[str, Part]:
    since = parts.since(now, asked.hours)
    always: dict[str, Part] = {
        "about.json": lambda: parts.about(config, now),
        "config.toml": lambda: Path(asked.config).read_text(encoding="utf-8"),
        "check.json": lambda: parts.checked(asked.config),
        "files.csv": lambda: parts.files(config.data),
        "processes.csv": lambda: parts.processes(asked.config),
        "tags.csv": lambda: parts.tags(config),
        "log.txt": lambda: parts.log_lines(asked.hours) if asked.log is None else parts.tail(asked.log),
    }
    if conn is None:
        return always
    return {
        **always,
        "tables.csv": lambda: parts.tables(conn),
        "journal.csv": lambda: parts.journal_rows(conn, config.site_id, since),
        "alarms.csv": lambda: parts.alarms(conn, config.site_id, since),
    }


def _had(part: Part) -> str:
    """Give a part, or why it is not to be had."""
    try:
        return part()
    except (OSError, StoreError, SQLAlchemyError, subprocess.SubprocessError, ValueError) as error:
        return f"could not be had: {type(error).__name__}: {error}\n"


@contextmanager
def _looking(config: Config) -> Iterator[Connection | None]:
    """Look into the tables, if they can be looked into."""
    with ExitStack() as stack:
        try:
            conn = stack.enter_context(looking(database_url(config)))
        except (StoreError, SQLAlchemyError, OSError) as error:
            say.complain(f"without tables: {error}. The names of your people are not known then: look through log.txt")
            conn = None
        yield conn


def _people(conn: Connection, site: str) -> list[str]:
    return list(conn.scalars(select(operator.c.name).where(operator.c.site == site)))


def _write(target: Path, told: Mapping[str, str]) -> None:
    """Write under a passing name, readable by its owner only, and rename when it is whole."""
    passing = target.with_name(f".{target.name}.part")
    try:
        with (
            open(os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle,
        ):
            for name, text in told.items():
                bundle.writestr(name, text)
        passing.replace(target)
    finally:
        passing.unlink(missing_ok=True)
