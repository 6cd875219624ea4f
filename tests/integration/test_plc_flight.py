"""What was sent to a PLC and not taken is dropped by the kernel before another server can have the lane."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plc.links import build
from plc.transport.waiting import LONGEST_WAIT_S
from scada.clock import SystemClock
from scada.model.tag import Quality
from tests.support.plc import NO_KEYS, Sink, only_device, running, shipped_map, until, virtual_plc
from tests.support.s7 import lane_map, virtual_s7

Limits = list[int]


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Limits:
    """Ask the kernel of each limit that is set whether it has taken it."""
    found: Limits = []
    plain: Callable[..., None] = socket.socket.setsockopt

    def told(line: socket.socket, *words: Any) -> None:  # noqa: ANN401 - as the socket takes them
        plain(line, *words)
        if words[:2] == (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT):
            found.append(line.getsockopt(*words[:2]))

    monkeypatch.setattr(socket.socket, "setsockopt", told)
    return found


@pytest.mark.parametrize(("lane", "device"), [("in1", "plc1"), ("out1", "ua1")])
async def test_a_link_drops_what_was_not_taken_in_time(tmp_path: Path, limits: Limits, lane: str, device: str) -> None:
    site, sink = only_device(await asyncio.to_thread(shipped_map), device), Sink()
    async with virtual_plc(site, device, tmp_path), running(*build(site, sink, SystemClock(), NO_KEYS)):
        await until(lambda: sink.quality(f"{lane}.plc.tick") is Quality.GOOD)
    assert limits[0] == round(1000 * max(LONGEST_WAIT_S, site.devices[device].timeout_s))


async def test_so_does_an_s7s_and_a_slow_device_has_its_own_time(tmp_path: Path, limits: Limits) -> None:
    tags, device = await asyncio.to_thread(lane_map)
    slow, sink = replace(device, timeout_s=3.0), Sink()
    async with (
        virtual_s7(tags, slow, tmp_path),
        running(slow.protocol.driver(slow, tags, sink, SystemClock(), NO_KEYS)),
    ):
        await until(lambda: sink.quality("in1.plc.tick") is Quality.GOOD)
    assert limits == [3000]
