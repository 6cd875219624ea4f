"""`daozha tags watch`: live values, from the running plant, or read only from the devices where no plant runs."""

import argparse
import asyncio
import json
import queue
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import cast
from zoneinfo import ZoneInfo

from plc import tagmap
from plc.links import build
from plc.map.findings import ERROR
from plc.map.mapped import MappedTag, TagMap
from plc.registers import CodingError, in_all_orders
from scada import say
from scada.bridge import Bridge
from scada.clock import clock_from
from scada.commands.tagmap.offline import files_of
from scada.config import Config, ConfigError, load
from scada.model.tag import Quality, TagUpdate, Value
from scada.ports import PlcError

LINK_S = 1.0
"""A plant that runs answers sooner."""

Seen = tuple[str, Value, int, str]
"""A tag's name, value, StatusCode and time as text."""


def watch(asked: argparse.Namespace) -> int:
    """Show tags as they change until Ctrl-C, or for some seconds. 1 if nothing was read, 2 if that cannot be."""
    say.only_trouble()
    try:
        config = load(asked.config)
        tag_map, findings = tagmap.examine(*files_of(asked))
    except ConfigError as error:
        say.complain(str(error))
        return 2
    screen = _Screen(asked, config.site.zone_info, tag_map)
    try:
        if not asked.direct and config.socket("control").exists() and _from_plant(config, screen, asked.seconds):
            return 0 if screen.count else 1
        say.note("reading the devices themselves, and writing nothing")
        if any(finding.severity == ERROR and finding.code != tagmap.OF_A_LANE for finding in findings):
            say.complain("the map has mistakes: daozha tags lint")
            return 2
        return _from_devices(config, tag_map, screen, asked)
    except PlcError as error:
        say.complain(str(error))
        return 2
    except KeyboardInterrupt:
        return 0


class _Screen:
    """Prints what fits the pattern, a line for each change."""

    def __init__(self, asked: argparse.Namespace, zone: ZoneInfo, tag_map: TagMap) -> None:
        self._pattern = asked.pattern
        self._json = asked.json
        self._orders = asked.orders
        self._zone = zone
        self._mapped = {str(tag.name): tag for tag in tag_map.tags}
        self._last: dict[str, tuple[Value, int]] = {}
        self.count = 0
        """Lines that tell more than that there is no link."""

    def show(self, rows: Sequence[Seen]) -> None:
        """Print the rows that are asked for and new."""
        for name, value, status, at in rows:
            if not fnmatchcase(name, self._pattern) or self._last.get(name) == (value, status):
                continue
            self._last[name] = (value, status)
            self.count += status != Quality.NOT_CONNECTED.status_code
            self._print(name, value, status, at)
        sys.stdout.flush()

    def note_unknown(self) -> None:
        """Say so if the plant has no such tag: it may yet come with another map."""
        if not self._last:
            say.note(f"no tag of the plant is called {self._pattern}; waiting for one")

    def _print(self, name: str, value: Value, status: int, at: str) -> None:
        quality = Quality(status).name
        orders = self._in_orders(name, value)
        if self._json:
            told = {"at": at, "tag": name, "value": value, "quality": quality, **({"orders": orders} if orders else {})}
            sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
            return
        moment = datetime.fromisoformat(at).astimezone(self._zone) if at else None
        time = f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}" if moment else "-" * 12
        said = "  ".join(f"{order} {number:.7g}" for order, number in orders.items())
        sys.stdout.write(
            f"{time}  {name:<32} {'-' if value is None else value!s:<14} {quality:<14} {said}".rstrip() + "\n"
        )

    def _in_orders(self, name: str, value: Value) -> dict[str, float]:
        """Show a number in all four orders: the wrong one is the commonest mistake of a new tag."""
        tag = self._mapped.get(name)
        if tag is None or not self._orders:
            return {}
        raw = tag.scaling.raw(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
        with suppress(CodingError):
            return {order.value: number for order, number in in_all_orders(raw, tag.kind, tag.order).items()}
        return {}


def _from_plant(config: Config, screen: _Screen, seconds: float | None) -> bool:
    """Show what the plant tells; False if none answers."""
    told: queue.Queue[Sequence[Seen] | None] = queue.Queue()

    def rows(key: str) -> Callable[[dict[str, object]], None]:
        return lambda message: told.put([_seen(row) for row in cast("list[list[object]]", message[key])])

    bridge = Bridge(config.socket("control"), "control")
    bridge.listen(rows("tags"), rows("changes"), lambda there: None if there else told.put(None))
    with bridge:
        try:
            screen.show(told.get(timeout=LINK_S) or ())
        except queue.Empty:
            return False
        screen.note_unknown()
        for batch in _until(told, seconds):
            if batch is None:
                say.note("the plant has gone; waiting for it")
            else:
                screen.show(batch)
    return True


def _seen(row: list[object]) -> Seen:
    name, value, status, at = row
    return str(name), cast("Value", value), int(str(status)), str(at or "")


def _until(told: "queue.Queue[Sequence[Seen] | None]", seconds: float | None) -> Iterator[Sequence[Seen] | None]:
    clock = clock_from()
    ends_s = None if seconds is None else clock.seconds() + seconds
    while ends_s is None or clock.seconds() < ends_s:
        with suppress(queue.Empty):
            yield told.get(timeout=0.2)


def _from_devices(config: Config, tag_map: TagMap, screen: _Screen, asked: argparse.Namespace) -> int:
    """Read the devices ourselves. A driver writes only what it is told to, and nobody tells it anything."""
    wanted = tuple(tag for tag in tag_map.tags if fnmatchcase(str(tag.name), asked.pattern) and tag.is_read)
    if not wanted:
        say.complain(f"no tag that can be read is called {asked.pattern}")
        return 1
    asyncio.run(_read(config, replace(tag_map, tags=_with_layouts(tag_map, wanted)), screen, asked.seconds))
    return 0 if screen.count else 1


def _with_layouts(tag_map: TagMap, wanted: tuple[MappedTag, ...]) -> tuple[MappedTag, ...]:
    """Take the layouts along: a driver will not read a device that is laid out otherwise."""
    devices = {tag.spec.device for tag in wanted}
    layouts = (tag for tag in tag_map.tags if tag.role == "plc.layout" and tag.spec.device in devices)
    return (*wanted, *(tag for tag in layouts if tag not in wanted))


async def _read(config: Config, tag_map: TagMap, screen: _Screen, seconds: float | None) -> None:
    def sink(updates: Sequence[TagUpdate]) -> None:
        if (task := asyncio.current_task()) is not None and task.cancelling():
            return  # that a link ends because we end is no news
        now = datetime.now(UTC).isoformat()
        screen.show([(str(one.name), one.value, one.quality.status_code, now) for one in updates])

    drivers = build(tag_map, sink, clock_from(), config.data)
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
            for driver in drivers:
                group.create_task(driver.run())
