"""What one stay costs now, as its driver is told on a phone: how it stands, the bill in sentences, what comes next."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Final

from sqlalchemy import Connection

from billing import rights, stays
from billing.stays import Stay
from billing.tariff import HOST, Bill, in_words
from billing.visit.visits import Visits
from scada.model.money import NOTHING, Fen
from scada.model.names import StayId

_PAID: Final = frozenset({"paid", "credit", "grace"})
_MINUTE_S: Final = 60


class FeeState(Enum):
    """How a stay stands: to be paid, free, paid and free to leave, gone, or for a person to look at first."""

    DUE = "due"
    FREE = "free"
    PAID = "paid"
    LEFT = "left"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Fee:
    """The fee of a stay at one moment, in fen and in sentences by language; `leave_by`: free to leave until then."""

    state: FeeState
    plate: str
    entered_at: datetime
    minutes: int
    total_fen: Fen
    paid_fen: Fen
    due_fen: Fen
    said: dict[str, tuple[str, ...]]
    leave_by: datetime | None
    tariff: str

    def to_json(self) -> dict[str, object]:
        """Give the fee as JSON values; times are aware UTC."""
        return {
            "state": self.state.value,
            "plate": self.plate,
            "entered_at": self.entered_at.isoformat(),
            "minutes": self.minutes,
            "total_fen": self.total_fen,
            "paid_fen": self.paid_fen,
            "due_fen": self.due_fen,
            "said": {language: list(sentences) for language, sentences in self.said.items()},
            "leave_by": None if self.leave_by is None else self.leave_by.isoformat(),
            "tariff": self.tariff,
        }


def look(conn: Connection, visits: Visits, at: datetime, stay: StayId, *, named: bool) -> Fee:
    """Reckon what a driver is told of a stay; changes nothing. Raises BillingError.

    Whom a car visits is nobody's business who only knows its plate: unless `named`, a host that pays has no name.
    """
    found = stays.find(conn, visits.books.site, stay, lock=False)
    if not found.account.is_open:
        return _left(found)
    bill, zone = visits.bill(conn, at, stay), visits.versions.clock_zone
    if not named:
        bill = replace(
            bill, credit_lines=[replace(one, name="") if one.kind == HOST else one for one in bill.credit_lines]
        )
    return Fee(
        state=_state(visits, found, at, bill),
        plate=found.plate,
        entered_at=found.entered_at,
        minutes=int((at - found.entered_at).total_seconds()) // _MINUTE_S,
        total_fen=bill.total_fen,
        paid_fen=found.account.paid_fen,
        due_fen=bill.due_fen,
        said={"zh": in_words(bill, zone), "en": in_words(bill, zone, english=True)},
        leave_by=bill.leave_by,
        tariff=found.tariff.version,
    )


def _state(visits: Visits, stay: Stay, at: datetime, bill: Bill) -> FeeState:
    limits = visits.limits
    if rights.too_much(stay.entered_at, at, bill.payable_fen, limits.stay_hours, Fen(limits.stay_fen)):
        return FeeState.PERSON
    if bill.due_fen > 0:
        return FeeState.DUE
    return FeeState.PAID if any(line.kind in _PAID for line in bill.credit_lines) else FeeState.FREE


def _left(stay: Stay) -> Fee:
    """Tell of a stay that has ended no more than what it still owes."""
    owed = stay.account.arrears_fen
    return Fee(FeeState.LEFT, stay.plate, stay.entered_at, 0, NOTHING, NOTHING, owed, {}, None, stay.tariff.version)
