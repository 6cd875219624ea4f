"""A passage as one file: all that hangs on its id, from loop edge to loop edge, in order of time.

Its reads and pictures, quote, order, gate-open requests, commands to the PLC with their answers, the rise of the
boom, the case, and how it ended.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Table, select

from scada.model.handshake import CommandCode
from scada.model.names import PassageId, SiteId
from scada.store import schema


@dataclass(frozen=True, slots=True)
class Page:
    """One thing in the file. `what` is a word for the kind, `told` what it was; `facts` say the same to programs."""

    at: datetime
    what: str
    told: str
    facts: Mapping[str, object] = field(default_factory=dict)


def pages(conn: Connection, site: SiteId, passage: PassageId) -> list[Page]:
    """Give the file, oldest first; empty if nothing hangs on such a passage."""
    found = [
        *_reads_and_pictures(conn, site, passage),
        *_money(conn, site, passage),
        *_requests(conn, site, passage),
        *_commands(conn, site, passage),
        *_ends(conn, site, passage),
    ]
    return sorted(found, key=lambda page: page.at)


def _rows(conn: Connection, table: Table, site: SiteId, passage: PassageId) -> Iterator[dict[str, object]]:
    mine = select(table).where(table.c.site == site, table.c.passage == passage)
    return (dict(row) for row in conn.execute(mine).mappings())


def _reads_and_pictures(conn: Connection, site: SiteId, passage: PassageId) -> Iterator[Page]:
    table = schema.journal
    mine = (table.c.site == site) & (table.c.passage == passage)
    for row in conn.execute(select(table).where(mine).order_by(table.c.n)):
        if row.kind == "picture":
            name, why = row.body.get("picture") or row.what, row.body.get("why")
            yield Page(row.at, "picture", f"{name}: {why}", {"picture": name, "why": why})
        elif row.kind in ("person", "alarm"):
            facts = {**row.body, "what": row.what, "by": row.actor}
            yield Page(row.at, row.kind, f"{row.actor}: {row.what} {_short(row.body)}".rstrip(), facts)
        elif row.kind == "decision":
            yield from _read(row.at, row.body)


def _read(at: datetime, body: dict[str, object]) -> Iterator[Page]:
    """Find the camera's answer in a decision's event, the rejected ones too."""
    event = body.get("event")
    reading = event.get("reading") if isinstance(event, dict) else None
    if isinstance(reading, dict):
        text, sure = reading.get("text"), reading.get("confidence")
        facts = {"plate": text, "confidence": sure, "why": reading.get("why"), "by": reading.get("by")}
        yield Page(at, "read", f"{text} at {sure}" if text else f"unread: {reading.get('why')}", facts)


def _short(body: dict[str, object]) -> str:
    return " ".join(f"{name}={value}" for name, value in body.items() if value not in (None, ""))


def _money(conn: Connection, site: SiteId, passage: PassageId) -> Iterator[Page]:
    for row in _rows(conn, schema.quote, site, passage):
        told = f"{row['due_fen']} of {row['total_fen']} fen due, stay {row['stay']}"
        yield Page(_time(row["made_at"]), "quote", told, _some(row, "due_fen", "total_fen", "stay"))
    for row in _rows(conn, schema.pay_order, site, passage):
        told, facts = (
            f"{row['out_trade_no']}: {row['amount_fen']} fen, {row['state']}",
            _some(row, "amount_fen", "state"),
        )
        yield Page(_time(row["made_at"]), "order", told, facts)
        if row["paid_at"] is not None:
            told = f"{row['out_trade_no']} by {row['transaction_id']}"
            yield Page(_time(row["paid_at"]), "paid", told, facts)


def _requests(conn: Connection, site: SiteId, passage: PassageId) -> Iterator[Page]:
    for row in _rows(conn, schema.open_request, site, passage):
        told = f"{row['reason']} by {row['actor']}: {row['state']} {row['why']}".rstrip()
        yield Page(_time(row["made_at"]), "request", told, {**_some(row, "reason", "state", "why"), "by": row["actor"]})


def _commands(conn: Connection, site: SiteId, passage: PassageId) -> Iterator[Page]:
    for row in _rows(conn, schema.intent, site, passage):
        code = CommandCode(int(str(row["code"]))).name
        told = f"{code} {row['seq']} for {row['number']}: {row['state']} {row['why']}".rstrip()
        facts = {**_some(row, "seq", "number", "state", "why"), "code": code}
        yield Page(_time(row["made_at"]), "command", told, {**facts, "took_ms": _took_ms(row)})
    for row in _rows(conn, schema.rise, site, passage):
        yield Page(_time(row["at"]), "rise", f"rise {row['count']}, {row['cause']}", _some(row, "count", "cause"))


def _ends(conn: Connection, site: SiteId, passage: PassageId) -> Iterator[Page]:
    for row in _rows(conn, schema.case, site, passage):
        yield Page(_time(row["opened_at"]), "case", str(row["why"]), _some(row, "why"))
        if row["closed_at"] is not None:
            yield Page(_time(row["closed_at"]), "case", f"closed: {row['outcome']}", _some(row, "outcome"))
    table = schema.passage
    for over in conn.execute(select(table).where(table.c.site == site, table.c.id == passage)):
        yield Page(over.began_at, "begins", f"number {over.number} of {over.lane}", {"number": over.number})
        note = f" {over.note}" if over.note else ""
        told = f"{over.outcome}{note}, plate {over.plate or '?'}, stay {over.stay or '-'}"
        facts = {"outcome": over.outcome, "note": over.note, "plate": over.plate, "stay": over.stay}
        yield Page(over.ended_at, "ends", told, facts)


def _some(row: Mapping[str, object], *names: str) -> dict[str, object]:
    return {name: row[name] for name in names}


def _took_ms(row: Mapping[str, object]) -> int | None:
    """Say how long the PLC took to answer a command, if it did."""
    if row["answered_at"] is None:
        return None
    return round((_time(row["answered_at"]) - _time(row["made_at"])).total_seconds() * 1000)


def _time(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError(f"{value!r} is no time")
    return value
