"""The reconciler and its job, built from the site's configuration."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from billing.books import Books
from billing.orders.applying import Applied
from billing.reconcile.intake.line import Line
from billing.reconcile.intake.shelf import Shelf
from billing.reconcile.job import BillJob, Reach
from billing.reconcile.reconciler import Reconciler
from scada.clock import Clock
from scada.config import Config
from scada.store.db import Database

FOLDER: Final = "bills"
"""Where WeChat's files are kept, below the data folder."""


@dataclass(frozen=True, slots=True)
class Bills:
    """All that has to do with WeChat's bills."""

    reconciler: Reconciler
    job: BillJob


def build_bills(
    config: Config,
    db: Database,
    clock: Clock,
    line: Line | None,
    applied: Callable[[Applied], None] = lambda _applied: None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Bills:
    """Build them; without `line` WeChat is not asked. It looks at the disk for the site's zone."""
    zone, shelf, books, names = config.site.zone_info, Shelf(config.data / FOLDER), Books.of(config), config.wechat
    reconciler = Reconciler(db, books, line, clock, zone, shelf, names.accountant, applied, progress)
    job = BillJob(db, books, reconciler, clock, zone, shelf, Reach(names.reconcile_days, names.bills_days))
    return Bills(reconciler, job)
