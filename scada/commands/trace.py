"""`daozha tags trace`: what a lane's black box wrote down around a fault."""

import argparse
import csv
import sys
from dataclasses import astuple
from pathlib import Path

from scada import say
from scada.config import ConfigError, load
from scada.engine.trace.file import Line, read
from scada.store.blackbox import NoBlackBox


def show(asked: argparse.Namespace) -> int:
    """List the files of the site, or show one. 1 if there is none, 2 if it cannot be read."""
    try:
        return _show(asked.file, as_csv=asked.csv) if asked.file else _list(load(asked.config).blackbox)
    except (ConfigError, NoBlackBox) as error:
        say.complain(str(error))
        return 2


def _list(folder: Path) -> int:
    files = sorted(folder.glob("*.jsonl"), reverse=True)
    for file in files:
        say.tell(str(file))
    if not files:
        say.note(f"no fault has been written down in {folder}")
    return 0 if files else 1


def _show(file: Path, *, as_csv: bool) -> int:
    head, rows = read(file)
    columns = ("s", "what", "tag", "told")
    if as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerows([columns, *(astuple(row) for row in rows)])
        return 0
    title = f"{head['lane']}: {head['fault']} at {head['at']}; s is seconds from then"
    say.show_table(title, columns, [_cells(row) for row in rows])
    return 0


def _cells(row: Line) -> tuple[str, ...]:
    return (row.s, row.what, row.about, row.told)
