"""`daozha report periods`: what each time outside AUTO cost, and whose stays it may have left open."""

import argparse
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from scada import say
from scada.commands.reports.days import days, form_of, head_of, over_days, write_csv, write_json
from scada.config import Config, ConfigError, load
from scada.model.money import Fen, yuan_text
from scada.reports.ghosts import Ghost
from scada.reports.periodbooks import read_books
from scada.reports.periods import Told, reckon
from scada.store.db import StoreError

_COLUMNS = ("lane", "mode", "began", "ended", "minutes", "by", "second", "reason", "note", "ended_by")
_COUNTS = ("counted_out", "lost_fen", "without_plate", "uncounted", "ghosts", "stocktake")


def periods(asked: argparse.Namespace) -> int:
    """Tell every period outside AUTO. 0, whatever they cost; 2: they cannot be read."""
    try:
        config = load(asked.config)
        first, last, books = over_days(config, asked, lambda conn, *span: read_books(conn, config.site_id, *span))
    except (ConfigError, StoreError, SQLAlchemyError, OSError) as error:
        say.complain(str(error))
        return 2
    ways_out = frozenset(lane.name for lane in config.lanes if lane.direction != "entry")
    told = reckon(books, ways_out, timedelta(hours=config.limits.stay_hours))
    row = partial(_row, config)
    match form_of(asked):
        case "json":
            rows = [{**row(one), **_more(config, one)} for one in told]
            lost = sum(one.lost_fen for one in told)
            write_json({**head_of(config, first, last), "periods": rows, "lost_fen": lost})
        case "csv":
            write_csv([row(one) for one in told], (*_COLUMNS, *_COUNTS))
        case _:
            _show(config, first, last, told)
    return 0


def _row(config: Config, told: Told) -> dict[str, object]:
    period = told.period
    return {
        "lane": period.lane,
        "mode": period.mode,
        "began": _at(config, period.began_at),
        "ended": _at(config, period.ended_at) if period.ended_at else "",
        "minutes": round(told.lasted.total_seconds() / 60, 1),
        "by": period.by,
        "second": period.second,
        "reason": period.reason,
        "note": period.note,
        "ended_by": period.ended_by or "",
        "counted_out": len(told.left),
        "lost_fen": told.lost_fen,
        "without_plate": told.without_plate,
        "uncounted": len(told.uncounted),
        "ghosts": len(told.ghosts),
        "stocktake": told.asks_stocktake,
    }


def _more(config: Config, told: Told) -> dict[str, object]:
    """Name what the row only counts."""
    return {
        "left": [{"stay": one.stay, "plate": one.plate, "lost_fen": one.lost_fen} for one in told.left],
        "uncounted": [{"passage": one.id, "plate": one.plate, "note": one.note} for one in told.uncounted],
        "ghosts": [_ghost(config, one) for one in told.ghosts],
        "uncertain": list(told.doubts),
    }


def _ghost(config: Config, ghost: Ghost) -> dict[str, object]:
    stay = ghost.stay
    entered = _at(config, stay.entered_at)
    of = {"stay": stay.id, "plate": stay.plate, "entered": entered, "lane": stay.lane}
    return {**of, "why": ghost.evidence.value, "passage": ghost.passage}


def _at(config: Config, at: datetime) -> str:
    return at.astimezone(config.site.zone_info).isoformat(timespec="seconds")


def _show(config: Config, first: date, last: date, told: Sequence[Told]) -> None:
    lines = [_line(config, one) for one in told]
    columns = ("lane\nmode", "began\nlasted", "who", "why", "out", "lost\nyuan", "no\nplate", "un-\ncounted")
    say.show_table(f"{config.site.name_en}: periods, {days(first, last)} ({config.site.zone})", columns, lines)
    for one in told:
        _show_ghosts(config, one)
    lost = yuan_text(Fen(sum(one.lost_fen for one in told)))
    say.tell(f"{len(told)} periods, {sum(len(one.left) for one in told)} cars counted out, {lost} yuan lost")


def _line(config: Config, told: Told) -> tuple[str, ...]:
    period = told.period
    minutes = f"{told.lasted.total_seconds() / 60:.1f} min"
    goes_on = f"{minutes}, goes on"
    return (
        f"{period.lane}\n{period.mode}",
        f"{period.began_at.astimezone(config.site.zone_info):%m-%d %H:%M}\n{minutes if period.ended_at else goes_on}",
        "\n+ ".join(who for who in (period.by, period.second) if who),
        "\n".join(why for why in (period.reason, period.note) if why),
        str(len(told.left)),
        yuan_text(Fen(told.lost_fen)),
        str(told.without_plate),
        str(len(told.uncounted)),
    )


def _show_ghosts(config: Config, told: Told) -> None:
    """List the stays proposed for closing, and ask for the stocktake."""
    period = told.period
    of = f"{period.mode} of {period.lane}, {period.began_at.astimezone(config.site.zone_info):%Y-%m-%d %H:%M}"
    if told.ghosts:
        say.tell(f"after {of}, proposed for closing (nothing is closed by itself):")
    for ghost in told.ghosts:
        stay = ghost.stay
        entered = f"{stay.entered_at.astimezone(config.site.zone_info):%Y-%m-%d %H:%M}"
        say.tell(f"  {stay.plate}  in since {entered}  stay {stay.id}: {ghost.evidence.value} ({ghost.passage})")
    if told.asks_stocktake:
        listed = ", ".join(str(doubt) for doubt in told.doubts)
        settle = (
            f"; then settle {listed}: daozha uncertain settle ID --outcome inside|gone|no-car --by NAME"
            if listed
            else ""
        )
        count = len(told.uncounted)
        say.tell(f"after {of}: please take stock of who is inside, {count} went out uncounted{settle}")
