"""The books of a small car park on a good day, for the judge: two cars in, two out, one of them paid."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, create_engine, insert

from scada.model.names import SiteId
from scada.ports import JournalEntry
from scada.sim.trial.facts import Facts, read_facts
from scada.sim.trial.judge import judge
from scada.sim.trial.truth import read_truth, truth_of
from scada.store import schema
from scada.store.journal import write_entries
from tests.support.store import give_tables

AT = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
SITE = "demo"
Row = dict[str, object]


class Books:
    """Tables and truth as lists of rows that a test may spoil."""

    def __init__(self) -> None:
        self.truth: list[Row] = []
        self.stays: list[Row] = []
        self.quotes: list[Row] = []
        self.orders: list[Row] = []
        self.deductions: list[Row] = []
        self.settlements: list[Row] = []
        self.passages: list[Row] = []
        self.rises: list[Row] = []
        self.intents: list[Row] = []
        self.doubts: list[Row] = []
        self.entries: list[JournalEntry] = []
        for number, car in enumerate(("car-1", "car-2"), start=1):
            self._visit(number, car)

    def _visit(self, number: int, car: str) -> None:
        paid_fen = 500 if car == "car-2" else 0
        self.say("car", car=car, plate=f"京A1000{number}")
        self._pass("in1", number, car)
        self._pass("out1", number, car)
        stay = f"stay-{number}"
        self.stays.append(_stay(stay, number, paid_fen))
        if paid_fen:
            self._pay(stay, paid_fen)
        self.entries.append(JournalEntry("command", "lane", "OpenGate", body={"loop_to_command_ms": 900 + number}))

    def say(self, what: str, **fields: object) -> None:
        """Write a line of the truth."""
        self.truth.append({"what": what, "at": AT.isoformat(), "at_s": float(len(self.truth)), **fields})

    def _pass(self, lane: str, number: int, car: str) -> None:
        self.say("passage", lane=lane, number=number, car=car)
        self.say("rise", lane=lane, count=number, cause=1, number=number, car=car, age_s=0.0)
        self.say("passed", car=car, lane=lane)
        passage = f"{lane}-{number}"
        self.passages.append(_passage(passage, lane, number, f"京A1000{number}"))
        self.rises.append(
            {"site": SITE, "lane": lane, "count": number, "cause": "AUTHORISED", "passage": passage, "number": number}
            | {"at": AT}
        )
        self.intents.append(_intent(lane, passage, number))

    def _pay(self, stay: str, amount_fen: int) -> None:
        self.quotes.append(
            {"id": "quote-1", "site": SITE, "stay": stay, "made_at": AT, "valid_until": AT, "lines": []}
            | {"total_fen": amount_fen, "due_fen": amount_fen}
        )
        self.orders.append(
            {"out_trade_no": "D1", "site": SITE, "stay": stay, "quote": "quote-1", "amount_fen": amount_fen}
            | {"state": "PAID", "expires_at": AT, "made_at": AT, "transaction_id": "T1"}
        )
        self.settlements.append(
            {"id": "set-1", "site": SITE, "out_trade_no": "D1", "stay": stay, "transaction_id": "T1"}
            | {"amount_fen": amount_fen, "surplus_fen": 0, "source": "NOTICE", "paid_at": AT, "settled_at": AT}
        )

    def promise(self, *, surplus: bool = False) -> None:
        """WeChat has promised the fee that was paid by QR code otherwise."""
        self.settlements.clear()
        self.orders[0] |= {"state": "ACCEPTED", "kind": "PARKING", "transaction_id": None}
        row = {"out_trade_no": "D1", "site": SITE, "stay": self.orders[0]["stay"], "surplus": surplus}
        self.deductions.append(row | {"left_at": AT, "charged_s": 60, "device": "out1"})

    def pays_debt(self, amount_fen: int) -> None:
        """The first car left without paying; the payment of the second clears that too."""
        self.stays[0] |= {"fee_fen": amount_fen, "paid_fen": amount_fen}
        due = int(str(self.orders[0]["amount_fen"])) + amount_fen
        self.quotes[0] |= {"due_fen": due, "older_fen": amount_fen, "older": [["stay-1", amount_fen]]}
        self.orders[0]["amount_fen"] = due
        self.settlements[0] |= {"amount_fen": due, "older_fen": amount_fen}

    def by_one_gate(self) -> None:
        """Let it all have happened at one gate that leads both ways; the exits are its passages from 11 on."""
        for row in self.truth:
            if "lane" in row:
                row |= {"way": "entry" if row["lane"] == "in1" else "exit"}
        for row in (*self.truth, *self.passages, *self.rises, *self.intents):
            if "lane" not in row:
                continue
            beyond = 10 if row["lane"] == "out1" else 0
            row |= {name: int(str(row[name])) + beyond for name in ("number", "count", "seq") if name in row}
            row["lane"] = "gate1"

    def follows(self, lane: str, car: str, number: int = 3) -> Row:
        """A car goes through without a leave; its passage is on record as a tailgater's. Gives the record."""
        self.say("passage", lane=lane, number=number, car=car)
        self.say("passed", car=car, lane=lane)
        self.passages.append({**_passage(f"{lane}-{number}", lane, number, "京A10003"), "outcome": "TAILGATE"})
        return self.passages[-1]

    def doubts_at(self, *passages: tuple[str, int]) -> None:
        """Put passages on the UNCERTAIN list."""
        self.doubts = [
            {"site": SITE, "lane": lane, "number": number, "passage": f"{lane}-{number}", "why": "nobody saw", "at": AT}
            for lane, number in passages
        ]

    def judged(
        self, folder: Path, spoil: Callable[[Connection], object] = lambda connection: None
    ) -> dict[str, object]:
        """Put everything into a database and a truth log, and let the judge read both."""
        path = folder / "truth.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in self.truth), encoding="utf-8")
        return judge(truth_of(read_truth(path)), self._facts(folder, spoil))

    def _facts(self, folder: Path, spoil: Callable[[Connection], object]) -> Facts:
        give_tables(url := f"sqlite:///{folder / 'books.db'}")
        engine = create_engine(url)
        with engine.begin() as connection:
            for table, rows in (
                (schema.stay, self.stays),
                (schema.quote, self.quotes),
                (schema.pay_order, self.orders),
                (schema.parking_deduction, self.deductions),
                (schema.settlement, self.settlements),
                (schema.passage, self.passages),
                (schema.rise, self.rises),
                (schema.intent, self.intents),
                (schema.uncertain, self.doubts),
            ):
                if rows:
                    connection.execute(insert(table), rows)
            self._enter(connection)
            write_entries(connection, SiteId(SITE), AT, self.entries)
            spoil(connection)
        with engine.connect() as connection:
            facts = read_facts(connection, frozenset({"in1"}))
        engine.dispose()
        return facts

    def _enter(self, connection: Connection) -> None:
        """Write the double-entry books that these stays and payments make."""
        cleared: Counter[str] = Counter()
        own: Counter[str] = Counter()
        for row in self.settlements:
            amount, older, stay = int(str(row["amount_fen"])), int(str(row.get("older_fen", 0))), str(row["stay"])
            own[stay] += amount - older
            cleared["stay-1"] += older
            sides = {("clearing:wechat", stay): amount, ("receivable:stay", stay): older - amount}
            _post(connection, f"paid:{row['out_trade_no']}", {**sides, ("arrears", "stay-1"): -older})
        for row in self.stays:
            stay = str(row["id"])
            arrears, waived = (int(str(row[name])) for name in ("arrears_fen", "waived_fen"))
            left = {"receivable:stay": own[stay], "arrears": arrears + cleared[stay], "discount": waived}
            ended = {**left, "revenue:parking": -sum(left.values())}
            _post(connection, f"ended:{stay}", {(account, stay): amount for account, amount in ended.items()})


def _post(connection: Connection, ref: str, sides: dict[tuple[str, str], int]) -> None:
    rows = [
        {"entry": ref[:26], "account": account, "subject": stay, "amount_fen": amount}
        for (account, stay), amount in sides.items()
        if amount
    ]
    if not rows:
        return
    connection.execute(insert(schema.ledger_posting), rows)
    entry = {"id": ref[:26], "site": SITE, "at": AT, "kind": ref.split(":")[0], "ref": ref, "by": "billing"}
    connection.execute(insert(schema.ledger_entry).values(**entry))


def _stay(stay: str, number: int, paid_fen: int) -> Row:
    return {
        "id": stay,
        "site": SITE,
        "plate": f"京A1000{number}",
        "plate_kind": "ordinary",
        "plate_colour": "BLUE",
        "entry_lane": "in1",
        "entry_passage": f"in1-{number}",
        "entered_at": AT,
        "tariff": "demo-1",
        "tariff_terms": {},
        "ending": "EXIT",
        "exit_lane": "out1",
        "exit_passage": f"out1-{number}",
        "exited_at": AT + timedelta(hours=1),
        "fee_fen": paid_fen,
        "paid_fen": paid_fen,
        "arrears_fen": 0,
        "waived_fen": 0,
    }


def _passage(passage: str, lane: str, number: int, plate: str) -> Row:
    return {
        "id": passage,
        "site": SITE,
        "lane": lane,
        "number": number,
        "began_at": AT,
        "ended_at": AT,
        "outcome": "FORWARD",
        "plate": plate,
        "read_by": "camera",
        "stay": f"stay-{number}" if lane == "out1" and number <= 2 else None,
        "note": "",
    }


def _intent(lane: str, passage: str, number: int) -> Row:
    return {
        "site": SITE,
        "lane": lane,
        "passage": passage,
        "code": 1,
        "seq": number,
        "claim": 7,
        "number": number,
        "tick": 0,
        "ttl_ms": 2000,
        "boot": 1,
        "block": b"",
        "made_at": AT,
        "state": "DONE",
    }
