"""`daozha tags browse DEVICE`: what a device has, for people, or as the rows of a first tag map."""

import argparse
import asyncio
import csv
import sys

from plc import tagmap
from plc.browsed import COLUMNS, Bounds, Browsable, Browsed, Found, rows
from plc.links import quieten
from plc.map.devices import Device
from scada import say
from scada.clock import clock_from
from scada.commands.tagmap.offline import files_of
from scada.config import ConfigError, load
from scada.ports import PlcError


def browse(asked: argparse.Namespace) -> int:
    """Look into a device, changing nothing. 1 if it has nothing to show, 2 if it cannot be looked into."""
    try:
        config = load(asked.config)
        device, protocol = _device(tagmap.examine(*files_of(asked))[0].devices, asked.device)
        quieten()
        bounds = Bounds(asked.under, asked.depth, asked.most)
        browsed = asyncio.run(protocol.browse(device, config.data, clock_from().now(), bounds))
    except (ConfigError, PlcError, LookupError) as error:
        say.complain(str(error.args[0] if isinstance(error, LookupError) else error))
        return 2
    if asked.csv:
        out = csv.writer(sys.stdout, lineterminator="\n")
        out.writerows([COLUMNS, *rows(device, browsed.found)])
    else:
        _show(device, browsed)
    if browsed.cut:
        say.note(browsed.cut)
    return 0 if browsed.found else 1


def _device(devices: dict[str, Device], name: str) -> tuple[Device, Browsable]:
    if name not in devices:
        raise LookupError(f"there is no device {name!r}; there are: {', '.join(devices) or 'none'}")
    device = devices[name]
    if not isinstance(device.protocol, Browsable):
        raise LookupError(f"{name} speaks {device.protocol.name}, which cannot be browsed")
    return device, device.protocol


def _show(device: Device, browsed: Browsed) -> None:
    heads = ("address", "type", "access", "value", "where")
    say.show_table(f"{device.where}: {len(browsed.found)} found", heads, [_cells(one) for one in browsed.found])


def _cells(one: Found) -> tuple[str, ...]:
    kind = one.kind.value if one.kind else "–"
    return (one.address, kind, one.access.value, one.note or one.value, " / ".join(one.path))
