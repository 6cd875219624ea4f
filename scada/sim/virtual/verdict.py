"""The verdict on a virtual stretch of time: what truly happened against what was written down.

`lanes.md` §3 as far as it shows here. A difference is allowed only where the product itself has named it: by an
outcome, a note, an ending, or a period in which something was out of order. All others are broken rules.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from billing.settle import OrderState
from scada.model.handshake import PassageOutcome
from scada.model.lane.words import Ending
from scada.model.names import LaneName, PassageId
from scada.sim.virtual.books import PassageRow
from scada.sim.virtual.carpark import CarPark
from scada.sim.virtual.forecourt import Crossing, Visit
from scada.sim.virtual.till import Account

Where = tuple[LaneName, int]
LONGEST_OUT_MS = 3 * 3_600_000
"""Nobody who wants to leave may need longer (invariant 9)."""
DARK = frozenset({"plc-restart", "power-cut"})
"""Periods in which a PLC counts nobody."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came out. `named`: differences with a name and how often; `broken`: one sentence for each broken rule."""

    named: dict[str, int]
    broken: tuple[str, ...]


def judge(park: CarPark) -> Verdict:
    """Compare everything that happened with everything that was written down."""
    court = _Court(park)
    broken = [
        *court.cabinets(),
        *court.rises(),
        *court.openings(),
        *court.endings(),
        *court.money(),
        *court.visits(),
        *court.occupancy(),
    ]
    return Verdict(dict(court.named.most_common()), tuple(broken))


class _Court:
    """Truth and books side by side."""

    def __init__(self, park: CarPark) -> None:
        self.named: Counter[str] = Counter()
        self._park = park
        self._rows: dict[Where, PassageRow] = {(row.lane, row.number): row for row in park.books.passages}
        self._by_id: dict[PassageId, PassageRow] = {row.id: row for row in park.books.passages}
        self._crossed: dict[Where, list[Visit]] = {}
        for visit in sorted(park.drivers.visits, key=_entered_ms):
            self._note(visit, visit.entered)
        for visit in sorted(park.drivers.visits, key=_left_ms):
            self._note(visit, visit.left)
        stays = park.till.stays.values()
        self._exits = {stay.exit_passage: stay for stay in stays if stay.exit_passage is not None}
        self._stays = {visit: self._own_stay(visit) for visit in park.drivers.visits}
        self._cars = {stay.id: visit for visit, stay in self._stays.items() if stay is not None}

    def _note(self, visit: Visit, crossing: Crossing | None) -> None:
        if crossing is not None and crossing.number:
            self._crossed.setdefault((crossing.lane, crossing.number), []).append(visit)

    def _own_stay(self, visit: Visit) -> Account | None:
        """Give the stay that the car's own entry began, if it was the first under its passage."""
        entered = visit.entered
        if entered is None or self._crossed.get((entered.lane, entered.number), [None])[0] is not visit:
            return None
        stay = self._park.operators.posts[entered.lane].stays.get(entered.number)
        return self._park.till.stays[stay] if stay is not None else None

    def cabinets(self) -> Iterator[str]:
        """Invariants 1, 2 and 8, as somebody at the barrier sees them."""
        for post in self._park.posts:
            if post.cabinet.struck:
                yield f"{post.name}: the boom came down on a car, {post.cabinet.struck} times"
            yield from (f"{post.name}: {what}" for what in post.cabinet.broken)

    def rises(self) -> Iterator[str]:
        """Invariant 7: every rise has exactly one cause record, and its true cause or none."""
        for post in self._park.posts:
            true = {rise.count: rise.cause for rise in post.cabinet.rises}
            told = [row for row in self._park.books.rises if row.lane == post.name]
            if sorted(row.count for row in told) != sorted(true):
                yield f"{post.name}: {len(true)} rises, {len(told)} cause records"
            for row in told:
                if row.cause is not true.get(row.count):
                    self.named["rise while the server did not watch: cause unknown"] += 1

    def openings(self) -> Iterator[str]:
        """Invariants 3 and 5: what a PLC did, its lane had asked for, for that passage."""
        asked = {(leave.lane, leave.number) for leave in self._park.books.leaves}
        for post in self._park.posts:
            for at_ms, number, _ in post.cabinet.opened:
                if (post.name, number) not in asked:
                    yield f"{post.name}: opened for passage {number} at {at_ms} ms and nobody had leave"

    def endings(self) -> Iterator[str]:
        """Invariant 6: stays begin and end on completed passages; other endings have their own names."""
        for stay in self._park.till.stays.values():
            if self._by_id[stay.passage].outcome is not PassageOutcome.FORWARD:
                self.named["stay begun by a passage without leave"] += 1
            if stay.ending is Ending.EXIT:
                row = self._by_id[stay.exit_passage] if stay.exit_passage is not None else None
                if row is None or row.outcome is not PassageOutcome.FORWARD:
                    yield f"stay {stay.id} ended as EXIT without a completed passage"

    def money(self) -> Iterator[str]:
        """Fees are paid, owed or waived, to the fen; what WeChat took is credited or to be refunded."""
        till = self._park.till
        for stay in till.stays.values():
            if stay.ending is not None and stay.fee_fen != stay.paid_fen + stay.arrears_fen + stay.waived_fen:
                yield f"stay {stay.id}: fee {stay.fee_fen}, paid {stay.paid_fen}, owed {stay.arrears_fen}"
        paid = sum(order.amount_fen for order in till.orders.values() if order.state is OrderState.PAID)
        if paid != till.settled_fen + till.surplus_fen:
            yield f"WeChat took {paid} fen; credited {till.settled_fen}, surplus {till.surplus_fen}"
        if till.settled_fen != sum(stay.paid_fen for stay in till.stays.values()):
            yield "the stays' payments are not what was settled"

    def visits(self) -> Iterator[str]:
        """No stay is lost, no car goes out on another's stay, nobody is trapped."""
        for visit in self._park.drivers.visits:
            for why in (self._entry(visit), self._exit(visit)):
                if why.startswith("!"):
                    yield f"visit {visit.number}: {why[1:]}"
                elif why:
                    self.named[why] += 1
        if self._park.drivers.longest_out_ms > LONGEST_OUT_MS:
            yield f"somebody needed {self._park.drivers.longest_out_ms // 60_000} min to get out"
        for post in self._park.posts:
            if post.road.length:
                yield f"{post.name}: {post.road.length} cars have never got through"

    def _entry(self, visit: Visit) -> str:
        """Say why a car that came in has no stay of its own; nothing if it has."""
        if visit.entered is None or self._stays[visit] is not None:
            return ""
        return self._named("in without a stay", self._told(visit, visit.entered))

    def _exit(self, visit: Visit) -> str:
        """Say why a car that left did not end its own stay with that; nothing if it did."""
        left, stay = visit.left, self._stays[visit]
        if left is None:
            return ""
        row = self._rows.get((left.lane, left.number))
        if stay is not None and row is not None and stay.exit_passage == row.id:
            return "" if stay.ending is Ending.EXIT else f"out: {stay.ending.value if stay.ending else 'open'}"
        other = self._ended_by(row)
        if other is not None and self._crossed[(left.lane, left.number)][0] is visit:
            return self._on_anothers(visit, row, other)
        if stay is None:
            return "out: it had no stay"
        if stay.ended_at is not None and stay.ended_at <= self._park.agenda.at(left.at_ms):
            return f"out: its stay had ended before ({stay.ending.value if stay.ending else ''})"
        return self._named("out without ending its stay", self._told(visit, left))

    def _named(self, what: str, told: str) -> str:
        return f"!{what}: {told[1:]}" if told.startswith("!") else f"{what}: {told}"

    def _ended_by(self, row: PassageRow | None) -> Account | None:
        return self._exits.get(row.id) if row is not None else None

    def _on_anothers(self, visit: Visit, row: PassageRow | None, other: Account) -> str:
        """A car left on another's stay: allowed only where what was seen of it was a lie."""
        owner = self._cars.get(other.id)
        if owner is not None and owner.car is not visit.car and owner.car.plate == visit.car.plate:
            return "out on another's stay: two cars with the same plate"
        read = row.plate if row is not None else None
        if owner is not None and owner.car.plate != other.plate:
            return "out on another's stay: misread at the entry as this car"
        if read is not None and read != visit.car.plate:
            return "out on another's stay: misread, or a false plate"
        return f"!left on the stay {other.id} of another car, and its plate was read rightly"

    def _told(self, visit: Visit, crossing: Crossing) -> str:
        """Give the name under which the books know a crossing that moved no stay."""
        if crossing.number == 0:
            return "the PLC had no power" if self._was_dark(crossing) else "!nobody counted it"
        if self._crossed[(crossing.lane, crossing.number)][0] is not visit:
            return "close behind another, under one presence of the safety loop"
        row = self._rows.get((crossing.lane, crossing.number))
        if row is None:
            return "!the passage is not on record"
        if row.outcome is PassageOutcome.FORWARD and not row.note:
            return "!nothing names it"
        return f"{row.outcome.name} {row.note}".strip()

    def _was_dark(self, crossing: Crossing) -> bool:
        return any(
            period.kind in DARK and period.from_ms <= crossing.from_ms <= period.until_ms
            for period in self._park.books.periods
            if period.lane in (None, crossing.lane)
        )

    def occupancy(self) -> Iterator[str]:
        """What was counted is what stands there, but for the cars named above."""
        for night in self._park.stocktakes:
            if night.inside - len(night.without) != night.counted - len(night.ghosts):
                yield f"at {night.at_ms} ms {night.inside} cars are inside and {night.counted} are counted"


def _entered_ms(visit: Visit) -> int:
    return visit.entered.at_ms if visit.entered is not None else 0


def _left_ms(visit: Visit) -> int:
    return visit.left.at_ms if visit.left is not None else 0
