"""The words and options of `daozha history`. It imports argparse alone."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final

Adder = Callable[..., argparse.ArgumentParser]
Run = Callable[[argparse.Namespace], int]
Command = Callable[[Adder, str, str, Run], argparse.ArgumentParser]
Group = Callable[[Adder, str, str], Adder]
Lazily = Callable[[str, str], Run]

_QUERY: Final = "scada.commands.history.query"
_EXPORT: Final = "scada.commands.history.export"
_TIME: Final = "like 2026-05-01 or 2026-05-01T08:00, the site's own time"


def add_history(add: Adder, group: Group, command: Command, lazily: Lazily) -> None:
    """Add the commands of the time series."""
    history = group(add, "history", "what tags did: time series")
    names = command(history, "tags", "list the tags that have history", lazily(_QUERY, "tags"))
    names.add_argument("patterns", nargs="*", metavar="TAG", help="tags or patterns such as 'out1.gate.*'")
    names.add_argument("--json", action="store_true", help="one JSON object for programs")
    query = command(history, "query", "show a trend of tags", lazily(_QUERY, "query"))
    query.add_argument("patterns", nargs="+", metavar="TAG", help="tags or patterns such as 'out1.gate.*'")
    _range(query, "a day before that")
    query.add_argument("--pixels", type=int, default=24, metavar="N", help="in so many parts at most (default: 24)")
    query.add_argument("--json", action="store_true", help="one JSON object for programs")
    export = command(history, "export", "write all points of a range to a file", lazily(_EXPORT, "export"))
    export.add_argument(
        "--tag", dest="patterns", action="append", metavar="TAG", help="a tag or a pattern; again for more (all)"
    )
    _range(export, "the beginning")
    export.add_argument("--format", choices=("csv", "parquet"), default="csv")
    export.add_argument("--out", type=Path, metavar="FILE", help="where to (CSV: standard output)")


def _range(parser: argparse.ArgumentParser, from_default: str) -> None:
    parser.add_argument("--from", dest="since", metavar="TIME", help=f"{_TIME} (default: {from_default})")
    parser.add_argument("--to", dest="until", metavar="TIME", help="up to, but not including; the same (default: now)")
