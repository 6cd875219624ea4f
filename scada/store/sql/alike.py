"""PostgreSQL made to keep what SQLite keeps: whole numbers of 64 bits, texts of any length, sums that are whole.

The lengths in the schema say what is meant, and are enforced by neither. What neither can keep in a text
(NUL, half a surrogate pair) is replaced before it comes to either.
"""

import re
from collections.abc import Sequence

from sqlalchemy import Connection, Integer, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateColumn
from sqlalchemy.sql.compiler import DDLCompiler, TypeCompiler

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
INSTEAD = "�"


def storable(text: str) -> str:
    """Give a text that both databases keep as it is."""
    return _UNSTORABLE.sub(INSTEAD, text)


@compiles(Integer, "postgresql")
def _whole_number(_type: Integer, _compiler: TypeCompiler, **_how: object) -> str:
    return "BIGINT"


@compiles(String, "postgresql")
def _text(_type: String, _compiler: TypeCompiler, **_how: object) -> str:
    return "VARCHAR"


@compiles(CreateColumn, "postgresql")
def _column(column: CreateColumn, compiler: DDLCompiler, **how: object) -> str:
    """Count rows in 64 bits, too."""
    made = str(compiler.visit_create_column(column, **how))  # type: ignore[no-untyped-call]
    return made.replace(" SERIAL", " BIGSERIAL")


def clean_parameters(
    _connection: Connection, _cursor: object, statement: str, parameters: object, _context: object, _many: bool
) -> tuple[str, object]:
    """Replace what no text may hold, in every parameter of a statement (SQLAlchemy's `before_cursor_execute`)."""
    return statement, _clean(parameters)


def _clean(value: object) -> object:
    if isinstance(value, str):
        return storable(value) if _UNSTORABLE.search(value) else value
    if isinstance(value, list | tuple):
        return _cleaned(value)
    if isinstance(value, dict):
        return {name: _clean(one) for name, one in value.items()}
    return value


def _cleaned(values: Sequence[object]) -> Sequence[object]:
    clean = [_clean(one) for one in values]
    return tuple(clean) if isinstance(values, tuple) else clean
