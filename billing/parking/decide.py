"""What WeChat's word on an entry or on a deduction changes, in whatever order it arrives. Pure decisions."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from billing.pay.calls.parking import ParkedCar
from billing.pay.gateway import Deduction, Entrance
from billing.settle import NOTHING, PENDING, OrderAccount, OrderState, StayAccount, Wrong
from scada.model.money import yuan_text
from scada.model.names import StayId


class SessionState(Enum):
    """How far an entry has come. WANTED: WeChat may or may not know of it; only NORMAL can be deducted from."""

    WANTED = "WANTED"
    NORMAL = "NORMAL"
    BLOCKED = "BLOCKED"
    REFUSED = "REFUSED"
    USED = "USED"
    ENDED = "ENDED"


LIVE: Final = frozenset({SessionState.WANTED, SessionState.NORMAL, SessionState.BLOCKED})
"""States that WeChat's word may change; the others are ends."""


@dataclass(frozen=True, slots=True)
class Session:
    """One car's entry: what WeChat was told, and what it said. `changed_ms` is 0 as long as no notice has come."""

    stay: StayId
    number: str
    car: ParkedCar
    free_s: int
    state: SessionState
    parking_id: str = ""
    block_reason: str = ""
    changed_ms: int = 0
    asks: int = 0


def heard(session: Session, entrance: Entrance) -> Session | None:
    """Give the entry as it is after WeChat's word, None if that is about another one, or older than what is known.

    The answer to our own call carries no time: it is older than any notice.
    """
    if entrance.out_parking_no != session.number or session.parking_id not in ("", entrance.id):
        return None
    known = replace(session, parking_id=entrance.id)
    if entrance.changed_ms < session.changed_ms or (entrance.changed_ms == 0 and session.changed_ms):
        return None if known == session else known
    state = SessionState.NORMAL if entrance.state == "NORMAL" else SessionState.BLOCKED
    return replace(
        known,
        state=state if session.state in LIVE else session.state,
        block_reason="" if state is SessionState.NORMAL else (entrance.block_reason or entrance.state)[:64],
        changed_ms=entrance.changed_ms,
    )


@dataclass(frozen=True, slots=True)
class Promise:
    """WeChat will deduct it. `credits`: the stay owes it; otherwise it goes back as soon as it has come."""

    credits: bool
    opens: bool


@dataclass(frozen=True, slots=True)
class Collect:
    """The money has come. `advanced`: from WeChat itself, to which the driver now owes it."""

    advanced: bool


@dataclass(frozen=True, slots=True)
class Break:
    """It could not be deducted after all; `was_credited`: the stay owes it again."""

    was_credited: bool


@dataclass(frozen=True, slots=True)
class PaidLate:
    """It is paid after all, though it had failed: a payment like any other."""


@dataclass(frozen=True, slots=True)
class Repaid:
    """The driver has paid WeChat back what it had advanced: nothing of ours changes."""


Heard = Promise | Collect | Break | PaidLate | Repaid | Wrong
_HAS_COME: Final = frozenset({"SUCCESS", "REFUND"})
_MAY_BEGIN: Final = PENDING | {OrderState.CLOSED}


def hear(order: OrderAccount, told: Deduction, stay: StayAccount, *, surplus: bool) -> tuple[Heard, ...]:
    """Say what WeChat's word on a deduction changes; nothing if it is known, or older than what is known."""
    if told.amount_fen != order.amount_fen:
        paid, due = yuan_text(told.amount_fen), yuan_text(order.amount_fen)
        return (Wrong("wrong_amount", f"{paid} instead of {due} CNY"),)
    has_come = told.state in _HAS_COME
    if has_come and not told.transaction_id:
        return (Wrong("incomplete", "deducted, but without a transaction id"),)
    if order.state in _MAY_BEGIN and (has_come or told.state == "ACCEPTED"):
        collected = (Collect(told.advanced),) if has_come else ()
        return (_promise(order, stay), *collected)
    if told.state == "PAY_FAIL" and order.state in (*_MAY_BEGIN, OrderState.ACCEPTED):
        return (Break(was_credited=order.state is OrderState.ACCEPTED and not surplus),)
    if has_come and order.state is OrderState.ACCEPTED:
        return (Collect(told.advanced),)
    if has_come and order.state is OrderState.FAILED:
        return (PaidLate(),)
    return (Repaid(),) if told.repaid and order.state is OrderState.PAID else ()


def _promise(order: OrderAccount, stay: StayAccount) -> Promise:
    owed = order.left(stay) if stay.is_open else stay.arrears_fen
    credits = NOTHING < order.amount_fen <= owed
    return Promise(credits, opens=credits and stay.is_open)
