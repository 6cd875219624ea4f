"""`daozha report visitors`: whom each host announced, who came, and what that cost it."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy.exc import SQLAlchemyError

from billing.bookings.book import rules_of
from billing.bookings.report import VisitorRow, read_visitors, sums
from scada import say
from scada.clock import clock_from
from scada.commands.reports.days import days, form_of, head_of, over_days, write_csv, write_json
from scada.config import Config, ConfigError, load
from scada.model.money import yuan_text

_ONE_BY_ONE = ("from", "to", "plate", "pays", "state", "came", "host's part", "note")
_SUMS = ("host", "booked", "came", "missed", "withdrawn", "visits", "let off", "host's part")


def visitors(asked: argparse.Namespace) -> int:
    """Tell the visitors of some days, host by host. 2: they cannot be read."""
    try:
        config = load(asked.config)
        rules, at, host = rules_of(config.visitors, config.limits), clock_from().now(), asked.host or ""
        first, last, rows = over_days(
            config, asked, lambda conn, since, until: read_visitors(conn, config.site_id, rules, at, since, until, host)
        )
    except (ConfigError, SQLAlchemyError, OSError) as error:
        say.complain(str(error))
        return 2
    match form_of(asked):
        case "json":
            told = {"hosts": [asdict(one) for one in sums(rows)], "visitors": [_row(config, one) for one in rows]}
            write_json({**head_of(config, first, last), **told})
        case "csv":
            write_csv([_row(config, one) for one in rows], tuple(VisitorRow.__dataclass_fields__))
        case _:
            title = f"{config.site.name_en}: visitors, {days(first, last)} ({config.site.zone})"
            say.show_table(title, *((_ONE_BY_ONE, _cells(config, rows)) if host else (_SUMS, _sums(rows))))
    return 0


def _row(config: Config, one: VisitorRow) -> dict[str, object]:
    zone = config.site.zone_info
    since, until = (at.astimezone(zone).isoformat(timespec="minutes") for at in (one.since, one.until))
    return {**asdict(one), "since": since, "until": until}


def _cells(config: Config, rows: Sequence[VisitorRow]) -> list[tuple[str, ...]]:
    zone = config.site.zone_info
    return [
        (
            *(f"{at.astimezone(zone):%m-%d %H:%M}" for at in (one.since, one.until)),
            one.plate,
            one.pays if not one.value else f"{one.pays}:{one.value}",
            one.state,
            str(one.came),
            yuan_text(one.part_fen),
            one.note,
        )
        for one in rows
    ]


def _sums(rows: Sequence[VisitorRow]) -> list[tuple[str, ...]]:
    return [
        (
            one.host,
            *(str(number) for number in (one.booked, one.came, one.missed, one.withdrawn, one.visits)),
            yuan_text(one.let_off_fen),
            yuan_text(one.part_fen),
        )
        for one in sums(rows)
    ]
