"""How long what was sent may be on its way to a PLC.

A cable that is pulled keeps what was sent in the kernel, which tries again for minutes, also when the process has long
ended: a wish of a server that no longer leads would arrive when the cable is back. So the kernel gives up as soon as
nobody here would still wait.
"""

import socket
from typing import Protocol

from plc.transport.waiting import LONGEST_WAIT_S


class Tunable(Protocol):
    """A socket, or what asyncio shows of one."""

    def setsockopt(self, level: int, option: int, value: int, /) -> None:
        """Set an option."""


def bound_flight(line: Tunable, timeout_s: float) -> None:
    """Let bytes that the PLC's side has not taken for so long be dropped, with their connection."""
    limit_ms = round(1000 * max(timeout_s, LONGEST_WAIT_S))
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, limit_ms)
