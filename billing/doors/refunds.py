"""The verbs of refunds: what may go back, what is going back, and a person's own word that something shall."""

from dataclasses import asdict
from typing import Final

from billing.refunds.asked import NotRefunded
from billing.refunds.office import RefundOffice
from billing.refunds.words import ASKED_BY_PEOPLE, Refunding, RefundReason
from scada.engine.doors.asked import limit_of, optional, text_of, whole_number
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.doors.second import second_person
from scada.engine.doors.shown import as_json
from scada.model.lane.codec import Json
from scada.model.money import Fen
from scada.model.names import OrderId, StayId
from scada.ports import BillingError
from scada.store.operators import Operators

MOST_FEN: Final = 10_000_000
_REASONS: Final = ", ".join(reason.value for reason in ASKED_BY_PEOPLE)


class RefundDesk:
    """Refunds, for the control room. Above `alone_fen` nobody gives money back alone."""

    def __init__(self, office: RefundOffice, operators: Operators, alone_fen: Fen) -> None:
        self._office = office
        self._operators = operators
        self._alone_fen = alone_fen

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        own: dict[str, Handler] = {
            "refunds": self._listed,
            "payments": self._payments,
            "refund": self._refund,
            "refund_again": self._again,
        }
        return {verb: _answered(handler) for verb, handler in own.items()}

    async def _listed(self, ask: Ask) -> object:
        """Give the last refunds; with `open`, only those that have not ended."""
        found = await self._office.listed(limit_of(ask), open_only=ask.args.get("open") is True)
        return [refund_json(one) for one in found]

    async def _payments(self, ask: Ask) -> object:
        """Give what WeChat took for a stay, and what of it may go back."""
        found = await self._office.payments_of(StayId(text_of(ask, "stay")))
        return [{name: as_json(value) for name, value in asdict(one).items()} for one in found]

    async def _refund(self, ask: Ask) -> object:
        """Give back `amount_fen` of the payment of `order`, for one of the fixed reasons.

        What went back of it before counts, too: nobody gives back alone in parts what he may not at once.
        """
        order, amount = OrderId(text_of(ask, "order")), Fen(whole_number(ask, "amount_fen", 1, MOST_FEN))
        reason = _reason(text_of(ask, "reason"))
        note = optional(ask, "note")
        together = amount + await self._office.given_back(order)
        why = f"above {self._alone_fen} fen two people give money back" if together > self._alone_fen else ""
        second = await second_person(self._operators, ask, why) if why else ""
        return _made(await self._office.give_back(order, amount, reason, ask.user, second, note))

    async def _again(self, ask: Ask) -> object:
        """Have a refund that waits for a person go on."""
        return _made(await self._office.again(text_of(ask, "refund"), ask.user))


def refund_json(one: Refunding) -> dict[str, Json]:
    """Write a refund as the page shows it."""
    return {name: as_json(value) for name, value in asdict(one).items()}


def _made(outcome: Refunding | NotRefunded) -> dict[str, Json]:
    if isinstance(outcome, NotRefunded):
        raise BridgeRefusal("refused", outcome.why)
    return refund_json(outcome)


def _reason(text: str) -> RefundReason:
    """Take a reason from the fixed list. Raises BridgeRefusal."""
    for reason in ASKED_BY_PEOPLE:
        if reason.value == text:
            return reason
    raise BridgeRefusal("bad_args", f"a refund needs one of the fixed reasons: {_REASONS}")


def _answered(handler: Handler) -> Handler:
    async def answer(ask: Ask) -> object:
        try:
            return await handler(ask)
        except BillingError as error:
            raise BridgeRefusal("failed", "billing's books do not answer") from error

    return answer
