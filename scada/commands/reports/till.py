"""`daozha till`: the shifts of people's tills, from opening to hand-over."""

import argparse
from dataclasses import asdict
from datetime import date, datetime

from sqlalchemy.exc import SQLAlchemyError

from billing.counter import shifts
from billing.counter.words import Shift
from scada import say
from scada.commands.reports.days import days, form_of, head_of, over_days, write_csv, write_json
from scada.config import Config, ConfigError, load
from scada.model.money import Fen, yuan_text

_COLUMNS = (
    *("operator", "opened_at", "closed_at", "float_fen", "stays", "stays_fen", "arrears", "arrears_fen", "voids"),
    *("voids_fen", "expected_fen", "counted_fen", "difference_fen", "handed_to", "taken_by", "note"),
)


def tills(asked: argparse.Namespace) -> int:
    """Tell the shifts that were open in these days. 0, however many there are; 2: they cannot be read."""
    try:
        config = load(asked.config)
        first, last, found = over_days(
            config,
            asked,
            lambda conn, *span: [
                (shift, shifts.sums(conn, shift.id)) for shift in shifts.between(conn, config.site_id, *span)
            ],
        )
    except (ConfigError, SQLAlchemyError, OSError) as error:
        say.complain(str(error))
        return 2
    rows = [_row(config, shift, sums) for shift, sums in found if asked.operator in (None, shift.operator)]
    match form_of(asked):
        case "json":
            write_json({**head_of(config, first, last), "tills": rows})
        case "csv":
            write_csv(rows, _COLUMNS)
        case _:
            _show(config, first, last, rows)
    return 0


def _row(config: Config, shift: Shift, sums: dict[str, int]) -> dict[str, object]:
    told = {**asdict(shift), **sums, "difference_fen": shift.difference_fen}
    told["handed_to"] = shift.handed_to.value if shift.handed_to else None
    for name in ("opened_at", "closed_at"):
        at = told[name]
        if isinstance(at, datetime):
            told[name] = at.astimezone(config.site.zone_info).isoformat(timespec="seconds")
    return {name: told[name] for name in _COLUMNS}


def _show(config: Config, first: date, last: date, rows: list[dict[str, object]]) -> None:
    say.tell(f"{config.site.name_en}: tills, {days(first, last)} ({config.site.zone}); amounts in yuan")
    for row in rows:
        taken = f"{row['stays']} stays {_yuan(row, 'stays_fen')}, {row['arrears']} debts {_yuan(row, 'arrears_fen')}"
        back = f", {row['voids']} taken back {_yuan(row, 'voids_fen')}" if row["voids"] else ""
        say.tell(f"{row['operator']}, from {row['opened_at']}: float {_yuan(row, 'float_fen')}; {taken}{back}")
        if row["closed_at"] is None:
            say.tell("  still open")
            continue
        counted = f"{_yuan(row, 'counted_fen')} of {_yuan(row, 'expected_fen')}: {_yuan(row, 'difference_fen')}"
        note = f"; {row['note']}" if row["note"] else ""
        say.tell(f"  to {row['closed_at']}: counted {counted}; to {row['handed_to']}, with {row['taken_by']}{note}")


def _yuan(row: dict[str, object], name: str) -> str:
    amount = row[name]
    return yuan_text(Fen(amount)) if isinstance(amount, int) else ""
