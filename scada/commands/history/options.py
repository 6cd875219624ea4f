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
_DEAD: Final = "scada.commands.history.dead"
_CHECK: Final = "scada.commands.history.check"
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
    _check(history, command, lazily)
    _dead(group(history, "dead", "lines that the history server refused for good"), command, lazily)


def _range(parser: argparse.ArgumentParser, from_default: str) -> None:
    parser.add_argument("--from", dest="since", metavar="TIME", help=f"{_TIME} (default: {from_default})")
    parser.add_argument("--to", dest="until", metavar="TIME", help="up to, but not including; the same (default: now)")


def _check(history: Adder, command: Command, lazily: Lazily) -> None:
    check = command(history, "check", "try on a history server all that the product needs", lazily(_CHECK, "check"))
    check.add_argument("--url", metavar="URL", help="like http://10.0.0.5:8086 (default: the one of config.toml)")
    check.add_argument("--bucket", metavar="NAME", help="with --url: bucket, or database, or database/policy")
    check.add_argument("--org", metavar="NAME", default="-", help="with --url: the organisation, for InfluxDB 2")
    check.add_argument("--token-file", type=Path, metavar="FILE", help="with --url: a file with the token, mode 0600")
    check.add_argument("--json", action="store_true", help="one JSON object for programs")


def _dead(dead: Adder, command: Command, lazily: Lazily) -> None:
    listed = command(dead, "list", "list them with what the server said", lazily(_DEAD, "show_list"))
    listed.add_argument("--limit", type=int, default=100, metavar="N", help="the oldest N (default: 100)")
    shown = command(dead, "show", "show one whole; 1 if there is none", lazily(_DEAD, "show"))
    shown.add_argument("id", type=int, metavar="ID", help="as `daozha history dead list` shows it")
    for one in (listed, shown):
        one.add_argument("--json", action="store_true", help="JSON for programs")
    for name, what in (("retry", "send lines again"), ("drop", "give lines up")):
        one = command(dead, name, f"{what}; 1 if none was found", lazily(_DEAD, name))
        which = one.add_mutually_exclusive_group(required=True)
        which.add_argument("ids", nargs="*", type=int, default=[], metavar="ID")
        which.add_argument("--all", action="store_true", help="all of them")
        one.add_argument("--by", metavar="NAME", help="who (default: who is at the terminal)")
        one.add_argument("--json", action="store_true", help="one JSON object for programs")
