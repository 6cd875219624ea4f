"""How stays of the month are paid: by every channel, in every trouble; each event posts what the product posts."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from billing.accounts import flows
from billing.accounts.chart import Account
from billing.vouchers.terms import merchant_part
from scada.model.money import NOTHING, Fen
from scada.model.names import MerchantId, OrderId, StayId, VoucherId
from scada.store import schema
from tests.support.month.rows import Rows
from tests.support.month.truth import Moved, Truth

CASHIER = "wang"
FLOAT = Fen(20_000)
Row = dict[str, object]


def fen(row: Row, name: str) -> Fen:
    """Read an amount of a row."""
    return Fen(int(str(row[name])))


@dataclass(slots=True)
class Till:
    """Where money comes in. A stay is its row."""

    rows: Rows
    truth: Truth
    shifts: dict[date, Row] = field(default_factory=dict)
    taken: dict[date, int] = field(default_factory=dict)
    numbers: int = 0

    def scan(
        self, stay: Row, at: datetime, due: Fen, lane: str | None, kind: str = "QR", surplus: Fen = NOTHING
    ) -> str:
        """WeChat takes the fee of an open stay, by a code at a boom, ahead, or by a payer's code; gives the order."""
        order = self._order(stay, at, Fen(due + surplus), lane, kind)
        refund = f"R{order}A"
        self._settle(stay, order, at, Fen(due + surplus), surplus)
        self.rows.post(at, flows.paid(StayId(str(stay["id"])), OrderId(order), due, NOTHING, surplus, refund))
        stay["paid_fen"] = fen(stay, "paid_fen") + due
        self._tell(at, "taken", due, {"QR": "SCAN" if lane else "AHEAD"}.get(kind, kind), lane, stay)
        if surplus:
            self._goes_back(order, refund, stay, at, surplus, "SURPLUS")
        return order

    def deduct(self, stay: Row, at: datetime, due: Fen, lane: str, *, breaks: bool) -> None:
        """WeChat promises the fee of an open stay, and deducts it minutes later, or cannot once the car has left."""
        order = self._order(stay, at, due, lane, "PARKING")
        later, name = at + timedelta(minutes=3), StayId(str(stay["id"]))
        about = {"stay": stay["id"], "left_at": at, "charged_s": 3600, "device": lane, "accepted_at": at}
        self.rows.add(schema.parking_deduction, out_trade_no=order, ended_at=later, **about)
        self.rows.post(at, flows.promised(name, OrderId(order), due, Account.RECEIVABLE))
        self._tell(at, "taken", due, "PARKING", lane, stay)
        if not breaks:
            self._settle(stay, order, later, due, NOTHING)
            self.rows.post(later, flows.deducted(name, OrderId(order), due))
            stay["paid_fen"] = fen(stay, "paid_fen") + due
            return
        self.rows.of["pay_order"][-1]["state"] = "FAILED"
        self.rows.post(later, flows.broken(name, OrderId(order), due, Account.ARREARS))
        self._tell(later, "taken", Fen(-due), "PARKING", lane, stay)
        self._tell(later, "recovered", Fen(-due), "", "", stay)
        stay["broken"] = due

    def cash(self, stay: Row, at: datetime, due: Fen, lane: str | None, day: date, *, owed: bool = False) -> str:
        """The cashier takes cash: for an open stay, or what one that has ended owes; gives the receipt."""
        shift, self.numbers = self._shift(day), self.numbers + 1
        receipt = f"C{self.numbers:08d}"
        self.rows.add(
            schema.cash_payment,
            id=receipt,
            year=day.year,
            number=self.numbers,
            shift=shift["id"],
            operator=CASHIER,
            stay=stay["id"],
            lane=lane,
            due_fen=due,
            given_fen=due,
            paid_at=at,
            older=[],
        )
        parts = (NOTHING, due) if owed else (due, NOTHING)
        self.rows.post(at, flows.cash_taken(StayId(str(stay["id"])), receipt, CASHIER, *parts))
        stay["paid_fen"] = fen(stay, "paid_fen") + due
        self.taken[day] = self.taken.get(day, 0) + due
        self._tell(at, "taken", due, "CASH", lane, stay)
        return receipt

    def void(self, stay: Row, at: datetime, due: Fen, lane: str, receipt: str, day: date) -> None:
        """Take the receipt of an open stay back."""
        row = self.rows.of["cash_payment"][-1]
        row |= {"voided_at": at, "voided_by": CASHIER, "void_second": "chen", "void_why": "wrong car"}
        taken = flows.cash_taken(StayId(str(stay["id"])), receipt, CASHIER, due, NOTHING)
        self.rows.post(at, flows.cash_voided(taken, receipt, CASHIER, "wrong car"))
        stay["paid_fen"] = fen(stay, "paid_fen") - due
        self.taken[day] -= due
        self._tell(at, "taken", Fen(-due), "CASH", lane, stay)

    def voucher(self, stay: Row, at: datetime, amount: Fen, percent: int) -> None:
        """A shop's voucher lets an open stay off so much."""
        name, merchant = f"V{len(self.rows.of['voucher']):08d}", f"M{percent}"
        about = {"kind": "money", "value": amount, "alone": False, "pays_percent": percent, "plate": stay["plate"]}
        used = {"given_by": "shop", "given_at": at, "valid_until": at + timedelta(days=1), "state": "USED"}
        self.rows.add(
            schema.voucher,
            id=name,
            merchant=merchant,
            stay=stay["id"],
            amount_fen=amount,
            used_at=at,
            **about,
            **used,
        )
        part = merchant_part(amount, percent)
        stay_id = StayId(str(stay["id"]))
        self.rows.post(at, flows.voucher_used(VoucherId(name), stay_id, MerchantId(merchant), amount, part))
        stay["credit_fen"] = fen(stay, "credit_fen") + amount
        self._tell(at, "vouchers", amount, "VOUCHER", "", stay)

    def gives_back(self, stay: Row, order: str, at: datetime, amount: Fen) -> None:
        """A person gives back what was earned."""
        refund, name = f"R{order}B", StayId(str(stay["id"]))
        self.rows.post(at, flows.refund_owed(refund, name, OrderId(order), amount, "OVERCHARGED", "chen"))
        self._goes_back(order, refund, stay, at, amount, "OVERCHARGED")
        self._tell(at, "given_back", amount, "", "", stay)

    def recover(self, stay: Row, at: datetime, amount: Fen) -> None:
        """Somebody pays by phone what a stay that has ended owes."""
        demand = f"D{len(self.rows.of['demand']):08d}"
        about = {"kind": "ARREARS", "about": stay["plate"], "parts": [[stay["id"], amount]], "made_by": "phone"}
        ends = {"valid_until": at + timedelta(hours=1), "paid_at": at, "state": "PAID"}
        self.rows.add(schema.demand, id=demand, amount_fen=amount, made_at=at, **about, **ends)
        order = self._order({"id": None}, at, amount, None, "QR", demand)
        self._settle({"id": None}, order, at, amount, NOTHING)
        self.rows.post(at, flows.arrears_paid(OrderId(order), ((StayId(str(stay["id"])), amount),)))
        stay["paid_fen"] = fen(stay, "paid_fen") + amount
        stay["arrears_fen"] = fen(stay, "arrears_fen") - amount
        self._tell(at, "taken", amount, "AHEAD", "", {"plate_kind": ""})
        self._tell(at, "recovered", amount, "", "", stay)

    def write_off(self, stay: Row, at: datetime, amount: Fen) -> None:
        """A person gives up what a stay owes."""
        self.rows.post(at, flows.written_off(StayId(str(stay["id"])), amount, f"written_off:{stay['id']}", "chen", "-"))
        stay["arrears_fen"] = fen(stay, "arrears_fen") - amount
        stay["waived_fen"] = fen(stay, "waived_fen") + amount
        self._tell(at, "written_off", amount, "", "", stay)

    def card(self, name: str, plate: str, at: datetime, first: date, price: Fen, zone_name: str) -> None:
        """A month card is sold by WeChat for thirty days; what is earned of it is entered when its month is over."""
        until = first + timedelta(days=30)
        about = {"holder": plate, "terms": {"name": "month", "spaces": 1}, "plates": [plate], "changes": []}
        made = {"made_at": at, "made_by": "phone", "state": "ACTIVE", "clock_zone": zone_name, "first": first}
        self.rows.add(schema.month_card, id=name, **about, **made)
        demand = f"D{len(self.rows.of['demand']):08d}"
        asked = {"kind": "CARD", "about": name, "parts": [], "made_by": "phone", "state": "PAID", "paid_at": at}
        self.rows.add(schema.demand, id=demand, amount_fen=price, made_at=at, valid_until=at, **asked)
        order = self._order({"id": None}, at, price, None, "QR", demand)
        self._settle({"id": None}, order, at, price, NOTHING)
        period = {"id": f"P{name}", "card": name, "first": first, "until": until, "price_fen": price}
        self.rows.add(schema.card_period, out_trade_no=order, paid_at=at, paid_to=Account.WECHAT.value, **period)
        self.rows.post(at, flows.card_paid(f"P{name}", name, price, Account.WECHAT, "", OrderId(order), "wechat"))
        self.rows.add(
            schema.plate_right,
            id=f"L{name}",
            plate=plate,
            kind="MONTH",
            card=name,
            made_by="phone",
            made_at=at,
            valid_from=at,
            valid_until=at + timedelta(days=30),
        )
        self._tell(at, "cards", price, "CARD", "", {"plate_kind": ""})

    def close_tills(self, until: datetime) -> None:
        """Hand over what each shift has taken; every tenth one is a yuan short."""
        for nth, (day, shift) in enumerate(sorted(self.shifts.items())):
            closed_at = datetime.fromisoformat(str(shift["opened_at"])) + timedelta(hours=23, minutes=59)
            if closed_at > until:
                continue
            due, short = Fen(FLOAT + self.taken.get(day, 0)), 100 if nth % 10 == 9 else 0
            shift |= {"closed_at": closed_at, "expected_fen": due, "counted_fen": due - short, "handed_to": "SAFE"}
            shift |= {"taken_by": "chen"}
            name = str(shift["id"])
            if short:
                self.rows.post(closed_at, flows.till_differs(name, CASHIER, Fen(-short), ""))
            self.rows.post(closed_at, flows.till_handed_over(name, CASHIER, Fen(due - short), Account.SAFE))

    def _shift(self, day: date) -> Row:
        """Give the cashier's shift of a day; it begins with change out of the safe."""
        if day not in self.shifts:
            midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=8)
            row = self.rows.add(
                schema.till_shift, id=f"T{day:%Y%m%d}", operator=CASHIER, opened_at=midnight, float_fen=FLOAT
            )
            self.rows.post(midnight, flows.till_opened(f"T{day:%Y%m%d}", CASHIER, FLOAT))
            self.shifts[day] = row
        return self.shifts[day]

    def _order(self, stay: Row, at: datetime, amount: Fen, lane: str | None, kind: str, demand: str = "") -> str:
        number = f"O{len(self.rows.of['pay_order']):09d}"
        asked_at, quote = at - timedelta(seconds=20), None
        if stay["id"] is not None:
            quote = f"Q{len(self.rows.of['quote']):09d}"
            amounts = {"total_fen": amount, "due_fen": amount, "lines": []}
            valid = {"made_at": asked_at, "valid_until": at + timedelta(minutes=1)}
            self.rows.add(schema.quote, id=quote, stay=stay["id"], lane=lane, **valid, **amounts)
        self.rows.add(
            schema.pay_order,
            out_trade_no=number,
            stay=stay["id"],
            quote=quote,
            demand=demand or None,
            lane=lane,
            amount_fen=amount,
            kind=kind,
            state="PAID",
            expires_at=at + timedelta(minutes=1),
            made_at=asked_at,
            transaction_id=f"X{number}",
            paid_at=at,
        )
        return number

    def _settle(self, stay: Row, order: str, at: datetime, amount: Fen, surplus: Fen) -> None:
        about = {"stay": stay["id"], "transaction_id": f"X{order}", "source": "NOTICE", "paid_at": at}
        amounts = {"amount_fen": amount, "surplus_fen": surplus}
        self.rows.add(schema.settlement, id=f"S{order}", out_trade_no=order, settled_at=at, **about, **amounts)

    def _goes_back(self, order: str, refund: str, stay: Row, at: datetime, amount: Fen, reason: str) -> None:
        later = at + timedelta(minutes=2)
        about = {"stay": stay["id"], "amount_fen": amount, "total_fen": 10_000_000, "reason": reason, "by": "chen"}
        when = {"made_at": at, "next_at": later, "ended_at": later, "state": "SUCCESS"}
        self.rows.add(schema.refund, out_refund_no=refund, out_trade_no=order, **about, **when)
        self.rows.post(later, flows.refunded(refund, amount, OrderId(order)))

    def _tell(self, at: datetime, what: str, amount: Fen, channel: str, lane: str | None, stay: Row) -> None:
        self.truth.money.append(Moved(at, what, amount, channel, lane or "", str(stay["plate_kind"])))
