"""A month of the virtual car park written into the tables, and the reports of it held against what truly happened.

`python -m tests.soak.month_reports --days 30`: exit code 1 if a car, an opening or a fen is told otherwise.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from time import perf_counter
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from billing.accounts import flows
from billing.settle import Decision, Final, Settles, Surplus
from billing.tariff import Tariff
from scada.model.lane.words import Ending, Reason
from scada.model.money import NOTHING, Fen
from scada.model.names import LaneName, OrderId, SiteId, StayId, ZoneName
from scada.model.zones import Zone, Zones
from scada.reports.daysheet import Lot, Sheet, read_sheet
from scada.reports.lot.occupancy import read_visits
from scada.sim.virtual.carpark import BEGAN_AT, ZONE, CarPark
from scada.sim.virtual.post import SPACES
from scada.sim.virtual.till import Account, Till
from scada.sim.virtual.verdict import judge
from scada.store import schema
from scada.store.db import writing_engine
from tests.support.month.rows import Rows
from tests.support.store import give_tables

SITE = SiteId("virtual")
PARK = Zones((Zone(ZoneName("main"), SPACES),))


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment as it was settled; `open`: its car had not left."""

    at: datetime
    order: OrderId
    stay: StayId
    fen: Fen
    credits: bool
    open: bool


@dataclass(frozen=True, slots=True)
class Closed:
    """An account as it was closed, before anything was paid later."""

    at: datetime
    stay: StayId
    final: Final
    reason: Reason
    ending: Ending


class KeepingTill(Till):
    """The month's till, which writes down when it did what."""

    def __init__(self, tariff: Tariff, zone: ZoneInfo) -> None:
        super().__init__(tariff, zone)
        self.paid: list[Paid] = []
        self.closed: list[Closed] = []

    def settle(self, order: OrderId, transaction_id: str, paid_at: datetime) -> Decision:
        """Settle, and keep what was paid."""
        asked = self.orders[order]
        is_open = self.stays[asked.stay].ending is None
        decision = super().settle(order, transaction_id, paid_at)
        if isinstance(decision, Settles | Surplus):
            credits = isinstance(decision, Settles)
            self.paid.append(Paid(paid_at, order, asked.stay, asked.amount_fen, credits, is_open))
        return decision

    def _close(self, stay: Account, until: datetime, at: datetime, reason: Reason, ending: Ending) -> None:
        super()._close(stay, until, at, reason, ending)
        final = Final(stay.fee_fen, stay.arrears_fen, stay.waived_fen)
        self.closed.append(Closed(at, stay.id, final, reason, ending))


def main() -> int:
    """Let the month pass, write it down, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--stays-a-day", type=int, default=720)
    asked = parser.parse_args()
    park = lived(asked.days, asked.seed, asked.stays_a_day)
    with tempfile.TemporaryDirectory() as folder:
        give_tables(url := f"sqlite:///{Path(folder) / 'month.db'}")
        engine = writing_engine(url)
        with engine.begin() as connection:
            written(park).write(connection)
        with engine.connect() as connection:
            told = compared(park, connection, asked.days)
        engine.dispose()
    sys.stdout.write(json.dumps(told) + "\n")
    return 1 if told["wrong"] else 0


def lived(days: int, seed: int, stays_a_day: int) -> CarPark:
    """Let the days pass."""
    park = CarPark(Random(seed), stays_a_day, KeepingTill)  # noqa: S311 a play, not a secret
    for day in range(days):
        park.run_day(day)
    park.close()
    return park


def kept(park: CarPark) -> KeepingTill:
    """Give the till of a month that was lived here."""
    assert isinstance(park.till, KeepingTill)
    return park.till


def written(park: CarPark) -> Rows:
    """Give the month as rows of the tables."""
    rows = Rows(SITE)
    at = park.agenda.at
    for one in park.books.passages:
        about = {"lane": one.lane, "number": one.number, "outcome": one.outcome.name, "note": one.note}
        span = {"began_at": at(one.at_ms) - timedelta(seconds=8), "ended_at": at(one.at_ms)}
        rows.add(schema.passage, id=one.id, plate=one.plate, **about, **span)
    for rise in park.books.rises:
        about = {"lane": rise.lane, "count": rise.count, "cause": rise.cause.name, "number": rise.number}
        rows.add(schema.rise, at=at(rise.at_ms), passage=rise.passage, **about)
    _stays(park, rows)
    _money(park, rows)
    return rows


def _stays(park: CarPark, rows: Rows) -> None:
    lanes = {one.id: one.lane for one in park.books.passages}
    reasons = {one.stay: one.reason for one in kept(park).closed}
    for stay in park.till.stays.values():
        plate = {"plate": stay.plate, "plate_kind": "ordinary", "plate_colour": "BLUE"}
        entry = {"entry_lane": stay.lane, "entry_passage": stay.passage, "entered_at": stay.entered_at}
        leave = {"exit_passage": stay.exit_passage, "exit_lane": lanes.get(stay.exit_passage or stay.passage)}
        ends = {"ending": stay.ending.value if stay.ending else None, "exited_at": stay.ended_at}
        reason = reasons.get(stay.id)
        rows.add(
            schema.stay,
            id=stay.id,
            tariff="virtual",
            tariff_terms={},
            fee_fen=stay.fee_fen,
            paid_fen=stay.paid_fen,
            arrears_fen=stay.arrears_fen,
            waived_fen=stay.waived_fen,
            exit_reason=reason.value if reason else None,
            **plate,
            **entry,
            **(leave if stay.exit_passage else {"exit_passage": None, "exit_lane": None}),
            **ends,
        )


def _money(park: CarPark, rows: Rows) -> None:
    for one in kept(park).paid:
        order = park.till.orders[one.order]
        quote = {"id": f"Q{one.order}", "stay": one.stay, "made_at": one.at, "valid_until": one.at, "lines": []}
        rows.add(schema.quote, total_fen=order.total_fen, due_fen=one.fen, **quote)
        made = {"quote": f"Q{one.order}", "lane": order.lane, "state": "PAID", "expires_at": one.at, "made_at": one.at}
        paid = {"transaction_id": f"X{one.order}", "paid_at": one.at}
        rows.add(schema.pay_order, out_trade_no=one.order, stay=one.stay, amount_fen=one.fen, **made, **paid)
        surplus = NOTHING if one.credits else one.fen
        about = {"source": "NOTICE", "settled_at": one.at, "amount_fen": one.fen, "surplus_fen": surplus}
        rows.add(schema.settlement, id=f"S{one.order}", out_trade_no=one.order, stay=one.stay, **about, **paid)
        credit = one.fen if one.credits else NOTHING
        parts = (credit, NOTHING) if one.open else (NOTHING, credit)
        rows.post(one.at, flows.paid(one.stay, one.order, *parts, surplus, f"R{one.order}A"))
    for closed in kept(park).closed:
        rows.post(closed.at, flows.ended(closed.stay, closed.final, closed.reason, closed.ending, "lane"))


def compared(park: CarPark, connection: Connection, days: int) -> dict[str, object]:
    """Read the reports, and name what they say otherwise than what happened."""
    zone_of = {post.name: ZoneName("main") for post in park.posts}
    since = BEGAN_AT.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    until = since + timedelta(days=days + 3)
    began_s = perf_counter()
    sheet = read_sheet(connection, Lot(SITE, PARK, zone_of, ZONE), since, until)
    took_s = perf_counter() - began_s
    wrong = [*judge(park).broken, *_differences(park, sheet), *_nights(park, connection, zone_of)]
    taken = {"taken_fen": sheet.sum("taken_fen"), "surplus_fen": sheet.sum("surplus_fen")}
    cars = {"came": sheet.traffic.came, "inside": sheet.inside_after, "openings": sheet.openings}
    return {"days": days, **cars, **taken, "sheet_s": round(took_s, 1), "wrong": wrong}


def _differences(park: CarPark, sheet: Sheet) -> list[str]:
    """Compare money and openings, which are the same to the last one."""
    pairs = {
        "openings": (sheet.openings, sum(len(post.cabinet.rises) for post in park.posts)),
        "taken": (sheet.sum("taken_fen"), park.till.settled_fen),
        "surplus": (sheet.sum("surplus_fen"), park.till.surplus_fen),
        "stays begun": (sheet.traffic.came, len(park.till.stays)),
        "inside": (sheet.inside_after, len(park.till.open_stays)),
    }
    wrong = [f"{what}: the report says {said}, it was {was}" for what, (said, was) in pairs.items() if said != was]
    held = (one for one in sheet.identities if not one.holds and one.key != "unexplained_openings")
    return wrong + [f"{one.key}: {one.left} and {one.right}" for one in held]


def _nights(park: CarPark, connection: Connection, zone_of: dict[LaneName, ZoneName]) -> list[str]:
    """Compare, at every stocktake, who is inside by the report with who truly is, but for the cars named there."""
    wrong = []
    for night in park.stocktakes:
        at = park.agenda.at(night.at_ms)
        told = sum(one.is_inside(at) for one in read_visits(connection, SITE, at, at, zone_of, PARK))
        truly = night.inside - len(night.without) + len(night.ghosts)
        if told != truly:
            wrong.append(f"at {at:%m-%d %H:%M} {told} cars are inside by the report, truly {truly}")
    return wrong


if __name__ == "__main__":
    raise SystemExit(main())
