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
    HEARD = "heard"
    DROP_AFTER = "drop_after"
    RESET_AFTER = "reset_after"
    HALF_BODY = "half_body"
    BAD_SIGNATURE = "bad_signature"
    SIGNTEST = "signtest"
    UNSIGNED = "unsigned"
    OLD_TIMESTAMP = "old_timestamp"
    OTHER_SERIAL = "other_serial"
    NOT_JSON = "not_json"
    ELSEWHERE = "elsewhere"
    DELAY = "delay"


BEFORE = frozenset({AnswerFault.DROP_BEFORE, AnswerFault.SYSTEM_ERROR, AnswerFault.RATE_LIMITED, AnswerFault.HEARD})
"""Faults under which nothing takes effect."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One fault to come, for a method (any if empty) and paths that contain `path`."""

    fault: AnswerFault
    path: str
    method: str = ""
    wait_s: float = 0.0


class Faults:
    """The faults still to come, and outages that last until they are ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._plans: deque[Plan] = deque()
        self._outages: list[Plan] = []

    def plan(self, plan: Plan, times: int) -> None:
        """Spoil the next answers; 0 times is an outage: all of them, until `clear`."""
        with self._lock:
            if times == 0:
                self._outages.append(plan)
            self._plans.extend([plan] * times)

    def clear(self) -> None:
        """Answer everything well again."""
        with self._lock:
            self._plans.clear()
            self._outages.clear()

    def take(self, method: str, path: str) -> Plan | None:
        """Give the fault of this answer, if it has one."""
        with self._lock:
            for plan in self._plans:
                if plan.path in path and plan.method in ("", method):
                    self._plans.remove(plan)
                    return plan
            return next((one for one in self._outages if one.path in path and one.method in ("", method)), None)
