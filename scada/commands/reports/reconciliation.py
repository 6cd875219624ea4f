"""`daozha report reconciliation`: our orders, WeChat's bills and the bank, day by day."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

from sqlalchemy.exc import SQLAlchemyError

from scada import say
from scada.commands.reports.days import days, form_of, head_of, over_days, write_csv, write_json
from scada.config import Config, ConfigError, load
from scada.model.money import Fen, yuan_text
from scada.reports.reconciliation import ChannelDay, read_channel

_COLUMNS = (*ChannelDay.__dataclass_fields__, "agrees")


def reconciliation(asked: argparse.Namespace) -> int:
    """Tell how the channel agrees. 0: every day does; 1: one does not, or is not compared; 2: it cannot be read."""
    try:
        config = load(asked.config)
        zone = config.site.zone_info
        first, last, found = over_days(
            config, asked, lambda conn, since, until: read_channel(conn, config.site_id, since, until, zone)
        )
    except (ConfigError, SQLAlchemyError, OSError) as error:
        say.complain(str(error))
        return 2
    match form_of(asked):
        case "json":
            write_json({**head_of(config, first, last), "days": [_row(one) for one in found]})
        case "csv":
            write_csv([_row(one) for one in found], _COLUMNS)
        case _:
            _show(config, first, last, found)
    return 0 if all(one.agrees for one in found) else 1


def _row(one: ChannelDay) -> dict[str, object]:
    return {**asdict(one), "day": one.day.isoformat(), "agrees": one.agrees}


def _show(config: Config, first: date, last: date, found: Sequence[ChannelDay]) -> None:
    lines = [
        (
            f"{one.day:%m-%d}",
            f"{one.orders}",
            _yuan(one.taken_fen),
            _yuan(one.given_back_fen),
            one.state or "no bill",
            f"{one.billed}",
            _yuan(one.came_fen),
            _yuan(one.went_fen),
            _yuan(one.bill_fee_fen),
            f"{one.differences + one.unexplained}",
            _yuan(one.bank_fen),
            "" if one.held_fen is None else _yuan(one.held_fen),
            _yuan(one.ledger_fen),
        )
        for one in found
    ]
    columns = (
        *("day", "orders", "taken", "given back", "bill", "rows", "came", "went", "fee"),
        *("differ", "to the bank", "WeChat held", "ledger says"),
    )
    say.show_table(f"{config.site.name_en}: our orders, WeChat's bills, the bank, {days(first, last)}", columns, lines)
    taken, bank, fee = (sum(getattr(one, name) for one in found) for name in ("taken_fen", "bank_fen", "fee_fen"))
    say.tell(f"{_yuan(taken)} yuan taken, {_yuan(fee)} yuan of fees, {_yuan(bank)} yuan paid out to the bank")
    wrong = [one.day.isoformat() for one in found if not one.agrees]
    say.tell(f"not in agreement: {', '.join(wrong)}" if wrong else "every day agrees")


def _yuan(amount: int) -> str:
    return yuan_text(Fen(amount))
