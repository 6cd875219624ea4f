"""The judge: compares what the virtual cars really did with what the product wrote down.

His rules are `lanes.md` §3, as far as tables can show them; each one broken is a sentence. Tables
are read as rows; nothing of the product's own reckoning is believed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import ceil
from pathlib import Path
from statistics import median

from scada.config import Config
from scada.model.handshake import MAX_TTL_MS, CommandCode, RiseCause
from scada.model.lane.words import Ending
from scada.sim.trial.bookkeeper import wrong_in_books
from scada.sim.trial.circumstances import Circumstances, seconds
from scada.sim.trial.facts import Facts, facts_of
from scada.sim.trial.reported import Platform, reported_of, wrong_in_reports
from scada.sim.trial.truth import Number, Row, Truth, read_truth, truth_of

STOOD_S = 0.5
"""A car that left the approach loop so shortly before the boom rose was the one it rose for."""
BALANCED = frozenset((Ending.EXIT.value, Ending.EXIT_TAILGATE.value, Ending.EXIT_OPEN_LANE.value))
"""Endings by a car that was seen to leave: its fee is paid, owed or waived to the last fen."""
INSIDE = "inside"
"""What a person found of a car whose passage was in doubt."""
UNASKED = frozenset(("unexplained_rise", "unseen_rises"))
"""Alarms that tell of a rise nobody asked for or saw."""
EXPLAINED = {cause.name for cause in RiseCause} - {RiseCause.NONE.name, RiseCause.UNKNOWN.name}


def judge_site(config: Config, truth_path: Path, platform: Platform) -> dict[str, object]:
    """Read truth and tables of a stopped site and judge them, and its reports by both and by what WeChat says.

    Raises OSError or ValueError on a broken truth.
    """
    truth, facts = truth_of(read_truth(truth_path)), facts_of(config)
    told = reported_of(config, facts)
    excused = _Book(truth, facts).excused() + told.sheet.traffic.uncounted
    wrong = wrong_in_reports(told, truth, facts, platform, excused=excused)
    return judge(truth, facts, wrong) | {"reported": told.figures()}


def judge(truth: Truth, facts: Facts, wrong_reports: Sequence[str] = ()) -> dict[str, object]:
    """Count, and name every rule that was broken; what reports say otherwise than the world is one, too."""
    book = _Book(truth, facts)
    closed = [stay for stay in facts.stays if stay["ending"] is not None]
    wrong, unexplained = list(book.wrong_cars()), list(book.unexplained())
    read = [row for row in facts.passages if row["read_by"] == "camera" and row["plate"] is not None]
    commands = [row["body"] for row in facts.journal if row["kind"] == "command" and row["what"] == "OpenGate"]
    return {
        "stays_open": len(facts.stays) - len(closed),
        "stays_closed": len(closed),
        "orders_paid": sum(order["state"] == "PAID" for order in facts.orders),
        "fees_fen": _sum(closed, "fee_fen") - _sum(closed, "arrears_fen") - _sum(closed, "waived_fen"),
        "settled_fen": _sum(facts.settlements, "amount_fen")
        - _sum(facts.settlements, "surplus_fen")
        + _sum(promised(facts), "amount_fen"),
        "arrears_fen": _sum(closed, "arrears_fen"),
        "plates_read": len(read),
        "plates_exact": sum(row["plate"] == truth.plates.get(book.owner(row) or "") for row in read),
        "gate_openings": len(truth.rises),
        "unexplained_openings": len(unexplained),
        "wrong_car_openings": len(wrong),
        "left_to_stocktake": book.doubted(),
        "invariants_broken": [*wrong, *unexplained, *book.broken(), *wrong_reports],
        "loop_to_command_ms": spread(_figures(commands, "loop_to_command_ms")),
        "payment_to_command_ms": spread(_figures(commands, "payment_to_command_ms")),
    }


def credited(facts: Facts) -> Counter[object]:
    """Reckon what each stay was paid: for itself, and as a debt by a later stay of its plate."""
    older = {quote["id"]: _debts(quote["older"]) for quote in facts.quotes}
    debts = {order["out_trade_no"]: older.get(order["quote"], {}) for order in facts.orders}
    credit: Counter[object] = Counter()
    for row in facts.settlements:
        credit[row["stay"]] += _whole(row["amount_fen"]) - _whole(row["surplus_fen"])
        _move(credit, row["stay"], debts.get(row["out_trade_no"], {}) if row["older_fen"] else {})
    for row in promised(facts):
        credit[row["stay"]] += _whole(row["amount_fen"])
        _move(credit, row["stay"], debts[row["out_trade_no"]])
    for row in facts.cash:
        if not row["voided_at"]:
            credit[row["stay"]] += _whole(row["due_fen"])
            _move(credit, row["stay"], _debts(row["older"]))
    return credit


def _debts(told: object) -> dict[object, int]:
    """Read the debts that are paid besides: pairs of a stay and an amount."""
    return {stay: _whole(amount) for stay, amount in told} if isinstance(told, list) else {}


def _move(credit: Counter[object], stay: object, debts: Mapping[object, int]) -> None:
    """Credit the stays whose debts a payment for another one has cleared."""
    for owing, amount in debts.items():
        credit[stay] -= amount
        credit[owing] += amount


def promised(facts: Facts) -> list[Row]:
    """Give the fees that WeChat has promised to deduct and that are credited: no money yet, and no debt any more."""
    credited = {row["out_trade_no"] for row in facts.deductions if not row["surplus"]}
    return [row for row in facts.orders if row["state"] == "ACCEPTED" and row["out_trade_no"] in credited]


def spread(figures: Sequence[float]) -> dict[str, float | None]:
    """Give median, 99th percentile (nearest rank) and greatest; None where nothing was measured."""
    if not figures:
        return {"p50": None, "p99": None, "max": None}
    ordered = sorted(figures)
    rank = max(0, ceil(0.99 * len(ordered)) - 1)
    return {"p50": round(median(ordered), 1), "p99": round(ordered[rank], 1), "max": round(ordered[-1], 1)}


def _figures(bodies: Iterable[object], name: str) -> list[float]:
    return [float(body[name]) for body in bodies if isinstance(body, dict) and body.get(name) is not None]


def _sum(rows: Iterable[Row], column: str) -> int:
    return sum(_whole(row[column]) for row in rows)


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise ValueError(f"{value!r} is no whole number")
    return value


class _Book:
    """Truth and facts side by side, with the rules."""

    def __init__(self, truth: Truth, facts: Facts) -> None:
        self._truth = truth
        self._facts = facts
        self._passages = {str(row["id"]): row for row in facts.passages}
        self._opens = [row for row in facts.intents if row["code"] == CommandCode.OPEN and row["state"] != "NOT_DONE"]
        self._opened = Counter(_number(row) for row in self._opens)
        self._when = Circumstances(truth)

    def owner(self, passage: Row) -> str | None:
        """Give the car that really made a passage."""
        return self._truth.owners.get(_number(passage))

    def wrong_cars(self) -> Iterator[str]:
        """Rule 3 and 5: the boom rises for the car that stands there, and a stay leaves with the car it came with."""
        for row in self._truth.rises:
            if row["cause"] != RiseCause.AUTHORISED:
                continue
            lane, number, car = row["lane"], row["number"], row["car"]
            owner = self._truth.owners.get(_number(row))
            if owner is None or car != owner or seconds(row["age_s"]) > STOOD_S:
                yield f"3: {lane} rose for passage {number} of {owner}, but {car} stood there (rise {row['count']})"
        for stay in self._facts.stays:
            came = self._owner_of(stay["entry_passage"])
            for passage in self._exits_of(stay):
                if self.owner(passage) != came:
                    yield f"3: stay {stay['id']} of {came} was used for {self.owner(passage)} at {passage['lane']}"

    def _exits_of(self, stay: Row) -> Iterator[Row]:
        """Give the exit passages that were opened in the name of a stay."""
        for row in self._facts.passages:
            if self._leads_in(_number(row)) or self._opened[_number(row)] == 0:
                continue
            if stay["id"] == row["stay"] or stay["exit_passage"] == row["id"]:
                yield row

    def _leads_in(self, number: Number) -> bool:
        return number[0] in self._facts.entries or number in self._truth.inward

    def _went_in(self, crossing: Row) -> bool:
        return crossing["lane"] in self._facts.entries or crossing.get("way") == "entry"

    def _owner_of(self, passage: object) -> str | None:
        row = self._passages.get(str(passage))
        return self.owner(row) if row is not None else None

    def unexplained(self) -> Iterator[str]:
        """Rule 7, the half that counts: every rise has a record with a known cause."""
        known = {(row["lane"], row["count"]): str(row["cause"]).upper() for row in self._facts.rises}
        for row in self._truth.rises:
            cause = known.get((row["lane"], row["count"]))
            if cause not in EXPLAINED and not self._is_told(row, cause):
                yield f"7: rise {row['count']} of {row['lane']} has no cause"

    def _is_told(self, rise: Row, cause: str | None) -> bool:
        """Say whether a rise without a cause has its record and its alarm: nobody here asked for it, or saw it."""
        unasked = rise["cause"] in (None, RiseCause.NONE, RiseCause.UNKNOWN) or self._when.is_unwatched(
            seconds(rise["at_s"])
        )
        alarms = {str(row["what"]) for row in self._facts.journal if row["kind"] == "alarm"}
        return cause == RiseCause.UNKNOWN.name and unasked and bool(alarms & UNASKED)

    def broken(self) -> Iterator[str]:
        """Give every other rule that was broken."""
        yield from (f"1: a boom came down on {car}" for car in self._truth.struck)
        yield from self._leaves()
        yield from self._stays()
        yield from self._causes()
        yield from self._commands()
        yield from self._money()
        if self._facts.broken_link is not None:
            yield f"10: the journal's chain is broken at row {self._facts.broken_link}"

    def _leaves(self) -> Iterator[str]:
        """Rules 3 and 5: each authorised rise has its own command, each car that went through its own leave."""
        for row in self._truth.rises:
            if row["cause"] == RiseCause.AUTHORISED and self._opened[_number(row)] == 0:
                yield f"3: {row['lane']} rose for passage {row['number']} without a command of ours"
        for row in self._without_leave():
            car, lane = row["car"], row["lane"]
            if not self._is_lawful(row):
                yield f"5: {car} went through {lane} without a leave of its own"
            elif not self._on_record(row):
                yield f"5: {car} went through the open {lane} and is on no record"

    def _without_leave(self) -> Iterator[Row]:
        """Give the crossings of cars for which the lane was not commanded to open."""
        leaves = Counter((self._truth.owners.get(number), number[0], self._leads_in(number)) for number in self._opened)
        for row in self._truth.crossings:
            leave = (str(row["car"]), str(row["lane"]), self._went_in(row))
            leaves[leave] -= 1
            if leaves[leave] < 0:
                yield row

    def _is_lawful(self, crossing: Row) -> bool:
        """Say whether a car could not be held back, or its stay ended by a name of its own."""
        at_s = seconds(crossing["at_s"])
        return (
            self._when.is_open(crossing["lane"], at_s)
            or self._when.is_unwatched(at_s)
            or any(str(row["outcome"]).upper() == "TAILGATE" for row in self._made(crossing))
        )

    def _on_record(self, crossing: Row) -> bool:
        """Say whether the product knows of a crossing, and at an exit has ended the stay it could tell."""
        made = list(self._made(crossing))
        told = [row for row in made if row["stay"] is not None]
        closed = {row["id"] for row in self._facts.stays if row["ending"] is not None}
        return bool(made) and (self._went_in(crossing) or all(row["stay"] in closed or row["note"] for row in told))

    def _made(self, crossing: Row) -> Iterator[Row]:
        """Give the passages on record that a car made in a lane, this way."""
        for row in self._facts.passages:
            is_this_way = self._leads_in(_number(row)) == self._went_in(crossing)
            if row["lane"] == crossing["lane"] and self.owner(row) == crossing["car"] and is_this_way:
                yield row

    def _stays(self) -> Iterator[str]:
        """Rule 6: stays begin and end on completed passages; a car that came in has one, or a stocktake to come."""
        for stay in self._facts.stays:
            if stay["ending"] != Ending.ANNULLED.value:
                yield from self._completed(stay, "entry_passage", "began")
            if stay["ending"] == "EXIT":
                yield from self._completed(stay, "exit_passage", "ended")
        begun = Counter(self._owner_of(stay["entry_passage"]) for stay in self._facts.stays)
        came = Counter(str(row["car"]) for row in self._truth.crossings if self._went_in(row))
        slipped = Counter(row["car"] for row in self._without_leave() if self._went_in(row))
        listed = Counter(self.owner(row) for row in self._doubted() if self._leads_in(_number(row)))
        for car, times in came.items():
            if not times - slipped[car] - listed[car] <= begun[car] <= times:
                yield f"6: {car} came in {times} times and has {begun[car]} stays"

    def _doubted(self) -> Iterator[Row]:
        """Give the entries of the UNCERTAIN list whose car truly went through, and that nobody has found inside.

        A PLC that restarts under a car takes it for two passages: a car is listed once for each time it went through.
        """
        went = Counter((row["car"], row["lane"], self._went_in(row)) for row in self._truth.crossings)
        for row in sorted(self._facts.doubts, key=lambda row: row["outcome"] != INSIDE):
            made = (self.owner(row), row["lane"], self._leads_in(_number(row)))
            went[made] -= 1
            if went[made] >= 0 and row["outcome"] != INSIDE:
                yield row

    def doubted(self) -> int:
        """Count the vehicles that went through and of which only a stocktake can tell."""
        return sum(1 for _ in self._doubted())

    def excused(self) -> int:
        """Count the cars that went through in a way that has a name of its own."""
        return self.doubted() + sum(1 for _ in self._without_leave())

    def _completed(self, stay: Row, column: str, what: str) -> Iterator[str]:
        passage = self._passages.get(str(stay[column]))
        if passage is None or not self._is_proof(passage):
            yield f"6: stay {stay['id']} {what} on a passage that was not completed ({stay[column]})"
        elif not self._is_made(passage):
            yield f"6: stay {stay['id']} {what} with {self.owner(passage)}, who did not go through {passage['lane']}"

    def _is_made(self, passage: Row) -> bool:
        """Say whether the car of a passage truly went through the lane, that way."""
        made = (self.owner(passage), passage["lane"], self._leads_in(_number(passage)))
        return made in ((row["car"], row["lane"], self._went_in(row)) for row in self._truth.crossings)

    def _is_proof(self, passage: Row) -> bool:
        """Say whether a passage may begin or end a stay: who followed another in has one of his own, too.

        So has a car that came in nobody knows how, and that a person has found inside since.
        """
        leads_in, outcome = self._leads_in(_number(passage)), str(passage["outcome"]).upper()
        found = leads_in and any(
            row["passage"] == passage["id"] and row["outcome"] == INSIDE and row["settled_by"]
            for row in self._facts.doubts
        )
        return outcome == "FORWARD" or (leads_in and outcome == "TAILGATE") or found

    def _causes(self) -> Iterator[str]:
        """Rule 7, the other half: one record a rise, and the cause the PLC gave."""
        seen = {(row["lane"], row["count"]): row["cause"] for row in self._truth.rises}
        records = Counter((row["lane"], row["count"]) for row in self._facts.rises)
        for (lane, count), times in records.items():
            if times > 1:
                yield f"7: rise {count} of {lane} has {times} records"
            if (lane, count) not in seen:
                yield f"7: rise {count} of {lane} is on record and never happened"
        for row in self._facts.rises:
            cause = seen.get((row["lane"], row["count"]))
            told = str(row["cause"]).upper()
            if cause is not None and told not in (RiseCause(_whole(cause)).name, RiseCause.UNKNOWN.name):
                yield f"7: rise {row['count']} of {row['lane']} is on record as {row['cause']}, the PLC says {cause}"

    def _commands(self) -> Iterator[str]:
        """Rule 8: numbered, short-lived, done once."""
        for lane, seq in _twice((row["lane"], row["seq"]) for row in self._facts.intents):
            yield f"8: {lane} was sent two commands numbered {seq}"
        for row in self._facts.intents:
            if _whole(row["ttl_ms"]) > MAX_TTL_MS:
                yield f"8: command {row['seq']} of {row['lane']} lived {row['ttl_ms']} ms"
            if row["state"] == "OPEN":
                yield f"8: nobody knows what became of command {row['seq']} of {row['lane']}"
        cancelled = {_number(row) for row in self._facts.intents if row["code"] == CommandCode.CANCEL}
        unknown = Counter(_number(row) for row in self._opens if row["state"] == "UNKNOWN")
        for number, times in self._opened.items():
            if times - unknown[number] > 1 and number not in cancelled:
                yield f"8: {number[0]} was opened {times} times for passage {number[1]}"

    def _money(self) -> Iterator[str]:
        """Rule 10: whole fen, every one of them on both sides of the books."""
        settled = {row["out_trade_no"]: row for row in self._facts.settlements}
        for order in self._facts.orders:
            paid = settled.get(order["out_trade_no"])
            if (order["state"] == "PAID") != (paid is not None):
                yield f"10: order {order['out_trade_no']} is {order['state']}, its settlement {paid and paid['id']}"
            if paid is not None and paid["amount_fen"] != order["amount_fen"]:
                yield f"10: order {order['out_trade_no']} over {order['amount_fen']} settled {paid['amount_fen']} fen"
        credit = credited(self._facts)
        for stay in self._facts.stays:
            yield from self._balance(stay, credit[stay["id"]])
        yield from wrong_in_books(self._facts)

    def _balance(self, stay: Row, credit: int) -> Iterator[str]:
        fee, paid, arrears, waived, let_off = (
            _whole(stay[name]) for name in ("fee_fen", "paid_fen", "arrears_fen", "waived_fen", "credit_fen")
        )
        if paid != credit:
            yield f"10: stay {stay['id']} says {paid} fen were paid, its settlements {credit}"
        if stay["ending"] in BALANCED and fee != paid + let_off + arrears + waived:
            yield f"10: stay {stay['id']}: fee {fee}, but {paid} paid, {arrears} owed, {waived} waived"


def _number(row: Row) -> Number:
    return str(row["lane"]), _whole(row["number"])


def _twice(keys: Iterable[tuple[object, object]]) -> list[tuple[object, object]]:
    return [key for key, times in Counter(keys).items() if times > 1]
