"""The command line of `daozha drill --chaos`: what it takes, and what it refuses before a site has been started."""

import argparse
import math
import os
from pathlib import Path
from typing import Final

from scada.sim.chaos.kinds import KINDS

LONGEST_MIN: Final = 24 * 60.0


def parser(about: str | None) -> argparse.ArgumentParser:
    """Give the parser."""
    parser = argparse.ArgumentParser(prog="daozha drill --chaos", description=about)
    parser.add_argument("--chaos", action="store_true", required=True, help="faults on purpose")
    parser.add_argument("--config", type=Path, default=Path("config.toml"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=_minutes, default=20.0, help="about so long; each fault comes once at least")
    parser.add_argument("--only", type=_names, metavar="NAME[,NAME…]", help="these faults only")
    parser.add_argument("--list", action="store_true", help="list the faults and do nothing")
    parser.add_argument("--plan", action="store_true", help="print what would come when and do nothing")
    parser.add_argument("--report", type=_report, metavar="FILE", help="write the acceptance report there (HTML)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.add_argument("--keep", action="store_true", help="keep the site's folder")
    return parser


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = math.nan
    if not 0 < minutes <= LONGEST_MIN:
        raise argparse.ArgumentTypeError(f"{text}: give minutes, more than 0 and {LONGEST_MIN:g} at most")
    return minutes


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    if unknown := [name for name in names if name not in KINDS]:
        raise argparse.ArgumentTypeError(
            f"no fault {', '.join(name or '(empty)' for name in unknown)}; --list names them"
        )
    return names


def _report(text: str) -> Path:
    """Take a file that can be written: who hears of it after twenty minutes has lost them."""
    path = Path(text)
    if path.is_dir() or not path.resolve().parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text}: give a file in a folder that is there")
    if not os.access(path if path.exists() else path.resolve().parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text}: it may not be written; choose another place")
    return path
