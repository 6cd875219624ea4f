"""The options of `daozha init`."""

import argparse
from collections.abc import Callable
from pathlib import Path

Add = Callable[..., argparse.ArgumentParser]


def add_init(add: Add, command: Add, lazily: Callable[[str, str], Callable[[argparse.Namespace], int]]) -> None:
    """Add the command."""
    what = "set up a site: ask, write its folder, make the first administrator, and check it"
    one = command(add, "init", what, lazily("scada.commands.init.work", "init"), config=False)
    one.add_argument("folder", nargs="?", type=Path, default=Path(), metavar="DIR", help="of the site (default: here)")
    one.add_argument("--virtual", action="store_true", help="a demo: the built-in virtual car park with two lanes")
    one.add_argument(
        "--answers", type=Path, metavar="FILE", help="take the answers from a TOML file (docs/install/answers.toml)"
    )
    one.add_argument("--yes", action="store_true", help="ask nothing: what has no answer is as proposed")
    one.add_argument("--language", choices=("zh", "en"), help="of the questions (default: the terminal's)")
    one.add_argument("--data", type=Path, metavar="FOLDER", help="where all goes that the site writes")
    one.add_argument("--backups", type=Path, metavar="FOLDER", help="where backups go, best on another disk")
    one.add_argument("--port", type=int, metavar="N", help="the control room's port; the other ones follow it")
    one.add_argument("--admin", metavar="NAME", help="the first administrator (default: admin)")
    told = "a file with the administrator's password, mode 0600 (default: asked for; with --yes one is made and shown)"
    one.add_argument("--password-file", type=Path, metavar="FILE", help=told)
    one.add_argument("--again", action="store_true", help="also where a site is: its files go to DIR/before-TIME")
