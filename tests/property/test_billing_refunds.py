"""Payments, notices, departures, cash and refunds in any order: every fen stands once, and none goes back twice."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, RuleBasedStateMachine, initialize, invariant, multiple, rule
from sqlalchemy import Connection, StaticPool, create_engine, select

from billing import stays
from billing.accounts import flows
from billing.accounts.audit import mistakes
from billing.accounts.balances import balance
from billing.accounts.book import post
from billing.accounts.chart import Account
from billing.books import Books, Place
from billing.ids import out_trade_no
from billing.orders import book
from billing.orders.applying import apply
from billing.pay.gateway import Refund, Refused, Unknown
from billing.refunds import asked
from billing.refunds import book as refunds
from billing.refunds.asked import NotRefunded
from billing.refunds.plan import ENDED, RefundState
from billing.refunds.words import ASKED_BY_PEOPLE, RefundReason
from billing.settle import Due, Merchant, OrderState, Transaction, close_account
from billing.tariff import Priced
from scada.model.lane.words import Ending, Quote, Reason
from scada.model.money import Fen
from scada.model.names import LaneName, OrderId, PassageId, SiteId, ZoneName
from scada.store.journal import verify
from scada.store.schema import metadata, open_request, refund, settlement, stay
from tests.support.billing import made_passage
from tests.support.tariffs import simple_tariff

SITE = SiteId("demo")
START = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
BOOKS = Books(SITE, Merchant("1900007291", "wxdaozhademo0000001"))
EXIT = Place(LaneName("out1"), PassageId("out1-20260303020000-7"))
TARIFF = simple_tariff(free_entry_duration=0)
ENGINE = create_engine("sqlite://", poolclass=StaticPool)
WORDS = ("PROCESSING", "SUCCESS", "SUCCESS", "SUCCESS", "ABNORMAL", "CLOSED", "refused", "poor", "busy", "unknown")


class Money(RuleBasedStateMachine):
    """One stay with more orders at once than the product would ever leave open, and WeChat's word on all of them."""

    orders: Bundle[OrderId] = Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        metadata.create_all(ENGINE)
        self.conn: Connection = ENGINE.connect()
        self.at = START
        self.price = 0
        self.asked: dict[OrderId, Fen] = {}
        self.paid: set[OrderId] = set()

    def teardown(self) -> None:
        """Forget everything; the chain of the journal must hold."""
        assert verify(self.conn) is None
        self.conn.rollback()
        self.conn.close()

    @initialize(target=orders)
    def come(self) -> MultipleResults[OrderId]:
        """Let the car in, with two orders that may both be paid."""
        passage = made_passage(START, LaneName("in1"), "京A12345", 1)
        self.stay, _ = stays.begin(self.conn, SITE, START, LaneName("in1"), passage, TARIFF, ZoneName("lot"))
        return multiple(*(one for hours in (1, 2) if (one := self._order(hours)) is not None))

    @rule(target=orders, hours=st.integers(0, 2))
    def order(self, hours: int) -> OrderId | MultipleResults[OrderId]:
        """Let time pass, and ask for what is owed then."""
        made = self._order(hours)
        return multiple() if made is None else made

    def _order(self, hours: int) -> OrderId | None:
        self.at += timedelta(hours=hours, seconds=1)
        self.price += 500 * hours
        account = stays.find(self.conn, SITE, self.stay).account
        owed = self.price - account.paid_fen
        if not account.is_open or owed <= 0:
            return None
        until = self.at + timedelta(seconds=90)
        what = Due(Fen(owed), None)
        quote: Quote = stays.add_quote(
            self.conn, SITE, self.at, until, EXIT, self.stay, Priced(Fen(self.price), 60, ()), what
        )
        number = out_trade_no(SITE, self.stay, len(self.asked) + 1, self.at, ZoneInfo("UTC"))
        book.add_order(self.conn, BOOKS, self.at, number, EXIT, quote, until)
        self.asked[number] = Fen(owed)
        return number

    @rule(order=orders, state=st.sampled_from(("SUCCESS", "SUCCESS", "SUCCESS", "NOTPAY", "REFUND")))
    def word(self, order: OrderId, state: str) -> None:
        """Let WeChat say of an order whatever it may say, once more or for the first time."""
        us = BOOKS.merchant
        said = Transaction(us.mchid, us.appid, order, state, f"42{order}"[:32], self.asked[order], "CNY", self.at)
        if state != "NOTPAY":
            self.paid.add(order)
        before = self._applied(order)
        apply(self.conn, BOOKS, self.at, said, "notice")
        if before:
            assert self._applied(order) == before

    @rule(order=orders)
    def wrong_amount(self, order: OrderId) -> None:
        """A message that contradicts our books changes nothing."""
        us = BOOKS.merchant
        said = Transaction(us.mchid, us.appid, order, "SUCCESS", f"42{order}"[:32], Fen(1), "CNY", self.at)
        before = self._money()
        apply(self.conn, BOOKS, self.at, said, "notice")
        assert self._money() == before

    @rule(order=orders)
    def close(self, order: OrderId) -> None:
        """Take an order for closed; a payment of it may still come."""
        book.want_closed(self.conn, [order], "a newer quote")
        book.move(self.conn, order, OrderState.CLOSED)

    @rule(amount=st.integers(1, 4))
    def cash(self, amount: int) -> None:
        """A person takes cash, as much as is owed at most."""
        found = stays.find(self.conn, SITE, self.stay)
        account = found.account
        owed = self.price - account.paid_fen if account.is_open else account.arrears_fen
        taken = Fen(min(owed, 250 * amount))
        if taken > 0:
            stays.credit(self.conn, found, taken, self.at)
            parts = (taken, Fen(0)) if account.is_open else (Fen(0), taken)
            ref = f"{self.at.isoformat()}-{account.paid_fen}"
            post(self.conn, SITE, self.at, flows.cash_taken(self.stay, ref, "wang", *parts))

    @rule(reason=st.sampled_from((Reason.QUEUE, Reason.GOODWILL, Reason.PAID)))
    def leave(self, reason: Reason) -> None:
        """The car leaves, for a person's reason or because it has paid."""
        account = stays.find(self.conn, SITE, self.stay).account
        rest = Fen(max(0, self.price - account.paid_fen))
        if account.is_open and (reason is not Reason.PAID or rest == 0):
            final = close_account(account.paid_fen, rest, reason, Ending.EXIT)
            stays.close(self.conn, self.stay, self.at, Ending.EXIT, final)
            entry = flows.ended(self.stay, final, reason, Ending.EXIT, "wang")
            if entry is not None:
                post(self.conn, SITE, self.at, entry)

    @rule(which=st.integers(0, 9), word=st.sampled_from(WORDS), by=st.sampled_from(("answer", "notice")))
    def refund_word(self, which: int, word: str, by: str) -> None:
        """Send a refund, and let WeChat say something of it: late, twice, or out of its order."""
        rows = self.conn.execute(select(refund).order_by(refund.c.out_refund_no)).all()
        if not rows:
            return
        row = rows[which % len(rows)]
        self.at += timedelta(seconds=61)
        refunds.sending(self.conn, BOOKS, self.at, row.out_refund_no, self.at)
        fen = Fen(row.amount_fen)
        told = Refund(row.out_refund_no, "503", OrderId(row.out_trade_no), "42", word, fen, Fen(row.total_fen))
        answers = {"refused": Refused("RULE_LIMIT", ""), "poor": Refused("NOT_ENOUGH", "")}
        answers |= {"busy": Refused("FREQUENCY_LIMITED", "")}
        said = Unknown("") if word == "unknown" else answers.get(word, told)
        refunds.note(self.conn, BOOKS, self.at, self._ahead, row.out_refund_no, said, by)
        after = refunds.find(self.conn, SITE, row.out_refund_no)
        assert after is not None
        if RefundState(row.state) in ENDED:
            assert (after.state.value, after.ended_at) == (row.state, row.ended_at)

    @rule(order=orders, share=st.integers(1, 4), reason=st.sampled_from(ASKED_BY_PEOPLE))
    def give_back(self, order: OrderId, share: int, reason: RefundReason) -> None:
        """A person gives a part of a payment back."""
        self.at += timedelta(seconds=61)
        amount = Fen(max(1, self.asked[order] * share // 4))
        asked.give_back(self.conn, BOOKS, self.at, order, amount, reason, "wang", second="li")

    @rule(which=st.integers(0, 9))
    def send_anew(self, which: int) -> None:
        """A person sends what WeChat has closed under another number."""
        closed = self.conn.execute(select(refund).where(refund.c.state == "CLOSED")).all()
        if closed:
            self.at += timedelta(seconds=61)
            row = closed[which % len(closed)]
            first = asked.send_anew(self.conn, BOOKS, self.at, row.out_refund_no, "wang")
            again = asked.send_anew(self.conn, BOOKS, self.at, row.out_refund_no, "wang")
            assert isinstance(again, NotRefunded) or first == again

    @invariant()
    def every_fen_stands_once(self) -> None:
        """Ledger and columns agree, no payment is given back twice, and a stay pays what it costs, no more."""
        if not hasattr(self, "stay"):
            return
        assert [one for one in mistakes(self.conn, SITE) if not one.startswith("till of")] == []
        settled = self.conn.execute(select(settlement)).all()
        back = self.conn.execute(select(refund)).all()
        assert {row.out_trade_no for row in settled} == self.paid
        for row in settled:
            mine = [one for one in back if one.out_trade_no == row.out_trade_no]
            assert sum(one.amount_fen for one in mine if one.state != "CLOSED") <= row.amount_fen
            assert sum(one.amount_fen for one in mine if one.state == "SUCCESS") <= row.amount_fen
        taken, gone = sum(row.amount_fen for row in settled), sum(r.amount_fen for r in back if r.state == "SUCCESS")
        assert balance(self.conn, SITE, Account.WECHAT) == taken - gone
        [account] = self.conn.execute(select(stay)).all()
        assert 0 <= account.paid_fen <= self.price
        asked_for = [row.out_trade_no for row in self.conn.execute(select(open_request))]
        assert len(asked_for) == len(set(asked_for))

    def _applied(self, order: OrderId) -> object:
        mine = settlement.c.out_trade_no == order
        return self.conn.execute(select(settlement).where(mine)).one_or_none()

    def _money(self) -> object:
        return [self.conn.execute(select(table)).all() for table in (settlement, refund, stay)]

    def _ahead(self, seconds: float) -> datetime:
        return self.at + timedelta(seconds=seconds)


TestMoney = Money.TestCase
TestMoney.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
