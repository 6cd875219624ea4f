"""`daozha report plates`: how well each camera read, by hour, and the reads that were rejected."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

from sqlalchemy.exc import SQLAlchemyError

from scada import say
from scada.commands.reports.days import days, form_of, head_of, over_days, write_csv, write_json
from scada.config import Config, ConfigError, load
from scada.model.camera.reading import ReadRow
from scada.reports.plates import Hour, by_hour, read_plates
from scada.store.db import StoreError

_LAST = 20


def plates(asked: argparse.Namespace) -> int:
    """Tell how well the cameras read. 0, however well; 2: it cannot be read."""
    try:
        config = load(asked.config)
        first, last, rows = over_days(config, asked, lambda conn, *span: read_plates(conn, config.site_id, *span))
    except (ConfigError, StoreError, SQLAlchemyError, OSError) as error:
        say.complain(str(error))
        return 2
    hours, rejected = by_hour(rows), [row for row in rows if not row.is_read]
    match form_of(asked):
        case "json":
            told = {"hours": [_hour(config, one) for one in hours], "rejected": [_row(config, one) for one in rejected]}
            write_json({**head_of(config, first, last), **told})
        case "csv":
            write_csv([_hour(config, one) for one in hours], tuple(Hour.__dataclass_fields__))
        case _:
            _show(config, first, last, hours, rejected)
    return 0


def _hour(config: Config, one: Hour) -> dict[str, object]:
    return {**asdict(one), "hour": one.hour.astimezone(config.site.zone_info).isoformat(timespec="minutes")}


def _row(config: Config, row: ReadRow) -> dict[str, object]:
    return {**asdict(row), "at": row.at.astimezone(config.site.zone_info).isoformat(timespec="seconds")}


def _show(config: Config, first: date, last: date, hours: Sequence[Hour], rejected: Sequence[ReadRow]) -> None:
    zone = config.site.zone_info
    lines = [
        (
            f"{one.hour.astimezone(zone):%m-%d %H:%M}",
            one.camera,
            str(one.passages),
            _percent(one.read_rate),
            _percent(one.under_gate),
            _percent(one.corrected),
            _figure(one.confidence_p10),
            _figure(one.confidence_p50),
        )
        for one in hours
    ]
    columns = ("hour", "camera", "passages", "read", "too faint", "corrected", "p10", "p50")
    say.show_table(f"{config.site.name_en}: plates read, {days(first, last)} ({config.site.zone})", columns, lines)
    for row in rejected[-_LAST:]:
        say.tell(f"{row.at.astimezone(zone):%m-%d %H:%M:%S} {row.camera}: {row.why}, picture {row.picture or 'none'}")
    say.tell(f"{len(rejected)} rejected reads{f', the last {_LAST} above' if len(rejected) > _LAST else ''}")


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share * 100:.1f} %"


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
