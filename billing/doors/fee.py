"""The verb that tells the fee of an open stay in plain sentences, as its driver is told it."""

from zoneinfo import ZoneInfo

from billing.cashier import SqlCashier
from billing.tariff import in_words
from scada.engine.doors.asked import text_of
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.model.names import StayId
from scada.ports import BillingError


class FeeDesk:
    """Explains fees, for the control room; the rights are checked before it is called."""

    def __init__(self, cashier: SqlCashier, zone: ZoneInfo) -> None:
        self._cashier = cashier
        self._zone = zone

    def verbs(self) -> dict[str, Handler]:
        """Give the verb by name."""
        return {"explain_fee": self._explain}

    async def _explain(self, ask: Ask) -> object:
        """Give the sentences in both languages, what is due now, and when the price changes."""
        try:
            bill = await self._cashier.bill(StayId(text_of(ask, "stay")))
        except BillingError as error:
            raise BridgeRefusal("bad_args", str(error)) from error
        return {
            "total_fen": bill.total_fen,
            "due_fen": bill.due_fen,
            "zh": list(in_words(bill, self._zone)),
            "en": list(in_words(bill, self._zone, english=True)),
            "next_change_at": None if bill.change is None else bill.change.at.isoformat(),
            "next_total_fen": None if bill.change is None else bill.change.total_fen,
        }
