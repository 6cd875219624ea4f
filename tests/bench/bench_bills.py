"""What a day of a hundred thousand trades costs: read, written row by row with its fees, and compared.

The bill is packed as WeChat sends it. Everything runs beside an event loop whose lateness is measured, as in a plant.
"""

import asyncio
import gzip
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from billing.accounts.chart import Account
from billing.books import Books
from billing.ids import new_id
from billing.pay.billfile import BillFile, sha1_of
from billing.reconcile.intake.days import Kind
from billing.reconcile.intake.fetch import checked_sums
from billing.reconcile.intake.shelf import Shelf
from billing.reconcile.reconciler import Reconciler
from billing.settle import Merchant
from scada.clock import SystemClock
from scada.model.names import SiteId
from scada.store.db import Database, migrate
from scada.store.schema import demand, ledger_entry, ledger_posting, pay_order, settlement
from tests.bench.support import percentile, run, show
from tests.support.bills import Sold, made_bill

ROWS = 100_000
DAY = date(2026, 3, 3)
ZONE = ZoneInfo("Asia/Shanghai")
BEGAN = datetime(2026, 3, 2, 16, 30, tzinfo=UTC)
SITE = SiteId("bench")
MCHID = "1900000001"
AT_ONCE = 2000
TICK_S = 0.01


def main() -> None:
    """Measure, and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        show("WeChat's bill of a day", ("what", "100,000 rows"), asyncio.run(_measured(Path(folder))))


def sold() -> Iterator[Sold]:
    """Give the day's trades."""
    for n in range(ROWS):
        at = BEGAN + timedelta(milliseconds=800 * n)
        yield Sold(f"BE260303{n:023d}", 500 + n % 900, at, f"42{n:026d}", fee="0.03000")


async def _measured(folder: Path) -> list[tuple[str, str]]:
    url = f"sqlite:///{folder / 'bench.db'}"
    content = await asyncio.to_thread(lambda: gzip.compress(made_bill(sold(), MCHID).encode(), mtime=0))
    file = BillFile(content, await asyncio.to_thread(sha1_of, content))
    await asyncio.to_thread(migrate, url)
    async with Database(url) as db:
        trades = sold()
        await db.write(lambda conn: conn.execute(demand.insert().values(**_demand())))
        while part := list(islice(trades, AT_ONCE)):
            await db.write(lambda conn, part=part: _believe(conn, part))  # type: ignore[misc]
        began = time.process_time()
        await asyncio.to_thread(checked_sums, file, Kind.TRADES, DAY, ZONE)
        read_s = time.process_time() - began
        books, clock = Books(SITE, Merchant(MCHID, "wx0000000001")), SystemClock()
        reconciler = Reconciler(db, books, None, clock, ZONE, Shelf(folder / "bills"))
        whole_s, lag_ms, first_mb = await _timed(reconciler, file)
        again_s, _, again_mb = await _timed(reconciler, file)
    return [
        ("packed, MB", f"{len(content) / 1e6:.1f}"),
        ("read from end to end, s of CPU", f"{read_s:.1f}"),
        ("rows and fees written, compared, s of CPU", f"{whole_s:.1f}"),
        ("the loop beside it late, p99 / worst, ms", f"{percentile(lag_ms, 0.99):.0f} / {max(lag_ms):.0f}"),
        ("more memory at the most, MB", f"{first_mb:.0f}"),
        ("compared again, s of CPU", f"{again_s:.1f}"),
        ("more memory for that, MB", f"{again_mb:.0f}"),
    ]


async def _timed(reconciler: Reconciler, file: BillFile) -> tuple[float, list[float], float]:
    """Reconcile, beside a task that wants to run a hundred times a second."""
    lag_ms: list[float] = []

    async def tick() -> None:
        while True:
            due = time.perf_counter() + TICK_S
            await asyncio.sleep(TICK_S)
            lag_ms.append((time.perf_counter() - due) * 1000)

    beside, held, began = asyncio.create_task(tick()), _peak_mb(), time.process_time()
    found = await reconciler.trades(DAY, file)
    spent = time.process_time() - began
    beside.cancel()
    if found.matched is None or found.matched.agreed != ROWS:
        raise SystemExit(f"it did not agree: {found.bill}")
    return spent, lag_ms, _peak_mb() - held


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _demand() -> dict[str, object]:
    row = {"id": "d", "site": SITE, "kind": "ARREARS", "about": "x", "amount_fen": 1, "parts": [], "state": "PAID"}
    return {**row, "made_at": BEGAN, "made_by": "bench", "valid_until": BEGAN}


def _believe(conn: Connection, part: list[Sold]) -> None:
    """Have trades in the books as payments leave them."""
    orders, settled, sides, sealed = [], [], [], []
    for one in part:
        name, number = new_id(one.at), one.order
        money = {"site": SITE, "out_trade_no": number, "amount_fen": one.amount, "transaction_id": one.wechat_id}
        orders.append({**money, "demand": "d", "state": "PAID", "expires_at": one.at, "made_at": one.at})
        settled.append({**money, "id": name, "source": "notice", "paid_at": one.at, "settled_at": one.at})
        sides += [
            {"entry": name, "account": account.value, "subject": "", "amount_fen": sign * one.amount}
            for account, sign in ((Account.WECHAT, 1), (Account.RECEIVABLE, -1))
        ]
        sealed.append(
            {"id": name, "site": SITE, "at": one.at, "kind": "paid", "ref": f"paid:{number}", "out_trade_no": number}
            | {"by": "bench"}
        )
    conn.execute(pay_order.insert(), orders)
    conn.execute(settlement.insert(), settled)
    conn.execute(ledger_posting.insert(), sides)
    conn.execute(ledger_entry.insert(), sealed)


if __name__ == "__main__":
    run(main, limit_s=300)
