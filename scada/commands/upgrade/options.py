"""The options of `daozha upgrade`."""

import argparse
from collections.abc import Callable
from pathlib import Path

Add = Callable[..., argparse.ArgumentParser]
ROOT = Path("/opt/daozha")


def add_upgrade(add: Add, command: Add, lazily: Callable[[str, str], Callable[[argparse.Namespace], int]]) -> None:
    """Add the command."""
    what = "run another version of daozha, or the former one again if that does not come up"
    one = command(add, "upgrade", what, lazily("scada.commands.upgrade.work", "upgrade"))
    one.add_argument("to", nargs="?", metavar="WHEEL", help="the wheel, or a version that is beside this one already")
    one.add_argument("--check", action="store_true", help="only tell what would be done, and what is in the way")
    one.add_argument("--back", action="store_true", help="go back to the version before, with the data it left")
    one.add_argument(
        "--root",
        type=Path,
        default=ROOT,
        metavar="DIR",
        help="of versions/ and the link current (default: /opt/daozha)",
    )
    one.add_argument("--service", default="daozha", metavar="NAME", help="systemd's unit of the site (default: daozha)")
    one.add_argument(
        "--within", type=float, default=180.0, metavar="S", help="so long it may take to come up (default: 180)"
    )
    told = "with PostgreSQL: a file with the URL of an empty database, for the way back"
    one.add_argument("--database", type=Path, metavar="URL_FILE", help=told)
