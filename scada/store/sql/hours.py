"""Times cut to hours inside a query, alike on both databases: a report of a month then reads hours, not every row."""

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

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
