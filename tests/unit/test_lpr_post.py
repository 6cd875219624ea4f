"""A camera's process that does not keep to what was agreed: it is ended and started anew, and the plant goes on."""

import asyncio
import sys
from datetime import UTC, datetime

import pytest

from lpr.process import post
from lpr.process.turns import Turns
from lpr.process.wire import Settings
from scada.clock import VirtualClock


async def test_a_process_that_says_a_line_without_an_end_is_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    flood = f"import sys; sys.stdout.write('x' * {4 * post._LONGEST_LINE}); sys.stdout.flush(); sys.stdin.read()"
    monkeypatch.setattr(post, "_COMMAND", (sys.executable, "-c", flood))
    clock = VirtualClock(datetime(2026, 5, 1, tzinfo=UTC))
    camera = post.CameraPost(Settings("cam-in1", "", (), 60, ""), clock, Turns(1, clock))
    async with asyncio.timeout(30):
        assert await camera._live() == "says a line without an end"
    assert camera.pid is None
