"""What a process says to whoever watches it: READY once it serves, and from then on, again and again, that it is alive.

Two may watch: `daozha run` listens on our standard output, and systemd on the socket that it names in NOTIFY_SOCKET.
A word is said only after proof: a loop that turned, a writer that wrote, a page that was answered.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final

READY: Final = "READY"
ALIVE: Final = "ALIVE"
EVERY_S: Final = 2.0
SILENT_S: Final = 30.0
"""Who is silent for longer than this is hung: fifteen words that did not come.

A PLC has long taken over by then: it hears no heartbeat for 3 s at most.
"""
SILENT_WEB_S: Final = 60.0
"""The same for one whose proof is a page that it answers: a burst of visitors is no reason to send them all away."""
SUPERVISED: Final = "DAOZHA_SUPERVISED"
"""Set for a process whose standard output is listened to. Elsewhere it is a log, in which ALIVE has no place."""
_NOTIFY_SOCKET: Final = "NOTIFY_SOCKET"
_WATCHDOG: Final = ("WATCHDOG_USEC", "WATCHDOG_PID")


def say_ready() -> None:
    """Say that this process serves."""
    _say(READY)
    notify("READY=1")


def say_alive() -> None:
    """Say that this process still does what it is for; the caller has proof."""
    if SUPERVISED in os.environ:
        _say(ALIVE)
    notify("WATCHDOG=1")


async def live(proof: Callable[[], Awaitable[object]] | None = None) -> None:
    """Say ALIVE until cancelled, each time after `proof` has come about."""
    while True:
        if proof is not None:
            await proof()
        say_alive()
        await asyncio.sleep(EVERY_S)


def supervised(environment: Mapping[str, str]) -> dict[str, str]:
    """Give the environment of a process that is watched by us, and so not by systemd itself."""
    own = {name: value for name, value in environment.items() if name not in (_NOTIFY_SOCKET, *_WATCHDOG)}
    return {**own, SUPERVISED: "1"}


def notify(*words: str) -> None:
    """Tell systemd, if it listens (sd_notify(3)); nobody waits for it, and nothing hangs on its hearing."""
    address = os.environ.get(_NOTIFY_SOCKET, "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.setblocking(False)
        out.sendto("\n".join(words).encode(), address)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
