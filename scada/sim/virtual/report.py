"""The result of a virtual stretch of time: figures, the reconciliation, and the verdict, for people and programs."""

from collections import Counter
from dataclasses import dataclass, fields

from scada.sim.virtual.carpark import CarPark
from scada.sim.virtual.reconcile import HourRow, reconcile, total
from scada.sim.virtual.verdict import judge


@dataclass(frozen=True, slots=True)
class Report:
    """What came out. `lanes`: sums of the hours; `apart` and `named`: differences, each with its name."""

    days: int
    seed: int
    wall_s: float
    figures: dict[str, int]
    lanes: tuple[HourRow, ...]
    hours: int
    apart: dict[str, int]
    named: dict[str, int]
    periods: dict[str, int]
    broken: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """Give the report as JSON values."""
        told: dict[str, object] = {one.name: getattr(self, one.name) for one in fields(self)}
        lanes = [row.to_json() for row in self.lanes]
        return {**told, "lanes": lanes, "ok": not self.broken, "wall_s": round(self.wall_s, 1)}


def report_of(park: CarPark, days: int, seed: int, wall_s: float) -> Report:
    """Judge and reconcile what has happened."""
    verdict = judge(park)
    hours = reconcile(park)
    uneven = tuple(f"{row.lane}, hour {row.hour}: the columns do not agree: {row}" for row in hours if not row.is_even)
    lanes = tuple(total(hours).values())
    apart: Counter[str] = Counter()
    for row in lanes:
        apart.update(+row.apart)
    return Report(
        days=days,
        seed=seed,
        wall_s=wall_s,
        figures=_figures(park),
        lanes=lanes,
        hours=len(hours),
        apart=dict(apart.most_common()),
        named=verdict.named,
        periods=dict(Counter(period.kind for period in park.books.periods).most_common()),
        broken=verdict.broken + uneven,
    )


def _figures(park: CarPark) -> dict[str, int]:
    till, books, stays = park.till, park.books, park.till.stays.values()
    return {
        "stays": len(stays),
        "stays open": len(till.open_stays),
        "passages": len(books.passages),
        "rises": len(books.rises),
        "cases": sum(books.cases.values()),
        "alarms": sum(books.alarms.values()),
        "most inside": max((night.inside for night in park.stocktakes), default=0),
        "longest way out, min": park.drivers.longest_out_ms // 60_000,
        "fees, fen": sum(stay.fee_fen for stay in stays),
        "paid, fen": till.settled_fen,
        "owed, fen": sum(stay.arrears_fen for stay in stays),
        "waived, fen": sum(stay.waived_fen for stay in stays),
        "to refund, fen": till.surplus_fen,
        **dict(sorted(books.done.items())),
        **{f"payment: {decision}": count for decision, count in sorted(till.decisions.items())},
        **{f"open request: {answer}": count for answer, count in books.answers.most_common()},
    }
