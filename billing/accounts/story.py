"""Everything that happened to one stay's money, from the books alone, for whoever answers a driver's question."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Final

from sqlalchemy import Connection, RowMapping, Table, select

from billing.accounts.statement import of_stay
from scada.model.names import SiteId, StayId
from scada.model.plate import Plate
from scada.store import schema

Row = Mapping[str, object]
_STAY: Final = (
    "id", "plate", "entry_lane", "entered_at", "exit_lane", "exited_at", "ending", "exit_reason", "tariff", "card",
    "fee_fen", "paid_fen", "credit_fen", "arrears_fen", "waived_fen", "paid_until",
)  # fmt: skip
_HIDDEN: Final = frozenset({"site", "code_url", "body", "headers"})
"""What is no part of the story: whose books these are, what can be paid with, and messages as they came."""


def stays_of(conn: Connection, site: SiteId, plate: Plate, most: int = 50) -> Sequence[StayId]:
    """Give the stays under a plate, the newest first."""
    table = schema.stay
    query = select(table.c.id).where(table.c.site == site, table.c.plate == plate)
    return [StayId(name) for name in conn.execute(query.order_by(table.c.entered_at.desc()).limit(most)).scalars()]


def story(conn: Connection, site: SiteId, stay: StayId) -> dict[str, object] | None:
    """Give a stay, its quotes with their lines, and all that was paid and entered; None if there is no such stay."""
    found = (
        conn.execute(select(schema.stay).where(schema.stay.c.site == site, schema.stay.c.id == stay)).mappings().first()
    )
    if found is None:
        return None
    orders = _of_stay(conn, schema.pay_order, stay, "made_at")
    numbers = [str(order["out_trade_no"]) for order in orders]
    return {
        "stay": {name: found[name] for name in _STAY},
        "quotes": _of_stay(conn, schema.quote, stay, "made_at"),
        "orders": orders,
        "payments": _of_stay(conn, schema.settlement, stay, "settled_at"),
        "notices": _of_orders(conn, schema.notice, numbers, "received_at"),
        "refunds": _of_stay(conn, schema.refund, stay, "made_at"),
        "cash": _of_stay(conn, schema.cash_payment, stay, "paid_at"),
        "requests": _of_stay(conn, schema.open_request, stay, "made_at"),
        "entries": [asdict(line) for line in of_stay(conn, site, stay)],
    }


def _of_stay(conn: Connection, table: Table, stay: StayId, by: str) -> list[Row]:
    return [
        _shown(row) for row in conn.execute(select(table).where(table.c.stay == stay).order_by(table.c[by])).mappings()
    ]


def _of_orders(conn: Connection, table: Table, numbers: Sequence[str], by: str) -> list[Row]:
    query = select(table).where(table.c.out_trade_no.in_(numbers)).order_by(table.c[by])
    return [_shown(row) for row in conn.execute(query).mappings()]


def _shown(row: RowMapping) -> Row:
    return {f"{name}": value for name, value in row.items() if name not in _HIDDEN}
