"""The cashier without a database: the product's own pricing, settling and closing, over dictionaries."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from billing.settle import (
    NOTHING,
    PENDING,
    Decision,
    Due,
    Merchant,
    OrderAccount,
    OrderState,
    Settles,
    StayAccount,
    Surplus,
    Transaction,
    close_account,
    due,
    settle,
)
from billing.tariff import Priced, Pricer, Tariff
from lpr.match import Match, match
from scada.model.lane.words import Ending, Order, Passage, Quote, Reason
from scada.model.money import Fen
from scada.model.names import LaneName, OrderId, PassageId, QuoteId, StayId
from scada.model.plate import Plate, PlateRead
from scada.ports import OpenStay

MERCHANT = Merchant("1900000109", "wx0000000000000001")


@dataclass(slots=True, eq=False)
class Account:
    """A stay and its money."""

    id: StayId
    plate: Plate
    entered_at: datetime
    lane: LaneName
    passage: PassageId
    paid_fen: Fen = NOTHING
    paid_until: datetime | None = None
    ending: Ending | None = None
    ended_at: datetime | None = None
    exit_passage: PassageId | None = None
    fee_fen: Fen = NOTHING
    arrears_fen: Fen = NOTHING
    waived_fen: Fen = NOTHING
    orders: list[OrderId] = field(default_factory=list)

    @property
    def account(self) -> StayAccount:
        """Give the stay as `billing.settle` knows it."""
        return StayAccount(self.id, self.ending is None, self.paid_fen, self.arrears_fen, self.paid_until)


@dataclass(slots=True, eq=False)
class Asked:
    """An order, the lane it was made for (None: paid ahead), and how far it has come."""

    id: OrderId
    stay: StayId
    lane: LaneName | None
    amount_fen: Fen
    total_fen: Fen
    state: OrderState = OrderState.OPEN
    transaction_id: str | None = None


class Till:
    """All stays, orders and payments."""

    def __init__(self, tariff: Tariff, zone: ZoneInfo, t_quote_s: float = 90.0) -> None:
        self.stays: dict[StayId, Account] = {}
        self.orders: dict[OrderId, Asked] = {}
        self.cards: frozenset[Plate] = frozenset()
        """Plates with a month card."""
        self.settled_fen = 0
        self.surplus_fen = 0
        self.decisions: dict[str, int] = {}
        self._open: dict[StayId, OpenStay] = {}
        self._under: dict[Plate, StayId] = {}
        self._begun: dict[PassageId, StayId] = {}
        self._tariff = tariff
        self._pricer = Pricer(tariff, zone)
        self._lives = timedelta(seconds=t_quote_s)
        self._numbers = 0

    @property
    def open_stays(self) -> list[OpenStay]:
        """Give the stays that have begun and not ended, oldest first."""
        return list(self._open.values())

    def is_inside(self, plate: Plate) -> bool:
        """Say whether a stay is open under a plate."""
        return plate in self._under

    def open_under(self, plate: Plate) -> StayId | None:
        """Give the stay that is open under a plate."""
        return self._under.get(plate)

    def match(self, read: PlateRead) -> Match:
        """Look a plate up among the open stays."""
        return match(read, self.open_stays)

    def quote(self, stay: StayId, at: datetime) -> Quote | None:
        """Price a stay now; None if it has ended."""
        found = self.stays[stay]
        if found.ending is not None:
            return None
        priced = self._price(found, at)
        what = self._due(found, at)
        quote = QuoteId(f"q{self._number()}")
        return Quote(quote, stay, priced.total_fen, what.due_fen, priced.minutes, at + self._lives, what.free_reason)

    def order(self, quote: Quote, lane: LaneName | None) -> Order:
        """Make an order for a quote."""
        made = Asked(OrderId(f"o{self._number()}"), quote.stay, lane, quote.due_fen, quote.total_fen)
        self.orders[made.id] = made
        self.stays[quote.stay].orders.append(made.id)
        return Order(made.id, quote.id, quote.stay, quote.due_fen, f"weixin://{made.id}")

    def close_order(self, order: OrderId) -> None:
        """Close an order that nobody has paid."""
        asked = self.orders[order]
        if asked.state in PENDING:
            asked.state = OrderState.CLOSED

    def may_be_paid(self, order: OrderId) -> bool:
        """Say whether WeChat would still take the money."""
        return self.orders[order].state in PENDING

    def settle(self, order: OrderId, transaction_id: str, paid_at: datetime) -> Decision:
        """Take WeChat's word that an order was paid; the same word twice is harmless."""
        asked = self.orders[order]
        stay = self.stays[asked.stay]
        known = OrderAccount(asked.id, asked.state, asked.amount_fen, asked.total_fen, asked.transaction_id)
        word = Transaction(
            MERCHANT.mchid, MERCHANT.appid, order, "SUCCESS", transaction_id, asked.amount_fen, "CNY", paid_at
        )
        decision = settle(known, word, stay.account, MERCHANT)
        name = type(decision).__name__
        self.decisions[name] = self.decisions.get(name, 0) + 1
        if isinstance(decision, Settles | Surplus):
            asked.state, asked.transaction_id = OrderState.PAID, transaction_id
        if isinstance(decision, Surplus):
            self.surplus_fen += asked.amount_fen
        if isinstance(decision, Settles):
            self._credit(stay, asked.amount_fen, paid_at)
        return decision

    def begin(self, lane: LaneName, passage: Passage, at: datetime) -> StayId:
        """Begin a stay, once a passage; one still open under the plate ends as EXIT_UNSEEN."""
        begun = self._begun.get(passage.id)
        if begun is not None:
            return begun
        stay = StayId(f"s{self._number()}")
        plate = passage.read.text if passage.read is not None else Plate(f"无牌{stay}")
        before = self._under.get(plate)
        if before is not None:
            self._close(self.stays[before], at, at, Reason.ADMITTED, Ending.EXIT_UNSEEN)
        self.stays[stay] = Account(stay, plate, at, lane, passage.id)
        self._open[stay] = OpenStay(stay, plate, at, lane, None)
        self._under[plate] = stay
        self._begun[passage.id] = stay
        return stay

    def end(self, stay: StayId, passage: Passage, reason: Reason, ending: Ending, at: datetime) -> str:
        """End a stay by its exit passage, once; gives a word for what happened."""
        found = self.stays[stay]
        if found.exit_passage == passage.id:
            return "again"
        if found.ending is not None:
            return "ended before"
        self._close(found, passage.began_at, at, reason, ending)
        found.exit_passage = passage.id
        return "ended"

    def end_unseen(self, stay: StayId, at: datetime) -> None:
        """End a stay whose car a stocktake does not find."""
        self._close(self.stays[stay], at, at, Reason.ADMITTED, Ending.EXIT_UNSEEN)

    def annul(self, passage: PassageId, at: datetime) -> None:
        """The car that came in by this passage has reversed out again."""
        stay = self._begun.get(passage)
        if stay is not None and self.stays[stay].ending is None:
            self._close(self.stays[stay], at, at, Reason.ADMITTED, Ending.ANNULLED)

    def _close(self, stay: Account, until: datetime, at: datetime, reason: Reason, ending: Ending) -> None:
        owed = self._due(stay, until).due_fen
        pending = [self.orders[order] for order in stay.orders if self.orders[order].state in PENDING]
        asked = (order.total_fen - stay.paid_fen for order in pending)
        final = close_account(stay.paid_fen, Fen(max(owed, *asked, 0)), reason, ending)
        stay.fee_fen, stay.arrears_fen, stay.waived_fen = final.fee_fen, final.arrears_fen, final.waived_fen
        stay.ending, stay.ended_at = ending, at
        for order in pending:
            order.state = OrderState.CLOSED
        del self._open[stay.id]
        del self._under[stay.plate]

    def _due(self, stay: Account, at: datetime) -> Due:
        if stay.plate in self.cards:
            return Due(NOTHING, Reason.MONTH)
        return due(self._price(stay, at), stay.account, at)

    def _price(self, stay: Account, at: datetime) -> Priced:
        """Price without an explanation: nobody reads a thousand cars' lines."""
        gone = (at - stay.entered_at) // timedelta(seconds=1)
        return Priced(self._pricer.total(stay.entered_at, at), self._pricer.minutes(max(0, gone)), ())

    def _credit(self, stay: Account, amount: Fen, paid_at: datetime) -> None:
        self.settled_fen += amount
        until = paid_at + self._tariff.grace
        stay.paid_fen = Fen(stay.paid_fen + amount)
        stay.paid_until = until if stay.paid_until is None else max(until, stay.paid_until)
        if stay.ending is not None:
            stay.arrears_fen = Fen(stay.arrears_fen - amount)

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers
