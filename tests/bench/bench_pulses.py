"""A pulse of a contact becomes an alarm on the screen: pulses of 0.1 to 1 s, counted, beside FUXA's of `hmi.md` §6.

The contact is the cabinet's door of the virtual PLC, a ladder with a scan of 10 ms, read over Modbus TCP. A pulse
counts if its alarm stands in the list, unacknowledged, with its time, and calls at the screens; then a person
acknowledges it. A Chromium sees every tenth one in the band above the page.
"""

import asyncio
import json
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from playwright.async_api import Page
from playwright.async_api import TimeoutError as NotSeen

from tests.bench.carsite import BenchSite, bench_site
from tests.bench.libmodbus import compiled
from tests.bench.overview import overview_of
from tests.bench.person import Person
from tests.bench.screens import Screen, sign_in
from tests.bench.support import kept, percentile, run, show

LIMIT_S = 500
LANE, CONTACT, TAG = "in1", "door", "in1.gate.door"
PULSES = {0.1: 100, 0.2: 20, 0.5: 20, 0.8: 20, 1.0: 20}
THEIRS = {0.1: "", 0.2: "0 of 5", 0.5: "0 of 5", 0.8: "0 of 5", 1.0: "0 of 5"}
IN_PAGE = 10
STAND_MS = 200.0
WAIT_S = 5.0
SETTLE_S = 5.0
ALARM, COUNT = "site.bench_door", "site.alarms_p1"
ALARMS = (
    {
        "code": "bench_door", "per": "site", "priority": 1, "when": TAG, "text": "The door opens", "text_zh": "门打开",
        "consequence": "-", "consequence_zh": "-", "response": "-", "response_zh": "-", "within_s": 60, "link": "/tags",
    },
    {"code": "cabinet_open", "enabled": False},
)  # fmt: skip


@dataclass
class Seen:
    """What the screen was told: how many alarms of the first priority stand, and when the contact was seen to close."""

    count: int = 0
    told: asyncio.Event = field(default_factory=asyncio.Event)
    at_s: float = 0.0

    def take(self, name: str, value: object, _status: int) -> None:
        """Take a change."""
        if name == COUNT and isinstance(value, int):
            self.count, self.at_s = value, time.monotonic()
            self.told.set()

    async def until(self, condition: Callable[[int], bool]) -> bool:
        """Wait until so many stand; False if it did not come."""
        try:
            async with asyncio.timeout(WAIT_S):
                while not condition(self.count):
                    self.told.clear()
                    await self.told.wait()
        except TimeoutError:
            return False
        return True


@dataclass
class Width:
    """What came of the pulses of one width."""

    sent: int = 0
    stood: int = 0
    screen_ms: list[float] = field(default_factory=list)
    stand_ms: list[float] = field(default_factory=list)
    in_page: int = 0
    looked_in_page: int = 0


class Field:
    """The copper of the PLC: sets contacts."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def set(self, on: bool) -> None:
        """Close or open the contact; back when the PLC has it."""
        self._writer.write(json.dumps({LANE: {CONTACT: on}}).encode() + b"\n")
        async with asyncio.timeout(WAIT_S):
            answer = json.loads(await self._reader.readline())
        if "error" in answer:
            raise RuntimeError(f"the field side answered {answer}")


async def pulse(width_s: float, into: Width, copper: Field, seen: Seen, person: Person, page: Page) -> None:
    """Send one pulse, see what comes of it, and acknowledge it."""
    before, began_s, began = seen.count, time.monotonic(), datetime.now(UTC)
    into.sent += 1
    await copper.set(on=True)
    await asyncio.sleep(began_s + width_s - time.monotonic())
    await copper.set(on=False)
    if not await seen.until(lambda count: count == before + 1):
        return
    into.screen_ms.append((seen.at_s - began_s) * 1000)
    row = (await asyncio.to_thread(person.alarms))[ALARM]
    since = datetime.fromisoformat(row["since"])
    into.stood += row["state"] in ("UNACK", "RTNUN") and since >= began
    into.stand_ms.append((since - began).total_seconds() * 1000)
    if into.sent % IN_PAGE == 1:
        await _in_page(into, page)
    await asyncio.to_thread(person.acknowledge, ALARM)
    await seen.until(lambda count: count == before)


async def _in_page(into: Width, page: Page) -> None:
    """See whether the page's counter of the band stands above nothing."""
    into.looked_in_page += 1
    shown = page.locator("alarm-band .count:not(.none) .badge.p1")
    try:
        await shown.wait_for(timeout=WAIT_S * 1000)
        into.in_page += 1
    except NotSeen:
        return


def row_of(width_s: float, seen: Width) -> list[str]:
    """Write a line of the table."""
    good = seen.stood == seen.sent and seen.in_page == seen.looked_in_page and max(seen.stand_ms) <= STAND_MS
    return [
        f"{width_s:.1f} s",
        f"{seen.stood} of {seen.sent}",
        f"{percentile(seen.stand_ms, 0.5):.0f} / {max(seen.stand_ms):.0f}",
        f"{percentile(seen.screen_ms, 0.5):.0f} / {max(seen.screen_ms):.0f}",
        f"{seen.in_page} of {seen.looked_in_page}",
        THEIRS[width_s],
        f"all, ≤ {STAND_MS:.0f} ms",
        kept(good),
    ]


async def measure(site: BenchSite) -> list[list[str]]:
    """Send all pulses."""
    person, seen = await asyncio.to_thread(Person, site), Seen()
    cookie = await asyncio.to_thread(sign_in, site.url, site.name, site.password)
    staying = asyncio.create_task(Screen(site.port, cookie, told=seen.take).stay())
    reader, writer = await asyncio.open_connection("127.0.0.1", site.field_ports["plc1"])
    rows = []
    try:
        async with overview_of(site) as page:
            await asyncio.sleep(SETTLE_S)
            for width_s, count in PULSES.items():
                into = Width()
                for _ in range(count):
                    await pulse(width_s, into, Field(reader, writer), seen, person, page)
                    await asyncio.sleep(random.uniform(0.05, 0.15))  # noqa: S311 - in step with nothing
                rows.append(row_of(width_s, into))
        return rows
    finally:
        writer.close()
        staying.cancel()
        await asyncio.gather(staying, return_exceptions=True)


def main() -> None:
    """Show the table."""
    with tempfile.TemporaryDirectory(prefix="dz-") as name:
        folder = Path(name)
        with bench_site(folder, compiled(folder), alarms=ALARMS) as site:
            rows = asyncio.run(measure(site))
    columns = ["pulse", "alarm stood", "stands p50 / max ms", "screen p50 / max ms", "in Chromium", "FUXA", "limit", ""]
    note = (
        "From the edge in the cabinet: the PLC's scan and the wait for ours are in it. FUXA: alarms on a timer of 1 s."
    )
    show("A pulse of a contact becomes an alarm", columns, rows, note)
    if broken := [line[0] for line in rows if line[-1] != "kept"]:
        raise SystemExit(f"not kept: pulses of {', '.join(broken)}")


if __name__ == "__main__":
    run(main, LIMIT_S)
