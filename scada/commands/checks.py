"""`daozha check`, `tags lint`, `quote`: what can be said about a configuration without running it."""

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path

from billing.tariff import LineKind, Priced, Tariff, price
from lpr.backend import described, outlook
from scada import say
from scada.check import check, has_errors
from scada.check.online import Reached, reach_all
from scada.check.report import as_json, show
from scada.config import Config, ConfigError, load
from scada.model.money import yuan_text


def check_site(asked: argparse.Namespace) -> int:
    """Tell every mistake. 2 if there is an error."""
    file: Path = asked.config
    mistakes = check(file)
    reached: list[Reached] = []
    if asked.online and not has_errors(mistakes):
        reached, unreached = reach_all(load(file), file)
        mistakes += unreached
    elif asked.online:
        say.note("--online: nothing was reached out to; mend the mistakes below first")
    reader = "" if has_errors(mistakes) else _reader(load(file))
    if asked.json:
        sys.stdout.write(as_json(file, mistakes, reached, reader) + "\n")
    else:
        show(file, mistakes, reached, reader)
    return 2 if has_errors(mistakes) else 0


def _reader(config: Config) -> str:
    """Say which back end reads plates, and why not the others."""
    able, refused = outlook(config.lpr.back_end) if config.cameras else (None, ())
    return described(able, refused) if able else ""


def quote(asked: argparse.Namespace) -> int:
    """Price a stay with the site's tariff and explain each line. 2 if it cannot be priced."""
    try:
        config = load(asked.config)
        entry, leave = _moment(asked.entry, config), _moment(asked.exit, config)
    except (ConfigError, ValueError) as error:
        say.complain(str(error))
        return 2
    if leave < entry:
        say.complain(f"the exit {asked.exit} is before the entry {asked.entry}")
        return 2
    priced = price(Tariff.from_terms(config.tariff.model_dump()), entry, leave, config.site.zone_info)
    if asked.json:
        lines = [line.to_json() for line in priced.lines]
        answer = {"total_fen": priced.total_fen, "minutes": priced.minutes, "lines": lines}
        sys.stdout.write(json.dumps(answer) + "\n")
    else:
        _show_price(priced)
    return 0


def _moment(text: str, config: Config) -> datetime:
    """Read a time; without an offset it is the site's own."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=config.site.zone_info)


_KINDS = {LineKind.FREE: "free", LineKind.CHARGE: "charge", LineKind.CAP: "cap of 24 h"}


def _show_price(priced: Priced) -> None:
    rows = [
        (
            f"{line.start:%Y-%m-%d %H:%M:%S}",
            f"{line.end:%Y-%m-%d %H:%M:%S}",
            _KINDS[line.kind],
            f"{line.units} × {yuan_text(line.unit_fen)}" if line.units else "",
            yuan_text(line.amount_fen),
        )
        for line in priced.lines
    ]
    say.show_table(f"{priced.minutes} minutes", ("from", "until", "what", "units", "yuan"), rows)
    say.tell(f"{yuan_text(priced.total_fen)} yuan")
