"""`daozha report by-hand`: every opening by a person, and what it cost."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

from sqlalchemy.exc import SQLAlchemyError

from scada import say
from scada.commands.reports.days import days, form_of, head_of, over_days, write_csv, write_json
from scada.config import Config, ConfigError, load
from scada.model.money import Fen, yuan_text
from scada.reports.byhand import ByHand, read_by_hand, sums
from scada.store.db import StoreError

_COLUMNS = (*ByHand.__dataclass_fields__, "to_review")


def by_hand(asked: argparse.Namespace) -> int:
    """Tell every opening by a person. 0, however many there are; 2: they cannot be read."""
    try:
        config = load(asked.config)
        first, last, openings = over_days(config, asked, lambda conn, *span: read_by_hand(conn, config.site_id, *span))
    except (ConfigError, StoreError, SQLAlchemyError, OSError) as error:
        say.complain(str(error))
        return 2
    match form_of(asked):
        case "json":
            rows = [_row(config, one) for one in openings]
            totals = [asdict(one) for one in sums(openings)]
            write_json({**head_of(config, first, last), "by_hand": rows, "sums": totals})
        case "csv":
            write_csv([_row(config, one) for one in openings], _COLUMNS)
        case _:
            _show(config, first, last, openings)
    return 0


def _row(config: Config, one: ByHand) -> dict[str, object]:
    at = one.at.astimezone(config.site.zone_info).isoformat(timespec="seconds")
    return {**asdict(one), "at": at, "to_review": one.is_to_be_reviewed}


def _show(config: Config, first: date, last: date, openings: Sequence[ByHand]) -> None:
    lines = [
        (
            f"{one.at.astimezone(config.site.zone_info):%m-%d %H:%M:%S}",
            one.lane,
            " + ".join(who for who in (one.person, one.second) if who),
            f"{one.reason}, to be reviewed" if one.is_to_be_reviewed else one.reason,
            one.note,
            one.plate,
            _yuan(one.owed_fen),
            _yuan(one.waived_fen),
        )
        for one in openings
    ]
    columns = ("time", "lane", "who", "reason", "note", "plate", "owed, yuan", "waived, yuan")
    title = f"{config.site.name_en}: opened by hand, {days(first, last)} ({config.site.zone})"
    say.show_table(title, columns, lines)
    for each in sums(openings):
        amounts = f"{_yuan(each.owed_fen)} yuan owed, {_yuan(each.waived_fen)} yuan waived"
        say.tell(f"{each.reason}: {each.openings} openings, {amounts}")
    review = sum(one.is_to_be_reviewed for one in openings)
    say.tell(f"{len(openings)} openings by hand, {review} to be reviewed")


def _yuan(amount: int | None) -> str:
    return "" if amount is None else yuan_text(Fen(amount))
