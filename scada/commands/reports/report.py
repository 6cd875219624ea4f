"""`daozha report NAME`: makes one report of the list in the form that is wanted."""

import argparse
import os
import sys
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from scada import say
from scada.commands.reports.books import made_of_books
from scada.config import ConfigError, load
from scada.model.reports import FORMATS, report_named
from scada.reports.documents.asked import NoSuchDays
from scada.reports.documents.document import Report
from scada.reports.forms.cells import Tongue, tongue
from scada.reports.forms.data import csv_text, json_text
from scada.reports.forms.files import written
from scada.reports.forms.screen import show
from scada.store.db import StoreError

_ENDINGS = {".zip": "csv", ".htm": "html"}


def report(asked: argparse.Namespace) -> int:
    """Make a report. 0; 1: it has found something that needs a person; 2: it could not be made."""
    listed = report_named(asked.report)
    assert listed is not None  # noqa: S101  # the parser knows no other
    try:
        config = load(asked.config)
        with say.patience(f"{listed.title} …"):
            chosen = {one.key: getattr(asked, one.key) for one in listed.options}
            options = {key: value for key, value in chosen.items() if value is not None}
            found = made_of_books(config, listed, asked.since, asked.to, options)
        _give(found, tongue(asked.language, config.site.zone_info), asked)
    except (ConfigError, NoSuchDays, StoreError, SQLAlchemyError, OSError) as error:
        say.complain(str(error))
        return 2
    return 0 if found.agrees else 1


def _give(found: Report, speaks: Tongue, asked: argparse.Namespace) -> None:
    form = _form(asked)
    if asked.out is not None:
        _write(asked.out, written(found, speaks, form).content)
    elif form == "table":
        show(found, speaks)
    elif form == "json":
        sys.stdout.write(json_text(found, speaks))
    elif form == "csv":
        _write_csv(found, speaks)
    elif sys.stdout.isatty():
        raise ConfigError(f"{form} is nothing for a screen: write it to a file with --out FILE")
    else:
        sys.stdout.buffer.write(written(found, speaks, form).content)


def _form(asked: argparse.Namespace) -> str:
    """Say in which form the report is wanted: as told, as the file's name says, or on the screen."""
    told = "json" if asked.json else asked.format
    if asked.out is None:
        return told or "table"
    form: str = told or _ENDINGS.get(asked.out.suffix, asked.out.suffix[1:])
    if form not in FORMATS:
        raise ConfigError(f"{asked.out}: a file is one of {', '.join(FORMATS)}: say which with --format")
    return form


def _write(path: Path, content: bytes) -> None:
    """Write a whole file or none."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _write_csv(found: Report, speaks: Tongue) -> None:
    first, *more = found.tables
    sys.stdout.write(csv_text(first, speaks))
    if more:
        say.note(f"also in this report: {', '.join(one.name for one in more)}; --out FILE.zip writes all its tables")
