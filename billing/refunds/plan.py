"""How a refund goes on: a pure decision over its state and what WeChat said of it last.

The same number never pays back twice, so sending it again is harmless and giving up is not. A state never goes back:
what WeChat says of an earlier one changes nothing.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final, assert_never

from billing.pay.gateway import Refund, Refused, Unknown


class RefundState(Enum):
    """How far a refund has come. SENT: WeChat may or may not have it. ABNORMAL waits for a person."""

    WANTED = "WANTED"
    SENT = "SENT"
    PROCESSING = "PROCESSING"
    ABNORMAL = "ABNORMAL"
    SUCCESS = "SUCCESS"
    CLOSED = "CLOSED"


_RANK: Final = {state: rank for rank, state in enumerate(RefundState)}
ENDED: Final = frozenset({RefundState.SUCCESS, RefundState.CLOSED})
GOING_ON: Final = frozenset(RefundState) - ENDED

DOUBT_S: Final = (1.0, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0)
"""Waits while nobody knows whether WeChat has a refund."""
POLL_S: Final = (5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)
"""Waits while WeChat pays: its notice mostly comes first."""
POOR_S: Final = (600.0, 1800.0, 3600.0, 7200.0, 21600.0)
"""Waits for money on the merchant's account."""
BUSY_S: Final = (61.0, 120.0, 300.0, 600.0)
"""Waits after a request too many, the minute between two refunds of one order in them."""
PERSON_S: Final = (3600.0,)
"""Waits while a person is asked: the number is sent again all the same, for the cause may be gone."""
SLOW_AFTER_S: Final = 7 * 86400.0
"""WeChat promises a bank card its money within days; after these a person asks."""

ABSENT: Final = frozenset({"RESOURCE_NOT_EXISTS", "ORDER_NOT_EXIST"})
"""What a query is answered about a refund that WeChat has not got."""
BUSY: Final = frozenset({"FREQUENCY_LIMITED"})
POOR: Final = frozenset({"NOT_ENOUGH"})


class Trouble(Enum):
    """What a person has to look at. The value is the kind of the money case."""

    POOR = "REFUND_WITHOUT_MONEY"
    REFUSED = "REFUND_REFUSED"
    ABNORMAL = "REFUND_ABNORMAL"
    CLOSED = "REFUND_CLOSED"
    SLOW = "REFUND_SLOW"
    OTHER_AMOUNT = "REFUND_OTHER_AMOUNT"


@dataclass(frozen=True, slots=True)
class Next:
    """What becomes of a refund: its state, when it is asked for again, and what a person must look at."""

    state: RefundState
    wait_s: float
    trouble: Trouble | None = None


def next_step(state: RefundState, tries: int, said: Refund | Refused | Unknown) -> Next:
    """Decide what an answer or a notice means; `tries` answers of the same state came before it."""
    match said:
        case Refund():
            return _told(state, tries, said)
        case Unknown():
            return Next(state, _nth(DOUBT_S if state is RefundState.SENT else POLL_S, tries))
        case Refused(code=code) if code in BUSY:
            return Next(state, _nth(BUSY_S, tries))
        case Refused(code=code) if code in POOR:
            return Next(state, _nth(POOR_S, tries), Trouble.POOR)
        case Refused():
            return Next(forward(state, RefundState.ABNORMAL), _nth(PERSON_S, tries), Trouble.REFUSED)
        case _:
            assert_never(said)


def is_absent(said: Refund | Refused | Unknown) -> bool:
    """Say whether WeChat has not got a refund, so that its number is to be sent."""
    return isinstance(said, Refused) and said.code in ABSENT


def forward(old: RefundState, new: RefundState) -> RefundState:
    """Give the later of two states; one that has ended stays."""
    return new if old not in ENDED and _RANK[new] > _RANK[old] else old


def _told(state: RefundState, tries: int, said: Refund) -> Next:
    known = {one.value: one for one in RefundState}
    told = known.get(said.status, RefundState.PROCESSING)
    new = forward(state, told)
    trouble = {RefundState.ABNORMAL: Trouble.ABNORMAL, RefundState.CLOSED: Trouble.CLOSED}.get(new)
    waits = PERSON_S if new is RefundState.ABNORMAL else POLL_S
    return Next(new, _nth(waits, tries if new is state else 0), trouble if new is told else None)


def _nth(waits: tuple[float, ...], tries: int) -> float:
    return waits[min(tries, len(waits) - 1)]
