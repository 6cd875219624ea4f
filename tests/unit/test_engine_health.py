"""The plant's own health."""

import asyncio
import time
from collections import deque

from scada.clock import SystemClock
from scada.engine.health import LAG_TAG, LoopLag, p99
from scada.engine.tags import TagTable
from scada.model.tag import Access, TagSpec
from tests.support.engine import until


def test_the_99th_percentile_is_almost_the_worst() -> None:
    assert p99(deque()) == 0.0
    assert p99(deque(float(number) for number in range(200))) == 198.0


async def test_a_blocked_loop_shows_as_lag() -> None:
    tags = TagTable([TagSpec(LAG_TAG, "", Access.READ)], SystemClock())
    task = asyncio.create_task(LoopLag(tags, SystemClock()).run())
    await asyncio.sleep(0.12)
    time.sleep(0.2)  # noqa: ASYNC251 - the loop shall be blocked
    await until(lambda: tags.get(LAG_TAG).value is not None)
    task.cancel()
    lag_ms = tags.get(LAG_TAG).value
    assert isinstance(lag_ms, float)
    assert lag_ms > 100
