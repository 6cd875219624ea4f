"""Pay-score parking: what WeChat was told of cars that came in, and what it was asked to deduct."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, false

from scada.store.schema.base import Utc, metadata

parking_session = Table(
    "parking_session",
    metadata,
    Column("stay", String(26), ForeignKey("stay.id"), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("out_parking_no", String(32), nullable=False, unique=True),
    Column("plate", String(16), nullable=False),
    Column("plate_colour", String(16), nullable=False),
    Column("parking_name", String(64), nullable=False),
    Column("free_s", Integer, nullable=False),
    Column("entered_at", Utc, nullable=False),
    Column("state", String(16), nullable=False),
    Column("parking_id", String(64)),
    Column("block_reason", String(64), nullable=False, server_default=""),
    Column("changed_ms", BigInteger, nullable=False, server_default="0"),
    Column("asks", Integer, nullable=False, server_default="0"),
    Column("made_at", Utc, nullable=False),
    Column("ended_at", Utc),
)
"""One entry at WeChat. States: WANTED, NORMAL, BLOCKED, REFUSED, USED, ENDED.

What it says is sent, and sent again, as it stands here. `changed_ms` orders what WeChat tells of it.
"""
Index("ix_parking_session_site_state", parking_session.c.site, parking_session.c.state)

parking_deduction = Table(
    "parking_deduction",
    metadata,
    Column("out_trade_no", String(32), ForeignKey("pay_order.out_trade_no"), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("stay", String(26), ForeignKey("stay.id"), nullable=False, index=True),
    Column("left_at", Utc, nullable=False),
    Column("charged_s", Integer, nullable=False),
    Column("device", String(32), nullable=False),
    Column("surplus", Boolean, nullable=False, server_default=false()),
    Column("advanced", Boolean, nullable=False, server_default=false()),
    Column("repaid", Boolean, nullable=False, server_default=false()),
    Column("accepted_at", Utc),
    Column("ended_at", Utc),
)
"""A fee that WeChat was asked to deduct: an order of kind PARKING, and what of it no other order has.

`surplus`: nothing was owed any more when WeChat accepted it. `advanced`: WeChat paid for the driver, who owes WeChat.
"""
