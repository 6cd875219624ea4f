"""`daozha sites …`: its sub-commands and their options."""

import argparse
from collections.abc import Callable
from pathlib import Path

Run = Callable[[argparse.Namespace], int]
Adder = Callable[..., argparse.ArgumentParser]
Group = Callable[[Adder, str, str], Adder]
Command = Callable[..., argparse.ArgumentParser]
Lazily = Callable[[str, str], Run]

_CERTIFICATES = "scada.commands.sites.certificates"
_FOLDER = Path("authority")


def add_sites(add: Adder, group: Group, command: Command, lazily: Lazily) -> None:
    """Add the group."""
    sites = group(add, "sites", "certificates between plants and control rooms at other places")
    authority = command(
        sites,
        "authority",
        "make the authority that both sides believe",
        lazily(_CERTIFICATES, "authority"),
        config=False,
    )
    authority.add_argument("--name", default="daozha sites", metavar="TEXT", help="what it is called")
    issue = command(
        sites, "issue", "sign a control room, or with --host a plant", lazily(_CERTIFICATES, "issue"), config=False
    )
    issue.add_argument("name", metavar="NAME", help="a room's as in [[rooms.allowed]]; a plant's as you like")
    issue.add_argument(
        "--host", action="append", default=[], metavar="HOST", help="where rooms reach the plant: a name or an address"
    )
    issue.add_argument("--days", type=int, default=None, metavar="N", help="how long it is good (three years)")
    for one in (authority, issue):
        one.add_argument(
            "--folder", type=Path, default=_FOLDER, metavar="DIR", help="the authority's folder (default: authority)"
        )
    command(sites, "show", "show this site's own certificate and its end", lazily(_CERTIFICATES, "show"))
