"""The whole platform behind the doors: its keys, books, clock, switches, notices and the judge log."""

import copy
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Timer
from typing import TextIO

from billing.sim.wechat.books.bills import Bills
from billing.sim.wechat.books.combined import Combined, CombinedBook, combined_answer
from billing.sim.wechat.books.messages import Messages
from billing.sim.wechat.books.orders import Order, OrderBook, transaction
from billing.sim.wechat.books.parking import Deduction, Entry, ParkingBook, as_order, deduction_answer, entry_notice
from billing.sim.wechat.books.refunds import Refund, RefundBook, refund_notice
from billing.sim.wechat.books.safe import Safe
from billing.sim.wechat.books.visitors import Visitors
from billing.sim.wechat.books.wallets import Wallets
from billing.sim.wechat.clock import PlatformClock
from billing.sim.wechat.facts import Switchboard
from billing.sim.wechat.faults import Faults
from billing.sim.wechat.judge import JudgeLog
from billing.sim.wechat.keys import Platform, app_secret
from billing.sim.wechat.notifier import Manner, Notifier, Word

PAID, FAILED, PAID_BACK = "TRANSACTION.SUCCESS", "TRANSACTION.FAIL", "TRANSACTION.PAY_BACK"


@dataclass(frozen=True, slots=True)
class WeChat:
    """Everything that a door may reach."""

    platform: Platform
    merchant_name: str
    clock: PlatformClock
    switchboard: Switchboard
    judge: JudgeLog
    wallets: Wallets
    orders: OrderBook
    combined: CombinedBook
    refunds: RefundBook
    bills: Bills
    parking: ParkingBook
    visitors: Visitors
    messages: Messages
    notifier: Notifier
    faults: Faults = field(default_factory=Faults)

    def paid(self, order: Order) -> None:
        """Tell of a payment; a payment by code has no address, and no word."""
        self.notifier.tell(payment_word(order))

    def all_paid(self, combined: Combined) -> None:
        """Tell of the payment of a combined order: one notice for all its parts."""
        url = combined.head.notify_url
        self.notifier.tell(Word(url, PAID, combined_answer(combined), "transaction"))

    def refund_ended(self, refund: Refund) -> None:
        """Tell of a refund's end."""
        word = Word(refund.notify_url, f"REFUND.{refund.state}", refund_notice(refund), "refund")
        self.notifier.tell(word)

    def end_refund(self, refund: Refund) -> None:
        """Let a refund that was accepted come to its end, if refunds do so without a switch."""
        if self.refunds.by_itself and self.refunds.end(refund, self.refunds.by_itself):
            self.refund_ended(refund)

    def entry_changed(self, entry: Entry) -> None:
        """Tell that an entry was blocked or freed."""
        kind = self.switchboard.facts.parking_original_type
        url = str(entry.fields["notify_url"])
        self.notifier.tell(Word(url, "VEHICLE.ENTRANCE_STATE_CHANGE", entry_notice(entry), kind))

    def deducted(self, one: Deduction, outcome: str) -> None:
        """Tell what became of a deduction; one that was paid is an order like any other, which can be refunded."""
        if one.paid_at is not None and self.orders.get(one.number) is None:
            self.orders.adopt(as_order(one, one.paid_at))
        event = {"failed": FAILED, "repaid": PAID_BACK}.get(outcome, PAID)
        content = deduction_answer(one, notice=True)
        kind = self.switchboard.facts.parking_original_type
        self.notifier.tell(Word(str(one.fields["notify_url"]), event, content, kind))

    def end_by_itself(self, one: Deduction) -> None:
        """Let a deduction come to the end that is planned for its plate, if one is."""
        plan = self.parking.planned(one)
        if plan is not None:
            timer = Timer(plan[1], lambda: self.deducted(self.parking.end(one.number, plan[0]), plan[0]))
            timer.daemon = True
            timer.start()

    def forge(self, order: Order, manner: Manner) -> int:
        """Send one wrong word of a payment, whether it was made or not; gives the answer's status."""
        if order.paid_at is None:
            order = copy.copy(order)
            order.paid("forger", self.clock.now())
            order.transaction_id = f"42{uuid.uuid4().int % 10**26:026d}"
        return self.notifier.send_wrong(payment_word(order), manner)


def payment_word(order: Order) -> Word:
    """Write the word of a payment."""
    return Word(order.notify_url, PAID, transaction(order), "transaction")


def open_platform(
    running: ExitStack, platform: Platform, merchant_name: str, clock: PlatformClock, log: TextIO
) -> WeChat:
    """Put the platform together; its notices run until `running` ends."""
    switchboard, wallets, judge = Switchboard(), Wallets(), JudgeLog(log, clock)
    safe = Safe(platform.folder / "books", platform.caller)
    running.callback(safe.close)
    orders = OrderBook(platform.caller, platform.appid, clock, switchboard, wallets, safe)
    refunds = RefundBook(orders, clock)
    parking = ParkingBook(platform.caller, platform.appid, clock, safe)
    notifier = Notifier(platform, clock, switchboard, judge.note, safe)
    notifier.start()
    running.callback(notifier.stop)
    return WeChat(
        platform=platform,
        merchant_name=merchant_name,
        clock=clock,
        switchboard=switchboard,
        judge=judge,
        wallets=wallets,
        orders=orders,
        combined=CombinedBook(orders, clock),
        refunds=refunds,
        bills=Bills(orders, refunds, clock, switchboard, safe),
        parking=parking,
        visitors=Visitors(platform.appid, app_secret(platform), clock),
        messages=Messages(platform.appid, app_secret(platform), clock),
        notifier=notifier,
    )
