"""PostgreSQL: connections with a limit on every wait, one writer at a time, and transactions told by how they end.

A writing transaction takes an advisory lock first, as SQLite takes its write lock: whatever it reads stays true until
it commits, its rows and its place in the journal's chain are its own, and two servers cannot lock each other out.
"""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from threading import Timer
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import structlog
from sqlalchemy import URL, Connection, Engine, Select, create_engine, event
from sqlalchemy.dialects.postgresql.psycopg import PGCompiler_psycopg
from sqlalchemy.exc import DBAPIError

from scada.store.sql.alike import clean_parameters
from scada.store.sql.errors import Step, StoreError, is_away, is_undone, reason, told

if TYPE_CHECKING:
    from psycopg import Connection as PgConnection
    from psycopg.abc import Buffer

log = structlog.get_logger()

T = TypeVar("T")

CONNECT_S: Final = 5
LOCK_S: Final = 10
STATEMENT_S: Final = 20
TRANSACTION_S: Final = 60
"""The longest transaction: then its line is cut on this side, and by the server where it is we that hang."""
MIGRATION_S: Final = 3600
REPEATS: Final = 3
AGAIN_S: Final = 0.2
WRITERS_LOCK: Final = 0x64616F7A6861
"""The number of the advisory lock: "daozha". Advisory locks are a database's own."""


def arguments(url: URL) -> dict[str, str | int]:
    """Give the limits of a connection, but for those that its URL states."""
    ours: dict[str, str | int] = {
        "connect_timeout": CONNECT_S,
        "options": limits(LOCK_S, STATEMENT_S),
        "application_name": "daozha",
        "client_encoding": "utf8",
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
    }
    return {name: value for name, value in ours.items() if name not in url.query}


def limits(lock_s: float, statement_s: float) -> str:
    """Write the server's limits as a connection's options take them."""
    times = {"lock_timeout": lock_s, "statement_timeout": statement_s}
    return " ".join(f"-c {name}={int(seconds * 1000)}" for name, seconds in times.items())


def build(url: URL, *, read_only: bool, size: int, queues: bool = True) -> Engine:
    """Build an engine. `queues` is for writers: one after the other. Raises StoreError without the driver."""
    try:
        engine = create_engine(
            url,
            pool_size=size,
            max_overflow=0,
            hide_parameters=True,
            isolation_level="REPEATABLE READ" if read_only else "READ COMMITTED",
            connect_args=arguments(url),
        )
    except ModuleNotFoundError as error:
        raise StoreError('PostgreSQL needs psycopg: pip install "psycopg[binary]"') from error
    if read_only:
        engine.dialect.statement_compiler = _Unlocked
    event.listen(engine, "connect", partial(_prepare, read_only))
    event.listen(engine, "begin", _take_the_pen if queues and not read_only else _look)
    event.listen(engine, "before_cursor_execute", clean_parameters, retval=True)
    return engine


class _Unlocked(PGCompiler_psycopg):
    """Statements of readers: they lock no rows, as in SQLite, whatever a query that writers share asks for."""

    def for_update_clause(self, select: Select[Any], **_how: object) -> str:
        """Say nothing of locks."""
        return ""


def _prepare(read_only: bool, connection: "PgConnection[Any]", _record: object) -> None:
    """Set up a connection; the server's own settings may be anything."""
    from psycopg.adapt import Loader  # only here: a site on SQLite needs no driver

    class Number(Loader):
        """The sum of whole numbers is whole, and a mean is not, as in SQLite."""

        def load(self, data: "Buffer") -> int | float:
            text = bytes(data).decode("ascii")
            return int(text) if text.lstrip("-").isdecimal() else float(text)

    connection.adapters.register_loader("numeric", Number)
    connection.autocommit = True
    connection.execute("SET TIME ZONE 'UTC'")
    connection.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, false)", (f"{TRANSACTION_S}s",))
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
    if read_only:
        connection.execute("SET default_transaction_read_only = on")
    connection.autocommit = False


def _take_the_pen(connection: Connection) -> None:
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (WRITERS_LOCK,))


def _look(connection: Connection) -> None:
    """Fix the one view of a reader; a connection that has died meanwhile shows here, before any work."""
    connection.exec_driver_sql("SELECT 1")


def allow_time(connection: Connection, seconds: int) -> None:
    """Let the statements of this transaction take longer."""
    connection.exec_driver_sql("SELECT set_config('statement_timeout', %s, true)", (f"{seconds}s",))


def in_transaction(engine: Engine, work: Callable[[Connection], T], where: str, limit_s: float = TRANSACTION_S) -> T:
    """Run `work` in a transaction; again, if the server undid it for another's sake. Raises StoreError."""
    for attempt in range(1, REPEATS + 1):
        try:
            return _once(engine, work, where, limit_s)
        except DBAPIError as error:
            if not is_undone(error):
                raise
            log.warning("a transaction was undone by the server", attempt=attempt, why=reason(error))
            undone = error
    raise StoreError(f"{where}: undone by the server {REPEATS} times: nothing was written") from undone


def _once(engine: Engine, work: Callable[[Connection], T], where: str, limit_s: float) -> T:
    with ExitStack() as parts:
        with _telling(Step.BEGIN, where):
            connection = _begin(engine, limit_s, parts)
        with _telling(Step.WORK, where):
            answer = work(connection)
        with _telling(Step.COMMIT, where):
            connection.commit()
    return answer


@contextmanager
def _telling(step: Step, where: str) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if is_undone(error) or (meant := told(error, step, where)) is None:
            raise
        raise meant from error


def _begin(engine: Engine, limit_s: float, parts: ExitStack) -> Connection:
    """Begin a transaction. Nothing is done yet: a server that is away may come back while a connection may take."""
    until = monotonic() + float(str(engine.url.query.get("connect_timeout", CONNECT_S)))
    while True:
        with ExitStack() as attempt:
            try:
                connection = attempt.enter_context(engine.connect())
                attempt.enter_context(_limited(connection, limit_s))
                connection.begin()
            except DBAPIError as error:
                if not is_away(error) or monotonic() > until:
                    raise
            else:
                parts.enter_context(attempt.pop_all())
                return connection
        sleep(AGAIN_S)


@contextmanager
def _limited(connection: Connection, limit_s: float) -> Iterator[None]:
    """Cut the line when a transaction takes too long: a server that hangs answers nothing, not even its own limits."""
    driver = cast("PgConnection[Any]", connection.connection.driver_connection)
    with socket.socket(fileno=os.dup(driver.fileno())) as line:
        cut = Timer(limit_s, _cut, (line,))
        cut.daemon = True
        cut.start()
        try:
            yield
        finally:
            cut.cancel()


def _cut(line: socket.socket) -> None:
    log.error("a transaction took too long: its connection is cut")
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
