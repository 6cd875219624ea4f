"""The judge's look into the double-entry books: sums reckoned from the rows, by none of the product's own reckoning."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from scada.sim.trial.facts import Facts

WECHAT: Final = "clearing:wechat"


def wrong_in_books(facts: Facts) -> Iterator[str]:
    """Rule 10: every entry balances, what has ended is owed for no more, and what came in is on the books."""
    sums: Counter[str] = Counter()
    held: dict[str, Counter[str]] = {}
    known = {str(entry["id"]) for entry in facts.entries_made}
    for side in facts.postings:
        entry, account, amount = str(side["entry"]), str(side["account"]), _whole(side["amount_fen"])
        sums[entry] += amount
        held.setdefault(account, Counter())[str(side["subject"])] += amount
        if entry not in known:
            yield f"10: a posting of {amount} fen on {account} belongs to no entry"
    yield from (f"10: entry {entry} of the ledger sums to {total} fen" for entry, total in sums.items() if total)
    yield from _stays(facts, held)
    yield from _came_in(facts)


def _stays(facts: Facts, held: dict[str, Counter[str]]) -> Iterator[str]:
    receivable, arrears = held.get("receivable:stay", Counter()), held.get("arrears", Counter())
    for stay in facts.stays:
        name, ahead = str(stay["id"]), _whole(stay["paid_fen"]) + _whole(stay["credit_fen"])
        wanted = -ahead if stay["ending"] is None else 0
        if receivable[name] != wanted:
            yield f"10: stay {name}: the ledger holds {receivable[name]} fen receivable instead of {wanted}"
        if arrears[name] != stay["arrears_fen"]:
            yield f"10: stay {name} owes {stay['arrears_fen']} fen, the ledger says {arrears[name]}"


def _came_in(facts: Facts) -> Iterator[str]:
    """What WeChat paid, what went back to payers, and what people took in cash: each is one entry, of just so much."""
    entered = _by_ref(facts)
    money = [(f"paid:{row['out_trade_no']}", WECHAT, _whole(row["amount_fen"])) for row in facts.settlements]
    back = [row for row in facts.refunds if row["state"] == "SUCCESS"]
    money += [(f"refunded:{row['out_refund_no']}", WECHAT, -_whole(row["amount_fen"])) for row in back]
    for row in facts.cash:
        money.append((f"cash:{row['id']}", "cash", _whole(row["due_fen"])))
        if row["voided_at"] is not None:
            money.append((f"cash_void:{row['id']}", "cash", -_whole(row["due_fen"])))
    for ref, account, amount in money:
        if entered[ref, account] != amount:
            yield f"10: {ref} moved {amount} fen, the ledger entered {entered[ref, account]}"


def _by_ref(facts: Facts) -> Counter[tuple[str, str]]:
    """Sum up what each event moved on each account."""
    refs = {str(entry["id"]): str(entry["ref"]) for entry in facts.entries_made}
    moved: Counter[tuple[str, str]] = Counter()
    for side in facts.postings:
        moved[refs.get(str(side["entry"]), ""), str(side["account"])] += _whole(side["amount_fen"])
    return moved


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise ValueError(f"{value!r} is no whole number")
    return value
