"""Ports for a site of its own, which nobody takes between their choice and their use."""

import random
import socket
from contextlib import ExitStack
from pathlib import Path

HOST = "127.0.0.1"
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_TRIES = 10_000


def _given_to_connections() -> int:
    """Give the lowest port that the system gives to whoever connects."""
    usual = 32_768
    try:
        lowest = int(_RANGE.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return usual
    return lowest if lowest > _LOWEST + _TRIES else usual


_LOWEST = 16_000
_BEYOND = _given_to_connections()
_chance = random.SystemRandom()
_given: set[int] = set()
"""The last that this process was given: who draws ports one by one has not bound the first when he asks for more."""
_MOST_GIVEN = 4_096


def free_ports(count: int) -> list[int]:
    """Find ports that nobody listens on now and that nobody here was given lately, all different.

    They lie below those that the system gives to whoever connects: one of those may be another's own end by the time
    a server wants to listen on it. Raises OSError if there are not so many.
    """
    found: list[int] = []
    with ExitStack() as held:
        for _ in range(_TRIES):
            if len(found) == count:
                if len(_given) > _MOST_GIVEN:
                    _given.clear()
                _given.update(found)
                return found
            port = _chance.randrange(_LOWEST, _BEYOND)
            if port in _given:
                continue
            probe = socket.socket()
            try:
                probe.bind((HOST, port))
            except OSError:
                probe.close()
            else:
                held.enter_context(probe)
                found.append(port)
    raise OSError(f"there are no {count} free ports from {_LOWEST} to {_BEYOND}")


def free_port() -> int:
    """Find one such port."""
    return free_ports(1)[0]
