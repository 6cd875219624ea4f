"""Times of a query, alike on both databases: cut to hours there, or fetched unread, so that few of many need be read.

A report of a month then reads hours, not every row.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, String, func, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType

T = TypeVar("T")
HOUR: Final = len("2026-04-01 08")
MINUTE: Final = len("2026-04-01 08:30")


class cut(FunctionElement[str]):
    """The beginning of a UTC time as text, `length` signs of it."""

    type = String()
    inherit_cache = False

    def __init__(self, column: ColumnElement[datetime], length: int) -> None:
        super().__init__(column)
        self.length = length


@compiles(cut, "sqlite")
def _in_sqlite(element: cut, compiler: SQLCompiler, **how: Any) -> str:  # noqa: ANN401  as SQLAlchemy hands it on
    return f"substr({compiler.process(element.clauses, **how)}, 1, {element.length})"


@compiles(cut, "postgresql")
def _in_postgresql(element: cut, compiler: SQLCompiler, **how: Any) -> str:  # noqa: ANN401  as SQLAlchemy hands it on
    column = compiler.process(element.clauses, **how)
    return f"substr(to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), 1, {element.length})"


def length_for(zone: tzinfo, at: datetime) -> int:
    """Say how long the beginning must be, so that no hour of a site's clock is cut in two."""
    beyond = at.astimezone(zone).utcoffset() or timedelta()
    return MINUTE if beyond % timedelta(hours=1) else HOUR


@lru_cache(4096)
def moment_of(text: str) -> datetime:
    """Give the moment that a cut time begins with."""
    whole = text if len(text) == MINUTE else f"{text}:00"
    return datetime.fromisoformat(whole).replace(tzinfo=UTC)


def unread(column: ColumnElement[datetime]) -> ColumnElement[Any]:
    """Fetch a time as the driver gives it: those of one column have an order, and `readers` read them."""
    return type_coerce(column, NullType())


def not_found_by(column: ColumnElement[T]) -> ColumnElement[T]:
    """Compare a column without looking rows up by it: SQLite would take its index, and another finds fewer."""
    return func.coalesce(column, column, type_=column.type)


def readers(
    dialect: str, hour_of: Callable[[datetime], datetime], length: int
) -> tuple[Callable[[Sequence[Any]], Sequence[datetime]], Callable[[Any], datetime]]:
    """Give what reads the hours of unread times, and what reads one whole; `hour_of` gives the hour of a moment."""
    if dialect != "sqlite":
        return lambda times: [hour_of(at) for at in times], lambda at: at.astimezone(UTC)
    known = _Hours(hour_of)
    return lambda texts: [known[text[:length]] for text in texts], lambda text: datetime.fromisoformat(f"{text}+00:00")


class _Hours(dict[str, datetime]):
    """The hours of cut times, each reckoned once."""

    def __init__(self, hour_of: Callable[[datetime], datetime]) -> None:
        super().__init__()
        self._hour_of = hour_of

    def __missing__(self, text: str) -> datetime:
        hour = self[text] = self._hour_of(moment_of(text))
        return hour
