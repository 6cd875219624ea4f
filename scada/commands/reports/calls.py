"""`daozha report calls`: every call for help, how long it waited, and how it ended."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

from sqlalchemy.exc import SQLAlchemyError

from scada import say
from scada.commands.reports.days import days, form_of, head_of, over_days, write_csv, write_json
from scada.config import Config, ConfigError, load
from scada.reports.calls import TARGET_S, CallRow, read_calls, sums


def calls(asked: argparse.Namespace) -> int:
    """Tell every call for help. 0, however many there are; 2: they cannot be read."""
    try:
        config = load(asked.config)
        first, last, rows = over_days(config, asked, lambda conn, *span: read_calls(conn, config.site_id, *span))
    except (ConfigError, SQLAlchemyError, OSError) as error:
        say.complain(str(error))
        return 2
    match form_of(asked):
        case "json":
            found = [_row(config, one) for one in rows]
            write_json({**head_of(config, first, last), "calls": found, "sums": asdict(sums(rows))})
        case "csv":
            write_csv([_row(config, one) for one in rows], tuple(CallRow.__dataclass_fields__))
        case _:
            _show(config, first, last, rows)
    return 0


def _row(config: Config, one: CallRow) -> dict[str, object]:
    return {**asdict(one), "at": one.at.astimezone(config.site.zone_info).isoformat(timespec="seconds")}


def _show(config: Config, first: date, last: date, rows: Sequence[CallRow]) -> None:
    lines = [
        (
            f"{one.at.astimezone(config.site.zone_info):%m-%d %H:%M:%S}",
            one.lane,
            one.by,
            str(one.presses),
            one.answered_by,
            _seconds(one.answered_after_s),
            _seconds(one.handled_s),
            one.outcome,
        )
        for one in rows
    ]
    columns = ("time", "lane", "by", "presses", "answered by", "after, s", "handled, s", "outcome")
    say.show_table(f"{config.site.name_en}: calls for help, {days(first, last)} ({config.site.zone})", columns, lines)
    every = sums(rows)
    say.tell(
        f"{every.calls} calls, {every.unanswered} that nobody answered, {every.in_time} answered within {TARGET_S:g} s;"
        f" answered after {_seconds(every.answer_median_s)} s (median), {_seconds(every.answer_worst_s)} s (longest);"
        f" handled in {_seconds(every.handle_median_s)} s (median)"
    )


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
