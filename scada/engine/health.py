"""How late the plant's own loop is: the first thing to look at when anything is slow."""

import asyncio
from collections import deque

from scada.clock import Clock
from scada.engine.tags import TagTable
from scada.model.tag import TagName

LAG_TAG = TagName("site.plant_lag_ms")
PERIOD_S = 0.05
WINDOW = 200
"""Ten seconds of periods."""
SHOW_EVERY = 20


def p99(samples: "deque[float]") -> float:
    """Give the 99th percentile; 0 of nothing."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] if ordered else 0.0


class LoopLag:
    """Measures how late a short sleep ends, and shows the p99 of the last ten seconds once a second."""

    def __init__(self, tags: TagTable, clock: Clock) -> None:
        self._tags = tags
        self._clock = clock
        self._late_ms: deque[float] = deque(maxlen=WINDOW)

    async def run(self) -> None:
        """Measure until cancelled."""
        count = 0
        while True:
            began_s = self._clock.seconds()
            await asyncio.sleep(PERIOD_S)
            self._late_ms.append(max(0.0, (self._clock.seconds() - began_s - PERIOD_S) * 1000))
            count += 1
            if count % SHOW_EVERY == 0:
                self._tags.set(LAG_TAG, round(p99(self._late_ms), 1))
