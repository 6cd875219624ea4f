"""Whose turn it is to read: as many cameras at a time as there are cores, who came first goes first.

Reading a frame takes a core. Eight lanes that read at once are all late together; in turns the first are through at
once and the last no later. A car that two frames did not settle lets those behind it go first.
"""

import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass

from scada.clock import Clock

_ROUND = 2
"""So many looks that agree are a read when the time is over: everybody gets them before anybody gets more."""
LAPSE_S = 1.0
"""No frame takes so long to read: who has not given its turn back by then has lost it."""


def cores() -> int:
    """Count the cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(slots=True)
class _Claim:
    capture: int
    came: int
    turns: int = 0

    @property
    def rank(self) -> tuple[int, int]:
        return self.turns // _ROUND, self.came


class Turns:
    """Deals out the turns of all cameras. Nothing here waits: who asks is called when it may go."""

    def __init__(self, at_once: int, clock: Clock) -> None:
        self._at_once = at_once
        self._clock = clock
        self._numbers = itertools.count()
        self._claims: dict[str, _Claim] = {}
        self._waiting: dict[str, Callable[[], None]] = {}
        self._reading: dict[str, float] = {}

    def ask(self, camera: str, capture: int, go: Callable[[], None]) -> None:
        """Want to read a frame of a capture; gives back the turn before, if there was one."""
        claim = self._claims.get(camera)
        if claim is None or claim.capture != capture:
            self._claims[camera] = _Claim(capture, next(self._numbers))
        self._reading.pop(camera, None)
        self._waiting[camera] = go
        self._deal()

    def give_back(self, camera: str) -> None:
        """Let another read; the capture goes on and keeps its place."""
        self._reading.pop(camera, None)
        self._deal()

    def end(self, camera: str) -> None:
        """Want no more turns: the capture is over, or the camera's process."""
        for book in (self._claims, self._reading, self._waiting):
            book.pop(camera, None)
        self._deal()

    def look_again(self) -> None:
        """Take the turns away from those that hang: who waits behind them need not wait until they are killed."""
        self._deal()

    def _deal(self) -> None:
        now = self._clock.seconds()
        self._reading = {camera: since for camera, since in self._reading.items() if now - since < LAPSE_S}
        while self._waiting and len(self._reading) < self._at_once:
            camera = min(self._waiting, key=lambda one: self._claims[one].rank)
            go = self._waiting.pop(camera)
            self._reading[camera] = now
            self._claims[camera].turns += 1
            go()
