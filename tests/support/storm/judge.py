"""The judge of a schedule: WeChat's books against ours, and every opening against both."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, create_engine, select

from billing.accounts import balances
from billing.accounts.audit import mistakes
from billing.accounts.chart import Account
from billing.settle import PENDING
from scada.model.names import SiteId
from scada.store.schema import (
    bill_day,
    cash_payment,
    ledger_entry,
    ledger_posting,
    money_case,
    open_request,
    pay_order,
    refund,
    settlement,
    stay,
)
from tests.support.storm.cars import Visit
from tests.support.storm.drawer import Drawer
from tests.support.storm.times import START
from tests.support.storm.world import Opening, World

FREE_S, HOUR_S, HOUR_FEN, MOST_FEN = 15 * 60.0, 3600.0, 500, 4000
GRACE_S = 15 * 60.0
QUOTED_S = 100.0
"""A quote holds for 90 s."""
ANSWERED_S = 60.0
PAID = ("SUCCESS", "REFUND")
FORGED = "PAYMENT_WRONG"
"""The case of a notice that WeChat signed and that contradicts our books: a person must look."""


@dataclass(frozen=True)
class Books:
    """Everything that is written down, here and there."""

    orders: Mapping[str, dict[str, Any]]
    refunds: Mapping[str, dict[str, Any]]
    reversals: Mapping[str, dict[str, Any]]
    """What WeChat gave back by itself because we undid a payment by code; each by its order."""
    rows: Mapping[str, Sequence[Row[Any]]]
    balances: Mapping[Account, Mapping[str, int]]
    mistakes: Sequence[str]

    def of(self, table: Table) -> Sequence[Row[Any]]:
        return self.rows[table.name]

    def paid(self, order: str, until_s: float = float("inf")) -> int:
        """Give what WeChat has taken for an order and not given back, until a moment."""
        one = self.orders.get(order)
        if one is None or one["state"] not in PAID or _seconds(one["paid_at"]) > until_s + 0.001:
            return 0
        back = (refund for refund in self.refunds.values() if refund["out_trade_no"] == order)
        gone = sum(one["amount"] for one in back if one["state"] != "CLOSED" and _seconds(one["made_at"]) <= until_s)
        return int(one["total"] - gone)


TABLES = (
    bill_day,
    cash_payment,
    ledger_entry,
    ledger_posting,
    money_case,
    open_request,
    pay_order,
    refund,
    settlement,
    stay,
)


def judge(world: World, visits: Sequence[Visit]) -> tuple[tuple[str, ...], Counter[str]]:
    """Say everything that is wrong, and how much there was to be judged."""
    books = _read(world)
    wrong = [*_explained(books), *_ledger(books), *_hanging(books), *_billed(books), *_stays(books, visits)]
    wrong += _drawer(books, world.drawer)
    wrong += [text for opening in world.openings for text in _opening(world, books, opening, visits)]
    moved = {
        "orders": len(books.orders),
        "payments": sum(one["state"] in PAID for one in books.orders.values()),
        "cash": len(books.of(cash_payment)),
        "refunds": len(books.refunds),
        "openings": len(world.openings),
        "deaths": world.deaths,
    }
    return tuple(wrong), Counter(moved)


def _read(world: World) -> Books:
    orders = {one["out_trade_no"]: one for one in world.bank.books("orders")}
    refunds, reversals = parted(orders, world.bank.books("refunds"))
    engine = create_engine(world.site.url)
    try:
        with engine.connect() as conn:
            rows = {table.name: conn.execute(select(table)).all() for table in TABLES}
            site = world.site.config.site_id
            return Books(orders, refunds, reversals, rows, _balances(conn, site), mistakes(conn, site))
    finally:
        engine.dispose()


def parted(
    orders: Mapping[str, dict[str, Any]], gone: Iterable[dict[str, Any]]
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Part what went back: refunds by their number, and what the undoing of an order gave back, by the order."""
    refunds = {one["out_refund_no"]: one for one in gone}
    undone = {number for number, one in orders.items() if one["state"] == "REVOKED"}
    reversals = {
        one["out_trade_no"]: refunds.pop(number)
        for number, one in list(refunds.items())
        if one["out_trade_no"] in undone and number == f"REV{one['out_trade_no']}"
    }
    return refunds, reversals


def undone(
    orders: Mapping[str, dict[str, Any]], reversals: Mapping[str, dict[str, Any]], states: Mapping[str, str]
) -> Iterator[str]:
    """Whatever WeChat gave back by itself is all that was paid, for an order that our books say we undid."""
    for number, one in reversals.items():
        if one["amount"] != orders[number]["total"]:
            yield f"order {number} of {orders[number]['total']} fen was undone, {one['amount']} fen went back"
        if states.get(number) != "REVERSED":
            yield f"order {number} was undone at WeChat and is {states.get(number)} with us"


def _balances(conn: Connection, site: SiteId) -> dict[Account, dict[str, int]]:
    return {account: dict(balances.by_subject(conn, site, account)) for account in Account}


def _explained(books: Books) -> Iterator[str]:
    """Every fen that moved at WeChat stands in the ledger, once, under its own name; and nothing else does."""
    theirs = {f"paid:{number}": int(one["total"]) for number, one in books.orders.items() if one["state"] in PAID}
    theirs |= {
        f"refunded:{number}": -int(one["amount"]) for number, one in books.refunds.items() if one["state"] == "SUCCESS"
    }
    names = {row.id: row for row in books.of(ledger_entry)}
    ours: dict[str, int] = defaultdict(int)
    for posting in books.of(ledger_posting):
        if posting.account == Account.WECHAT.value and names[posting.entry].kind in ("paid", "refunded"):
            ours[names[posting.entry].ref] += posting.amount_fen
    for ref in sorted(theirs.keys() | ours.keys()):
        if theirs.get(ref) != ours.get(ref):
            yield f"{ref}: {theirs.get(ref)} fen at WeChat, {ours.get(ref)} in the ledger"


def _ledger(books: Books) -> Iterator[str]:
    """Entries balance, and the accounts say what the working columns say."""
    sums: Counter[int] = Counter()
    for posting in books.of(ledger_posting):
        sums[posting.entry] += posting.amount_fen
    yield from books.mistakes
    yield from (f"ledger entry {entry} sums to {total}" for entry, total in sums.items() if total)
    for row in books.of(stay):
        owes = -row.paid_fen if row.ending is None else 0
        if books.balances[Account.RECEIVABLE].get(row.id, 0) != owes:
            yield f"stay {row.plate}: receivable {books.balances[Account.RECEIVABLE].get(row.id, 0)}, expected {owes}"
        if books.balances[Account.ARREARS].get(row.id, 0) != row.arrears_fen:
            yield f"stay {row.plate}: {row.arrears_fen} fen arrears, ledger {books.balances[Account.ARREARS]}"
    for account in (Account.REFUND_PAYABLE, Account.DEDUCTION):
        yield from (f"{account.value} {name}: {fen} fen left" for name, fen in books.balances[account].items())


def _drawer(books: Books, drawer: Drawer) -> Iterator[str]:
    """What an operator holds are the receipts and the till of the books, to the fen."""
    yield from drawer.wrong
    if drawer.asked or drawer.doubts:
        yield f"an operator does not know what he took: {drawer}"
    receipts = {f"{row.year}-{row.number:06d}": row.due_fen for row in books.of(cash_payment)}
    if receipts != drawer.kept:
        yield f"receipts {receipts}, in the drawer {drawer.kept}"
    if (held := sum(books.balances[Account.CASH].values())) != sum(drawer.kept.values()):
        yield f"{held} fen of cash in the ledger, {drawer.kept} in the drawer"


def _hanging(books: Books) -> Iterator[str]:
    """No order, refund or request waits for anything; what was paid is settled once."""
    pending = {state.value for state in PENDING}
    yield from (f"order {row.out_trade_no} is {row.state}" for row in books.of(pay_order) if row.state in pending)
    for row in books.of(refund):
        theirs = books.refunds.get(row.out_refund_no, {}).get("state")
        if (row.state, theirs) != ("SUCCESS", "SUCCESS"):
            yield f"refund {row.out_refund_no} is {row.state} with us, {theirs} at WeChat"
    yield from undone(books.orders, books.reversals, {row.out_trade_no: row.state for row in books.of(pay_order)})
    if books.refunds.keys() - {row.out_refund_no for row in books.of(refund)}:
        yield f"refunds at WeChat that are none of ours: {list(books.refunds)}"
    for row in books.of(open_request):
        if row.state in ("WAITING", "WRITTEN"):
            yield f"request {row.id} was never answered"
    settled = Counter(row.out_trade_no for row in books.of(settlement))
    for number, one in books.orders.items():
        wanted = 1 if one["state"] in PAID else 0
        if settled[number] != wanted:
            yield f"order {number} is {one['state']} at WeChat and was settled {settled[number]} times"
    ours = {row.out_trade_no: row for row in books.of(pay_order)}
    for number, one in books.orders.items():
        if number not in ours:
            yield f"order {number} is at WeChat and not in our books"
        elif (ours[number].state == "PAID") != (one["state"] in PAID):
            yield f"order {number} is {one['state']} at WeChat, {ours[number].state} with us"


def _billed(books: Books) -> Iterator[str]:
    """The day's bill agrees with the ledger by itself."""
    days = {row.kind: row for row in books.of(bill_day)}
    if any(one["state"] in PAID for one in books.orders.values()) and "trades" not in {one.lower() for one in days}:
        yield f"the day was not reconciled: {list(days)}"
    for kind, row in days.items():
        if row.state not in ("MATCHED", "EMPTY") or row.only_ours or row.only_theirs or row.differ or row.waiting:
            parts = f"only ours {row.only_ours}, only theirs {row.only_theirs}, {row.differ} differ"
            yield f"bill of {kind}: {row.state}, {parts}"
    for row in books.of(money_case):
        if row.closed_at is None and row.kind != FORGED:
            yield f"case {row.kind} {row.ref}: {row.what}"


def _stays(books: Books, visits: Sequence[Visit]) -> Iterator[str]:
    """Every car that left has one stay that ended, and paid for it once."""
    charged: Counter[str] = Counter()
    for row in books.of(pay_order):
        charged[row.stay] += books.paid(row.out_trade_no)
    for row in books.of(cash_payment):
        charged[row.stay] += row.due_fen
    for row in books.of(stay):
        if charged[row.id] != row.paid_fen:
            yield f"stay {row.plate}: {charged[row.id]} fen at WeChat and in cash, {row.paid_fen} credited"
        if row.ending is not None and row.paid_fen > row.fee_fen:
            yield f"stay {row.plate}: paid {row.paid_fen} of {row.fee_fen} fen"
    for visit in visits:
        mine = [row for row in books.of(stay) if row.plate == visit.car.plate]
        if visit.left_s is not None and [row.ending for row in mine] != ["EXIT"]:
            yield f"{visit.car.plate} has left, its stays: {[row.ending for row in mine]}"
        if visit.entered_s is not None and visit.left_s is not None:
            most = fee(visit.left_s - visit.entered_s + 2 * QUOTED_S)
            if sum(charged[row.id] for row in mine) > most:
                yield f"{visit.car.plate} was charged {[charged[row.id] for row in mine]}, at most {most} fen"


def _opening(world: World, books: Books, opening: Opening, visits: Sequence[Visit]) -> Iterator[str]:
    """Say why a boom must not have risen, from what WeChat and the road knew at that moment."""
    at_s, what = opening.at_s, f"{opening.lane} opened at {opening.at_s:.0f} s for {opening.plate} ({opening.why})"
    visit = next((one for one in visits if one.car.plate == opening.plate), None)
    if visit is None:
        yield f"{what}: nobody was there"
    elif opening.lane == "in1" or opening.why == "EQUIPMENT":
        if opening.lane == "out1" and not any(at_s - ANSWERED_S <= asked_s <= at_s for asked_s in world.let_outs):
            yield f"{what}: nobody asked for it"
    elif visit.entered_s is None:
        yield f"{what}: it never came in"
    elif opening.why == "FREE":
        if fee(at_s - QUOTED_S - visit.entered_s):
            yield f"{what}: it owed {fee(at_s - visit.entered_s)} fen"
    elif opening.why in ("PAID", "PREPAID"):
        yield from _unpaid(books, opening, visit.entered_s, what)
    else:
        yield f"{what}: no such reason here"


def _unpaid(books: Books, opening: Opening, entered_s: float, what: str) -> Iterator[str]:
    stays = {row.id for row in books.of(stay) if row.plate == opening.plate}
    orders = [row.out_trade_no for row in books.of(pay_order) if row.stay in stays]
    paid = {number: books.paid(number, opening.at_s) for number in orders}
    good = [books.orders[number] for number in orders if paid[number]]
    times = [(_seconds(one["paid_at"]), _seconds(one["made_at"])) for one in good]
    cash = [(_since(row.paid_at), row.due_fen) for row in books.of(cash_payment) if row.stay in stays]
    cash = [(at_s, fen) for at_s, fen in cash if at_s <= opening.at_s + 0.001]
    times += [(at_s, at_s) for at_s, _ in cash]
    if not times:
        yield f"{what}: nothing was paid"
        return
    paid_s, asked_s = max(times)
    total, owed = sum(paid.values()) + sum(fen for _, fen in cash), fee(asked_s - QUOTED_S - entered_s)
    if total < owed:
        yield f"{what}: {total} of {owed} fen were paid"
    if opening.at_s > paid_s + GRACE_S + QUOTED_S:
        yield f"{what}: the grace of its payment was over"


def fee(parked_s: float) -> int:
    """Price a stay by the demo tariff, in the judge's own words."""
    if parked_s <= FREE_S:
        return 0
    return min(int(-(-parked_s // HOUR_S)) * HOUR_FEN, MOST_FEN)


def _seconds(at: str) -> float:
    return _since(datetime.fromisoformat(at))


def _since(at: datetime) -> float:
    return (at - START).total_seconds()
