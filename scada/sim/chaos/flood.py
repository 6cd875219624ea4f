"""A flood of page visitors: ten times as many as the drivers before the booms, each with a browser and an address."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from random import Random
from typing import Final

from scada.config import Config
from scada.model.plate import Plate
from scada.sim.chaos.hands import Hands
from scada.sim.chaos.schedule import Planned
from scada.sim.people.driver import GLANCE_S
from scada.sim.people.pages import Browser, PageError
from scada.sim.trial.ports import HOST

TIMES: Final = 10
"""For each driver who may stand before a boom."""


class Visitor:
    """One visitor: looks at a lane's display and asks for a car's fee, again and again, as often as a driver glances.

    `pages` counts how it went, `longest_s` is what he waited for a page at most. Blocks.
    """

    def __init__(self, config: Config, plates: Sequence[Plate], number: int, seed: int) -> None:
        self.pages: Counter[str] = Counter()
        self.longest_s = 0.0
        self._public = f"http://{HOST}:{config.web.public.port}"
        self._devices = f"http://{HOST}:{config.web.devices.port}"
        self._lanes = [lane.name for lane in config.lanes]
        self._plates = list(plates)
        self._random = Random(f"{seed} {number}")  # noqa: S311 a play, no secret
        self._browser = Browser(address=f"198.51.100.{number % 250 + 1}")

    def visit(self, over: threading.Event) -> None:
        """Look at one page after the other until it is over."""
        try:
            while not over.is_set():
                for look in (self._display, self._fee):
                    began_s = time.monotonic()
                    self.pages[_came_out(look)] += 1
                    took_s = time.monotonic() - began_s
                    self.longest_s = max(self.longest_s, took_s)
                    over.wait(max(0.0, GLANCE_S - took_s))
        finally:
            self._browser.close()

    def _display(self) -> str:
        self._browser.json(f"{self._devices}/display/{self._random.choice(self._lanes)}/state")
        return "shown"

    def _fee(self) -> str:
        """Type a plate into the page that asks for it: the plant looks for its stay and tells its fee."""
        page = self._browser.open(self._public)
        form = page.form("plate")
        if form is None or not self._plates:
            return page.state or "shown"
        answer = self._browser.submit(form, plate=self._random.choice(self._plates))
        return "refused" if answer.state == "refused" else "shown"


def _came_out(look: Callable[[], str]) -> str:
    try:
        return look()
    except PageError:
        return "not shown"


@asynccontextmanager
async def flooded(hands: Hands, planned: Planned) -> AsyncIterator[None]:
    """Let ten visitors come for every lane's driver, and look until the body is done."""
    config, over = hands.site.config, threading.Event()
    visitors = [
        Visitor(config, hands.site.cars.plates(), number, planned.seed) for number in range(TIMES * len(config.lanes))
    ]
    loop, pool = asyncio.get_running_loop(), ThreadPoolExecutor(len(visitors), thread_name_prefix="visitor")
    visits = [loop.run_in_executor(pool, visitor.visit, over) for visitor in visitors]
    try:
        yield
    finally:
        over.set()
        await asyncio.gather(*visits)
        pool.shutdown()
        hands.did.append(told(visitors))


def told(visitors: Sequence[Visitor]) -> str:
    """Say what became of all pages."""
    pages = sum((one.pages for one in visitors), Counter[str]())
    longest_s = max(one.longest_s for one in visitors)
    counts = ", ".join(f"{count} pages {how}" for how, count in sorted(pages.items()))
    return f"{len(visitors)} visitors: {counts}; {longest_s:.1f} s for one at most"
