"""`daozha report openings`: was every opening right?"""

import argparse
import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from scada import say
from scada.commands.reports.days import days, form_of, head_of, over_days, write_json
from scada.config import Config, ConfigError, load
from scada.model.handshake import PassageOutcome, RiseCause
from scada.model.lane.words import Ending
from scada.reports.differences import Item, Link
from scada.reports.openings import Row, reckon
from scada.reports.reading import read_facts
from scada.reports.stories import BY_HAND
from scada.store.db import StoreError

NOWHERE = "—"
"""The lane of a stay that ended at no lane."""


def openings(asked: argparse.Namespace) -> int:
    """Reconcile openings, causes, commands, passages and stays. 0: all explained; 1: not all; 2: cannot be read."""
    try:
        config = load(asked.config)
        first, last, rows = _reckoned(config, asked)
    except (ConfigError, StoreError, SQLAlchemyError, OSError) as error:
        say.complain(str(error))
        return 2
    if asked.lane is not None:
        rows = [row for row in rows if row.lane == asked.lane]
    form = form_of(asked)
    if form == "json":
        write_json(_as_json(config, first, last, rows))
    elif form == "csv":
        _write_csv(config, rows)
    else:
        _show(config, first, last, rows)
    return 1 if any(row.unexplained for row in rows) else 0


def _reckoned(config: Config, asked: argparse.Namespace) -> tuple[date, date, Sequence[Row]]:
    """Reckon the days asked for."""
    lanes = [lane.name for lane in config.lanes]
    if asked.lane is not None and asked.lane not in lanes:
        raise ConfigError(f"there is no lane {asked.lane!r}; the site has {', '.join(lanes)}")
    zone = config.site.zone_info

    def read(connection: Connection, since: datetime, until: datetime) -> Sequence[Row]:
        return reckon(read_facts(connection, config.site_id, since, until), zone, since, until)

    return over_days(config, asked, read)


def _as_json(config: Config, first: date, last: date, rows: Sequence[Row]) -> dict[str, object]:
    items = [item for row in rows for item in row.items]
    return {
        **head_of(config, first, last),
        "rows": [_row_json(config, row) for row in rows],
        "unexplained": [_item_json(config, item) for item in items if item.unexplained],
        "by_hand": [_item_json(config, item) for item in items if _is_by_hand(item)],
    }


def _row_json(config: Config, row: Row) -> dict[str, object]:
    return {
        "hour": row.hour.astimezone(config.site.zone_info).isoformat(),
        "lane": row.lane,
        "openings": row.openings,
        "causes": dict(row.causes),
        "commands": row.commands,
        "passages": row.outcomes.total(),
        "outcomes": dict(row.outcomes),
        "notes": dict(row.notes),
        "through": row.through,
        "stays_begun": row.begun,
        "stays_ended": dict(row.endings),
        "differences": {link.value: row.differences(link) for link in Link},
        "unexplained": row.unexplained,
    }


def _item_json(config: Config, item: Item) -> dict[str, object]:
    return {
        "lane": item.lane,
        "at": item.at.astimezone(config.site.zone_info).isoformat(timespec="milliseconds"),
        "between": item.link.value,
        "name": item.name,
        "change": item.change,
        "count": item.count,
        "number": item.number,
        "passage": item.passage,
        "picture": item.picture,
    }


_CAUSES = [cause.name for cause in RiseCause]
_OUTCOMES = [outcome.name for outcome in PassageOutcome]
_ENDINGS = [ending.value for ending in Ending]


def _write_csv(config: Config, rows: Iterable[Row]) -> None:
    """Write one line a lane and hour, with a column for whatever may be counted."""
    out = csv.writer(sys.stdout)
    links = [link.value for link in Link]
    head = ["hour", "lane", "openings", *_CAUSES, "commands", *_OUTCOMES, "through", "begun", *_ENDINGS]
    out.writerow([*head, *links, "unexplained"])
    for row in rows:
        counts = [row.openings, *(row.causes[cause] for cause in _CAUSES), row.commands]
        counts += [*(row.outcomes[outcome] for outcome in _OUTCOMES), row.through, row.begun]
        counts += [row.endings[ending] for ending in _ENDINGS]
        named = [_changes(row.differences(link)) for link in Link]
        hour = row.hour.astimezone(config.site.zone_info).isoformat()
        out.writerow([hour, row.lane, *counts, *named, row.unexplained])


def _show(config: Config, first: date, last: date, rows: Sequence[Row]) -> None:
    zone = config.site.zone_info
    lines = [
        (
            f"{row.hour.astimezone(zone):%m-%d %H:%M}",
            row.lane or NOWHERE,
            f"{row.openings}: {_counts(row.causes)}" if row.openings else "0",
            str(row.commands),
            _counts({**row.outcomes, **row.notes}),
            _counts({"begun": row.begun, **row.endings}),
            "\n".join(f"{link.value}: {_changes(named)}" for link in Link if (named := row.differences(link))),
            str(row.unexplained),
        )
        for row in rows
    ]
    columns = ("hour", "lane", "openings", "cmds", "passages", "stays", "differences", "?")
    say.show_table(f"{config.site.name_en}: openings, {days(first, last)} ({config.site.zone})", columns, lines)
    items = [item for row in rows for item in row.items]
    _show_items(config, "by hand, to be looked at", [item for item in items if _is_by_hand(item)])
    unexplained = [item for item in items if item.unexplained]
    _show_items(config, "unexplained", unexplained)
    say.tell(f"{sum(row.openings for row in rows)} openings, {len(unexplained)} unexplained")


def _show_items(config: Config, title: str, items: Sequence[Item]) -> None:
    if not items:
        return
    say.tell(f"{title}:")
    for item in items:
        at = item.at.astimezone(config.site.zone_info)
        rise = "" if item.count is None else f", rise {item.count}"
        passage = item.passage or ("none" if item.number is None else f"number {item.number}")
        picture = item.picture or "none kept"
        of = f"{rise}, passage {passage}, picture {picture}"
        say.tell(f"  {at:%Y-%m-%d %H:%M:%S}  {item.lane or NOWHERE}  {item.name} ({item.link.value}){of}")


def _is_by_hand(item: Item) -> bool:
    return item.link is Link.PASSAGES and item.name in BY_HAND and item.count is not None


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {times}" for name, times in counts.items() if times)


def _changes(changes: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {change:+d}" for name, change in changes.items())
