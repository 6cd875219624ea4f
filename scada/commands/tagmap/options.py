"""The words and options of `daozha tags`. It imports argparse alone."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final

Adder = Callable[..., argparse.ArgumentParser]
Run = Callable[[argparse.Namespace], int]
Command = Callable[..., argparse.ArgumentParser]
Group = Callable[[Adder, str, str], Adder]
Lazily = Callable[[str, str], Run]

_TAGS: Final = "scada.commands.tagmap.offline"
_WATCH: Final = "scada.commands.tagmap.watch"
_REMAP: Final = "scada.commands.tagmap.remap"


def add_tags(add: Adder, group: Group, command: Command, lazily: Lazily) -> None:
    """Add the commands of tag maps."""
    tags = group(add, "tags", "work with tag maps")
    lint = command(tags, "lint", "tell every mistake in a tag map", lazily(_TAGS, "lint"))
    lint.add_argument("map", nargs="?", type=Path, metavar="MAP", help="CSV or xlsx (default: the site's)")
    diff = command(
        tags, "diff", "say what differs between two maps; 0 nothing, 1 something, 2 an error", lazily(_TAGS, "diff")
    )
    diff.add_argument("old", type=Path, metavar="OLD")
    diff.add_argument("new", type=Path, metavar="NEW")
    diff.add_argument("--old-devices", type=Path, metavar="FILE", help="the old device table (default: the new one)")
    show = command(tags, "show", "show tags and every form of their addresses", lazily(_TAGS, "show"))
    watch = command(
        tags, "watch", "show tags as they change, from the plant or straight from the devices", lazily(_WATCH, "watch")
    )
    for one in (show, watch):
        one.add_argument("pattern", nargs="?", default="*", metavar="PATTERN", help="like 'in1.*' (default: all)")
        one.add_argument("--map", type=Path, metavar="MAP", help="the tag map (default: the site's)")
    watch.add_argument("--orders", action="store_true", help="numbers of several words in all four orders")
    watch.add_argument("--direct", action="store_true", help="read the devices, whether the plant runs or not")
    watch.add_argument("--seconds", type=float, metavar="S", help="end after so long (default: Ctrl-C)")
    browse = command(tags, "browse", "show what a device has", lazily("scada.commands.browse", "browse"))
    browse.add_argument("device", metavar="DEVICE", help="its name in the device table")
    browse.add_argument("--under", default="", metavar="NODEID", help="OPC UA: only what hangs below this node")
    browse.add_argument("--depth", type=int, default=12, metavar="N", help="OPC UA: levels to go down (default: 12)")
    browse.add_argument("--most", type=int, default=2000, metavar="N", help="places to look at (default: 2000)")
    browse.add_argument("--csv", action="store_true", help="rows of a first tag map")
    browse.add_argument("--map", type=Path, metavar="MAP", help="the tag map (default: the site's)")
    export = command(tags, "export", "write a map in another form", lazily(_TAGS, "export"))
    export.add_argument("map", nargs="?", type=Path, metavar="MAP", help="CSV or xlsx (default: the site's)")
    export.add_argument("--format", choices=("csv", "xlsx", "kepware", "telegraf"), default="csv")
    export.add_argument("--device", metavar="NAME", help="the tags of this device only")
    for one in (lint, diff, show, watch, browse, export):
        one.add_argument("--devices", type=Path, metavar="FILE", help="the device table (default: the site's)")
    for one in (lint, diff, show, watch):
        one.add_argument("--json", action="store_true", help="JSON for programs")
    take = command(
        tags, "import", "make a map of Kepware's CSV or Telegraf's TOML", lazily(_TAGS, "take"), config=False
    )
    take.add_argument("file", type=Path, metavar="FILE")
    take.add_argument("--device", metavar="NAME", help="what the device is called here (Kepware)")
    take.add_argument("--lane", default="", metavar="LANE", help="put this lane before every name")
    take.add_argument("--base", type=int, choices=(0, 1), default=1, help="0: addresses count from 400000 (Kepware)")
    take.add_argument("--devices-output", type=Path, metavar="FILE", help="write the devices that it names (Telegraf)")
    trace = command(tags, "trace", "list the lanes' black boxes, or show one", lazily("scada.commands.trace", "show"))
    trace.add_argument("file", nargs="?", type=Path, metavar="FILE", help="one of the files listed")
    trace.add_argument("--csv", action="store_true", help="CSV for a spreadsheet")
    _add_remapping(tags, command, lazily)
    for one in (export, take):
        one.add_argument("--output", type=Path, metavar="FILE", help="where to (default: standard output)")


def _add_remapping(tags: Adder, command: Command, lazily: Lazily) -> None:
    """Another map for the running plant."""
    told = "0 done, 1 a lane was not idle, 2 nothing changes"
    new = command(tags, "reload", f"let the running plant use the files as they are; {told}", lazily(_REMAP, "reload"))
    new.add_argument("--dry-run", action="store_true", help="only say what would change")
    old = command(tags, "rollback", f"let the plant use a former map; {told}", lazily(_REMAP, "rollback"))
    old.add_argument(
        "--to", type=int, metavar="N", help="its number in `daozha tags versions` (default: the one before)"
    )
    old.add_argument(
        "--second",
        default="",
        metavar="NAME",
        help="who signs for it too, unless it undoes what has just come into use; the password is asked for",
    )
    known = command(tags, "versions", "list the maps that were in use, by whom and when", lazily(_REMAP, "versions"))
    for one in (new, old):
        one.add_argument("--why", default="", metavar="TEXT", help="for the journal")
        one.add_argument("--wait", type=int, default=60, metavar="S", help="for lanes to be idle (default: 60)")
    for one in (new, old, known):
        one.add_argument("--by", required=True, metavar="NAME", help="a technician or administrator of the site")
        one.add_argument("--json", action="store_true", help="one JSON object for programs")
