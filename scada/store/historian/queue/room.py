"""How much of a disk history may take: a budget, a part that stays free, and a ballast to throw off in need."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog

from scada.store.ballast import MEGABYTE, Ballast
from scada.store.db import StoreError

T = TypeVar("T")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Limits:
    """What may wait on disk, what of the disk stays free for the rest of the plant, and the ballast."""

    budget_bytes: int = 2048 * MEGABYTE
    free_bytes: int = 512 * MEGABYTE
    ballast_bytes: int = 8 * MEGABYTE

    def allowed(self, held: int, free: int) -> int:
        """Give the bytes that may wait now: less than the budget where the disk itself runs full."""
        short = self.free_bytes - free
        return max(0, min(self.budget_bytes, held - short)) if short > 0 else self.budget_bytes

    def is_over(self, event_bytes: int) -> bool:
        """Say whether events alone fill the budget: nothing is left that may be thinned."""
        return event_bytes > self.budget_bytes

    def refuses(self, event_bytes: int, free: int) -> str:
        """Say why nothing more may be written; empty if it may."""
        if free < self.free_bytes // 2:
            return f"only {free // MEGABYTE} MB of the disk are free"
        if event_bytes > 2 * self.budget_bytes:
            return "events alone fill twice the budget"
        return ""


LIMITS = Limits()


def in_need(work: Callable[[], T], ballast: Ballast) -> T:
    """Do what needs room on disk; where there is none, throw the ballast off and do it once more. Raises StoreError."""
    try:
        return work()
    except StoreError:
        if not ballast.drop():
            raise
        log.error("history's disk is full: the ballast is thrown off")
        return work()
