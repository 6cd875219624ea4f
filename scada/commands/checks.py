"""`daozha check`: what can be said about a configuration without running it."""

import argparse
import sys
from pathlib import Path

from lpr.backend import described, outlook
from scada import say
from scada.check import check, has_errors
from scada.check.online import Reached, reach_all
from scada.check.report import as_json, show
from scada.config import Config, load


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
