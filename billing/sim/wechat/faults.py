"""Faults on demand: what the platform does to the next answers instead of what it should."""

import threading
from collections import deque
from dataclasses import dataclass
from enum import Enum


class AnswerFault(Enum):
    """What happens to an answer. DROP_AFTER and those below it: the effect has taken place."""

    DROP_BEFORE = "drop_before"
    SYSTEM_ERROR = "system_error"
    RATE_LIMITED = "rate_limited"
    DROP_AFTER = "drop_after"
    BAD_SIGNATURE = "bad_signature"
    SIGNTEST = "signtest"
    NOT_JSON = "not_json"


BEFORE = frozenset({AnswerFault.DROP_BEFORE, AnswerFault.SYSTEM_ERROR, AnswerFault.RATE_LIMITED})
"""Faults under which nothing takes effect."""


@dataclass(frozen=True, slots=True)
class _Plan:
    fault: AnswerFault
    path: str


class Faults:
    """The faults still to come, each for paths that contain its `path`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._plans: deque[_Plan] = deque()

    def plan(self, fault: AnswerFault, path: str, times: int) -> None:
        """Spoil the next answers."""
        with self._lock:
            self._plans.extend([_Plan(fault, path)] * times)

    def clear(self) -> None:
        """Answer everything well again."""
        with self._lock:
            self._plans.clear()

    def take(self, path: str) -> AnswerFault | None:
        """Give the fault of this answer, if it has one."""
        with self._lock:
            for plan in self._plans:
                if plan.path in path:
                    self._plans.remove(plan)
                    return plan.fault
        return None
