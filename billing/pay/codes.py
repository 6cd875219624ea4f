"""Payment by the code that a scanner reads off a phone: asked for until it is sure, undone if it is not in time.

`next_step` decides; `take` carries it out. An order is never left open: a driver who gives the password when the lane
has long gone another way would pay twice.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar, assert_never

from billing.pay.gateway import Refused, Reversed, Unknown
from billing.settle import Transaction
from scada.model.names import OrderId

T = TypeVar("T")

ASK_EVERY_S: Final = 5.0
GIVE_UP_S: Final = 45.0
REVERSE_FROM_S: Final = 15.0
"""WeChat does not like an order to be undone earlier."""
REVERSE_EVERY_S: Final = 10.0
NEVER_SENT: Final = "AUTH_CODE_INVALID"
"""Our own refusal: WeChat was not asked, so there is nothing to undo."""
_UNDONE: Final = ("REVOKED", "CLOSED", "REFUND")

Said = Transaction | Refused | Unknown | Reversed


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask after a while what became of it."""

    wait_s: float


@dataclass(frozen=True, slots=True)
class Undo:
    """Undo it after a while; from here on it does not count as paid any more."""

    wait_s: float


@dataclass(frozen=True, slots=True)
class Sure:
    """It is sure: paid by this transaction, or not, and never will be."""

    paid: Transaction | None


Step = Ask | Undo | Sure


def next_step(said: Said, elapsed_s: float, *, undoing: bool) -> Step:
    """Decide what comes after an answer, `elapsed_s` after the code was sent to WeChat."""
    match said:
        case Reversed():
            return Sure(None)
        case Transaction(trade_state=state) if state in _UNDONE:
            return Sure(None)
        case Refused(code=code) if code == NEVER_SENT or (undoing and code == "ORDER_NOT_EXIST"):
            return Sure(None)
        case Transaction(trade_state="SUCCESS") if not undoing:
            return Sure(said)
        case Transaction(trade_state="USERPAYING" | "NOTPAY") | Unknown() if not undoing and elapsed_s < GIVE_UP_S:
            return Ask(ASK_EVERY_S)
        case Transaction() | Refused() | Unknown():
            return Undo(max(REVERSE_FROM_S - elapsed_s, REVERSE_EVERY_S if undoing else 0.0))
        case _:
            assert_never(said)


class CodeCalls(Protocol):
    """What WeChat Pay is asked about a payment by code; every call blocks."""

    def query(self, order: OrderId) -> Transaction | Refused | Unknown:
        """Ask what became of it."""

    def reverse(self, order: OrderId) -> Reversed | Refused | Unknown:
        """Undo it."""


class Hands(Protocol):
    """How `take` waits and calls."""

    async def call(self, call: Callable[[], T]) -> T:
        """Make a call that blocks, elsewhere."""

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Wait."""

    def seconds(self) -> float:
        """Monotonic seconds."""


async def take(
    order: OrderId,
    said: Said,
    calls: CodeCalls,
    hands: Hands,
    heard: Callable[[Said, Step], Awaitable[None]],
    *,
    elapsed_s: float = 0.0,
    undoing: bool = False,
) -> Transaction | None:
    """See a code through from what WeChat said when it was sent; gives the payment, or None once there surely is none.

    `heard` is told of every step before it is taken: what it writes down of an `Undo` outlives this process.
    `elapsed_s`: how long ago the code was sent; `undoing`: it was being undone already.
    """
    began_s = hands.seconds() - elapsed_s
    while True:
        step = next_step(said, hands.seconds() - began_s, undoing=undoing)
        await heard(said, step)
        match step:
            case Sure(paid=paid):
                return paid
            case Ask(wait_s=wait_s):
                await hands.sleep(wait_s)
                said = await hands.call(lambda: calls.query(order))
            case Undo(wait_s=wait_s):
                undoing = True
                await hands.sleep(wait_s)
                said = await hands.call(lambda: calls.reverse(order))
            case _:
                assert_never(step)
