"""The only place that reads a clock.

Two kinds of time never mix: wall time (aware UTC, for stays, tariffs and records) and monotonic
seconds (for waits). In a drill wall time may run faster than real time, so that an hour's parking
takes a minute; waits, signatures and everything physical keep real time.
"""

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

VARIABLE = "DAOZHA_CLOCK"
"""Environment variable `<unix seconds>:<speed>`: where a fast clock began, and how fast it runs."""


class Clock(Protocol):
    """Tells the time, both kinds."""

    def now(self) -> datetime:
        """Wall time, aware UTC."""

    def seconds(self) -> float:
        """Monotonic seconds, never scaled."""

    def ahead(self, wait_s: float) -> datetime:
        """Wall time as it will be `wait_s` monotonic seconds from now."""

    def seconds_at(self, moment: datetime) -> float:
        """Monotonic seconds when wall time will be `moment`: the way back from `ahead`."""


class SystemClock:
    """The computer's own clocks; `speed` times as fast on the wall since `began` (unix seconds)."""

    def __init__(self, began: float = 0.0, speed: float = 1.0) -> None:
        self._began = began
        self.speed = speed

    def now(self) -> datetime:
        """Wall time, aware UTC."""
        return datetime.fromtimestamp(self._began + (time.time() - self._began) * self.speed, UTC)

    def seconds(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def ahead(self, wait_s: float) -> datetime:
        """Wall time as it will be `wait_s` monotonic seconds from now."""
        return self.now() + timedelta(seconds=wait_s * self.speed)

    def seconds_at(self, moment: datetime) -> float:
        """Monotonic seconds when wall time will be `moment`."""
        return self.seconds() + (moment - self.now()).total_seconds() / self.speed


class VirtualClock:
    """A clock that stands still until it is moved; for tests and replays."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._seconds = 0.0

    def now(self) -> datetime:
        """Wall time, aware UTC."""
        return self._now

    def seconds(self) -> float:
        """Seconds moved so far."""
        return self._seconds

    def ahead(self, wait_s: float) -> datetime:
        """Wall time `wait_s` from now."""
        return self._now + timedelta(seconds=wait_s)

    def seconds_at(self, moment: datetime) -> float:
        """Monotonic seconds when wall time will be `moment`."""
        return self._seconds + (moment - self._now).total_seconds()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)
        self._seconds += seconds


def real_unix_seconds() -> float:
    """Unix time that no drill scales: what signatures are checked against."""
    return time.time()


def clock_setting(speed: float) -> str:
    """Give the value of `VARIABLE` for a clock that runs `speed` times as fast from now on."""
    return f"{time.time():.3f}:{speed:g}"


def clock_from(environment: Mapping[str, str] = os.environ) -> SystemClock:
    """Build this process's clock. Raises ValueError if `VARIABLE` is not `<unix seconds>:<speed>`."""
    setting = environment.get(VARIABLE)
    if not setting:
        return SystemClock()
    began, _, speed = setting.partition(":")
    try:
        return SystemClock(float(began), float(speed))
    except ValueError as error:
        raise ValueError(f"{VARIABLE}={setting!r}: expected <unix seconds>:<speed>") from error


def boot_seconds() -> float:
    """Seconds since the machine started, those included in which it slept: what a lease is counted by."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
