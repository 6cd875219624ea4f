"""The cars of the month, one by one: when they come, how they pay or do not, and how their stays end."""

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from random import Random
from typing import Final

from billing.accounts import flows
from billing.settle import Final as Closed
from billing.settle import close_account
from scada.model.lane.words import OPERATOR_REASONS, Ending, Reason
from scada.model.money import NOTHING, Fen
from scada.model.names import StayId
from scada.store import schema
from tests.support.month.lanes import Lanes
from tests.support.month.rows import Rows
from tests.support.month.till import Row, Till, fen
from tests.support.month.truth import Came, Moved, Truth

INS, OUTS = ("in1", "in2"), ("out1", "out2")
KINDS: Final = ("ordinary", "ordinary", "ordinary", "new_energy", "unknown")
FREE: Final = timedelta(minutes=15)
A_LITTLE: Final = timedelta(seconds=4)


class Visits:
    """Lets cars come; what happens after `until` does not happen."""

    def __init__(self, rows: Rows, truth: Truth, random: Random, zone: tzinfo, until: datetime) -> None:
        self.till = Till(rows, truth)
        self.lanes = Lanes(rows, truth, random)
        self._rows = rows
        self._truth = truth
        self._random = random
        self._zone = zone
        self._until = until
        self._cars = 0
        self.stories: dict[str, tuple[int, Callable[[Row, datetime, str, Fen], None]]] = {
            "scan": (30, self._scan),
            "ahead": (18, self._ahead),
            "code": (6, self._code),
            "pay score": (12, lambda *all: self._pay_score(*all, breaks=False)),
            "pay score breaks": (1, lambda *all: self._pay_score(*all, breaks=True)),
            "cash": (5, self._cash),
            "cash taken back": (1, self._cash_taken_back),
            "voucher": (5, self._voucher),
            "voucher and scan": (4, self._voucher_and_scan),
            "paid twice": (1, self._paid_twice),
            "given back": (1, self._given_back),
            "by hand": (3, self._by_hand),
            "tailgate": (1, self._follows),
            "open lane": (1, self._goes_through),
            "unseen": (1, self._unseen),
        }

    def comes(self, at: datetime, dwell: timedelta, *, card: str = "", story: str = "", plate: str = "") -> None:
        """Let a car come in, and leave after its dwell, if that is before the books end."""
        self._cars += 1
        plate = plate or f"沪A{self._cars:05d}"
        lane = self._random.choice(INS)
        stay = self._begin(at, plate, lane, card)
        left_at = at + dwell
        due = NOTHING if card else fee(left_at - at)
        out = self._random.choice(OUTS)
        if story == "annulled":
            self._annul(stay, at + timedelta(seconds=20))
        elif left_at + timedelta(minutes=10) > self._until:
            self._stays_inside(stay, at, due)
        elif not due:
            self._leaves(stay, left_at, out, NOTHING, Reason.MONTH if card else Reason.FREE)
        else:
            self.stories[story or self._draw()][1](stay, left_at, out, due)
            self._settle_later(stay, left_at)

    def _draw(self) -> str:
        return self._random.choices([*self.stories], [weight for weight, _ in self.stories.values()])[0]

    def _begin(self, at: datetime, plate: str, lane: str, card: str) -> Row:
        passage = self.lanes.passes(lane, at, plate)
        self._truth.cars.append(Came(at, lane))
        return self._rows.add(
            schema.stay,
            id=f"S{self._cars:08d}",
            plate=plate,
            plate_kind=self._random.choice(KINDS),
            plate_colour="BLUE",
            entry_lane=lane,
            entry_passage=passage,
            entered_at=at,
            entry_picture=f"{passage}.jpg",
            tariff="demo-1",
            tariff_terms={},
            zone="main",
            card=card or None,
            ending=None,
            exit_lane=None,
            exit_passage=None,
            exited_at=None,
            exit_reason=None,
            paid_until=None,
            fee_fen=0,
            paid_fen=0,
            credit_fen=0,
            arrears_fen=0,
            waived_fen=0,
        )

    def _leaves(
        self,
        stay: Row,
        at: datetime,
        lane: str,
        due: Fen,
        reason: Reason,
        ending: Ending = Ending.EXIT,
        by: str = "lane",
    ) -> str:
        """End a stay by a passage; `due` is what it still owes. Gives the passage."""
        outcome = "TAILGATE" if ending is Ending.EXIT_TAILGATE else "FORWARD"
        note = "OPEN_LANE" if ending is Ending.EXIT_OPEN_LANE else ""
        about = {"outcome": outcome, "note": note, "opened": ending is Ending.EXIT}
        passage = self.lanes.passes(lane, at, str(stay["plate"]), str(stay["id"]), **about)  # type: ignore[arg-type]
        stay |= {"exit_lane": lane, "exit_passage": passage, "exit_reason": reason.value}
        self._close(stay, at, due, reason, ending, by, lane)
        return passage

    def _close(self, stay: Row, at: datetime, due: Fen, reason: Reason, ending: Ending, by: str, lane: str) -> None:
        paid = Fen(fen(stay, "paid_fen") + int(str(stay.get("broken", 0))))
        final = close_account(paid, due, reason, ending, fen(stay, "credit_fen"))
        stay |= {"ending": ending.value, "exited_at": at, "fee_fen": final.fee_fen, "waived_fen": final.waived_fen}
        stay["arrears_fen"] = final.arrears_fen + int(str(stay.pop("broken", 0)))
        self._rows.post(at, flows.ended(StayId(str(stay["id"])), final, reason, ending, by))
        self._truth.cars.append(Came(at, lane, ending.value))
        self._tell(stay, at, final)

    def _tell(self, stay: Row, at: datetime, final: Closed) -> None:
        kind = str(stay["plate_kind"])
        for what, amount in (("fees", final.fee_fen), ("waived", final.waived_fen), ("arrears", final.arrears_fen)):
            self._truth.money.append(Moved(at, what, amount, kind=kind))

    def _stays_inside(self, stay: Row, at: datetime, due: Fen) -> None:
        """It is still inside when the books end; every third such car has paid ahead already."""
        paid_at = at + timedelta(minutes=20)
        if due and self._cars % 3 == 0 and paid_at < self._until:
            self.till.scan(stay, paid_at, Fen(300), None)

    def _annul(self, stay: Row, at: datetime) -> None:
        stay |= {"ending": Ending.ANNULLED.value, "exited_at": at}
        self._truth.cars.append(Came(at, "", Ending.ANNULLED.value))

    def _scan(self, stay: Row, at: datetime, lane: str, due: Fen) -> None:
        self.till.scan(stay, at - A_LITTLE, due, lane)
        self._leaves(stay, at, lane, NOTHING, Reason.PAID)

    def _ahead(self, stay: Row, at: datetime, lane: str, due: Fen) -> None:
        self.till.scan(stay, at - timedelta(minutes=5), due, None)
        self._leaves(stay, at, lane, NOTHING, Reason.PREPAID)

    def _code(self, stay: Row, at: datetime, lane: str, due: Fen) -> None:
        self.till.scan(stay, at - A_LITTLE, due, lane, "CODE")
        self._leaves(stay, at, lane, NOTHING, Reason.PAID)

    def _pay_score(self, stay: Row, at: datetime, lane: str, due: Fen, *, breaks: bool) -> None:
        self.till.deduct(stay, at - A_LITTLE, due, lane, breaks=breaks)
        self._leaves(stay, at, lane, NOTHING, Reason.ACCEPTED)

    def _cash(self, stay: Row, at: datetime, lane: str, due: Fen) -> None:
        paid_at = at - A_LITTLE
        self.till.cash(stay, paid_at, due, lane, paid_at.astimezone(self._zone).date())
        self._leaves(stay, at, lane, NOTHING, Reason.PAID)

    def _cash_taken_back(self, stay: Row, at: datetime, lane: str, due: Fen) -> None:
        paid_at = at - timedelta(seconds=50)
        day = paid_at.astimezone(self._zone).date()
        receipt = self.till.cash(stay, paid_at, due, lane, day)
        self.till.void(stay, paid_at + timedelta(seconds=20), due, lane, receipt, day)
        self._scan(stay, at, lane, due)

    def _voucher(self, stay: Row, at: datetime, lane: str, due: Fen) -> None:
        self.till.voucher(stay, at, due, 100)
        self._leaves(stay, at, lane, NOTHING, Reason.FREE)

    def _voucher_and_scan(self, stay: Row, at: datetime, lane: str, due: Fen) -> None:
        half = Fen(due // 2)
        self.till.voucher(stay, at - A_LITTLE, half, 50)
        self._scan(stay, at, lane, Fen(due - half))

    def _paid_twice(self, stay: Row, at: datetime, lane: str, due: Fen) -> None:
        self.till.scan(stay, at - A_LITTLE, due, lane, surplus=due)
        self._leaves(stay, at, lane, NOTHING, Reason.PAID)

    def _given_back(self, stay: Row, at: datetime, lane: str, due: Fen) -> None:
        order = self.till.scan(stay, at - A_LITTLE, due, lane)
        self._leaves(stay, at, lane, NOTHING, Reason.PAID)
        back_at = at + timedelta(days=2)
        if back_at + timedelta(hours=1) < self._until:
            self.till.gives_back(stay, order, back_at, Fen(due // 2))

    def _by_hand(self, stay: Row, at: datetime, lane: str, due: Fen) -> None:
        reason, person = self._random.choice(OPERATOR_REASONS), self._random.choice(("li", "zhao"))
        passage = self._leaves(stay, at, lane, due, reason, by=person)
        self.lanes.by_hand(lane, at, passage, str(stay["id"]), person, reason.value)
        self._truth.by_hand.append((at, reason.value, passage))

    def _follows(self, stay: Row, at: datetime, lane: str, due: Fen) -> None:
        self._leaves(stay, at, lane, due, Reason.TAILGATE, Ending.EXIT_TAILGATE)

    def _goes_through(self, stay: Row, at: datetime, lane: str, due: Fen) -> None:
        self._leaves(stay, at, lane, due, Reason.OPEN_LANE, Ending.EXIT_OPEN_LANE)

    def _unseen(self, stay: Row, at: datetime, _lane: str, due: Fen) -> None:
        """Its plate comes in again: the stay that is open under it ends, and nobody has seen it leave."""
        self._close(stay, at, due, Reason.ADMITTED, Ending.EXIT_UNSEEN, "lane", "")

    def _settle_later(self, stay: Row, at: datetime) -> None:
        """Half of what is owed is paid by phone some days later, some of it is written off."""
        owed = fen(stay, "arrears_fen")
        later = at + timedelta(days=self._random.randrange(1, 12), minutes=7)
        luck = self._random.random()
        if owed <= 0 or later > self._until:
            return
        if luck < 0.5:
            self.till.recover(stay, later, owed)
        elif luck < 0.6:
            self.till.write_off(stay, later, owed)


def fee(dwell: timedelta) -> Fen:
    """Price a dwell: a quarter of an hour is free, then 3 yuan each hour begun, 60 yuan at most."""
    beyond = dwell - FREE
    return Fen(min(6000, 300 * -(-beyond // timedelta(hours=1)))) if beyond > timedelta(0) else NOTHING
