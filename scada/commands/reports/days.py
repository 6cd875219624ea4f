"""What all reports over days share: which days are meant, books that are only read, and the three ways of telling."""

import argparse
import csv
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection

from scada.config import Config, ConfigError
from scada.reports.reading import last_day, midnight
from scada.store.db import database_url, looking

Found = TypeVar("Found")


def over_days(
    config: Config, asked: argparse.Namespace, read: Callable[[Connection, datetime, datetime], Found]
) -> tuple[date, date, Found]:
    """Read the days asked for; both ends included, and without any the last day on record."""
    zone = config.site.zone_info
    with looking(database_url(config)) as connection:
        if connection is None:
            raise ConfigError(f"{config.data}: there are no books here yet; has the site run?")
        newest = last_day(connection, config.site_id, zone) or date.min.replace(year=1970)
        last = asked.to or max(newest, asked.since or newest)
        first = asked.since or last
        return first, last, read(connection, midnight(first, zone), midnight(last + timedelta(days=1), zone))


def form_of(asked: argparse.Namespace) -> str:
    """Say in which form the answer is wanted."""
    return "json" if asked.json else str(asked.format)


def head_of(config: Config, first: date, last: date) -> dict[str, object]:
    """Begin the JSON of a report: whose, and of which days."""
    return {"site": config.site.id, "from": first.isoformat(), "to": last.isoformat(), "zone": config.site.zone}


def days(first: date, last: date) -> str:
    """Name the days in a title."""
    return first.isoformat() if first == last else f"{first} to {last}"


def write_json(content: Mapping[str, object]) -> None:
    """Write one JSON object on a line."""
    sys.stdout.write(json.dumps(content, ensure_ascii=False) + "\n")


def write_csv(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> None:
    """Write rows under column heads."""
    out = csv.DictWriter(sys.stdout, columns)
    out.writeheader()
    out.writerows(rows)
