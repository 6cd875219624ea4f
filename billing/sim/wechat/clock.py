"""The platform's two clocks: business time, which a test moves, and that of signatures, real but for a skew."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from scada.clock import SystemClock, real_unix_seconds

BEIJING: Final = timezone(timedelta(hours=8))


class PlatformClock:
    """Business time: the system's clock, moved ahead. For use from many threads."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._ahead = timedelta()
        self._lock = threading.Lock()
        self._moved: list[Callable[[], None]] = []
        self.skew_s = 0.0

    @property
    def speed(self) -> float:
        """How many business seconds pass in a real one."""
        return self._clock.speed

    def now(self) -> datetime:
        """Business time, aware UTC."""
        return self._clock.now() + self._ahead

    def signing_s(self) -> float:
        """Unix seconds that signatures are stamped and checked with."""
        return real_unix_seconds() + self.skew_s

    def move(self, seconds: float) -> None:
        """Let business time pass at once."""
        with self._lock:
            self._ahead += timedelta(seconds=seconds)
        for told in self._moved:
            told()

    def on_move(self, told: Callable[[], None]) -> None:
        """Have somebody told whenever time was moved."""
        self._moved.append(told)


def written(at: datetime) -> str:
    """Write a moment as the platform does."""
    return at.astimezone(BEIJING).isoformat(timespec="seconds")


def moment(text: object) -> datetime | None:
    """Read a moment with its zone; None if it is none."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return None if found.tzinfo is None else found.astimezone(UTC)
