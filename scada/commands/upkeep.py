"""`daozha migrate`, `audit verify`, `user add/passwd`: the database without the plant.

The database is shared safely with a running plant: each command is one short transaction.
"""

import argparse
import asyncio
import getpass
import secrets
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from scada import say
from scada.clock import clock_from
from scada.config import Config, ConfigError, load
from scada.secretfile import known_key
from scada.store.db import Database, StoreError, database_url, place
from scada.store.db import migrate as migrate_database
from scada.store.journal import verify
from scada.store.operators import Operators

Work = Callable[[Config, Database], Awaitable[int]]


def migrate(asked: argparse.Namespace) -> int:
    """Bring the database's tables up to date. 0: they are; 2: they cannot be."""

    async def nothing_more(config: Config, db: Database) -> int:
        where = config.data if config.database.url_file is None else place(make_url(db.url))
        say.tell(f"{where}: the tables are up to date")
        return 0

    return with_database(asked, nothing_more)


def verify_audit(asked: argparse.Namespace) -> int:
    """Walk the journal's hash chain. 1 if it is broken."""

    async def walk(config: Config, db: Database) -> int:
        key = await asyncio.to_thread(known_key, config.plate_key)
        broken_at = await db.read(lambda conn: verify(conn, key))
        if broken_at is not None:
            say.complain(f"the chain is broken at entry {broken_at}: it was changed, moved or taken out")
            return 1
        say.tell("the chain is whole")
        return 0

    return with_database(asked, walk)


def add_user(asked: argparse.Namespace) -> int:
    """Add a person with a password for once. 2 if the name or the role cannot be."""

    async def add(config: Config, db: Database) -> int:
        password = _password()
        await Operators(db, config.site_id, clock_from()).add(asked.name, asked.role, password, must_change=True)
        _hand_over(asked.name, password)
        return 0

    return with_database(asked, add)


def reset_password(asked: argparse.Namespace) -> int:
    """Give a person a new password for once. 2 if there is nobody of that name."""

    async def reset(config: Config, db: Database) -> int:
        people, password = Operators(db, config.site_id, clock_from()), _password()
        names = [str(one["name"]) for one in await people.people()]
        if asked.name not in names:
            say.complain(f"there is nobody of the name {asked.name!r}; there are: {', '.join(names) or 'nobody yet'}")
            return 2
        await people.reset_password(asked.name, password)
        _hand_over(asked.name, password)
        return 0

    return with_database(asked, reset)


def _password() -> str:
    return "-".join(secrets.token_hex(2) for _ in range(4))


def _hand_over(name: str, password: str) -> None:
    sys.stdout.write(f"{name}  {password}\n")
    say.note("It is shown this once. A person chooses another at the first sign-in; a system keeps it.")


def sheet_text(file: Path) -> str | None:
    """Give the text of a CSV file; None, and a complaint, if it cannot be read."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        say.complain(f"{file}: {error.strerror or error}")
    except UnicodeDecodeError:
        say.complain(f"{file}: is not UTF-8; save it as “CSV UTF-8”")
    return None


def who() -> str:
    """Give the name of the person at the terminal."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def with_database(asked: argparse.Namespace, work: Work) -> int:
    """Do a piece of work with the site's database and give its exit code. 2 if site or database cannot be had."""
    try:
        config = load(asked.config)
        url = database_url(config)
        migrate_database(url)
        return asyncio.run(_work(config, url, work))
    except (ConfigError, StoreError, SQLAlchemyError, OSError) as error:
        say.complain(str(error))
        return 2


async def _work(config: Config, url: str, work: Work) -> int:
    async with Database(url) as db:
        return await work(config, db)
