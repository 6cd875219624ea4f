"""Merchants, the vouchers they give, and the invoices they get."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint, false

from scada.store.schema.base import Utc, metadata

merchant = Table(
    "merchant",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("name", String(64), nullable=False),
    Column("manner", String(16), nullable=False),
    Column("most", JSON, nullable=False),
    Column("limit_fen", Integer, nullable=False),
    Column("per_plate", Integer, nullable=False),
    Column("per_day", Integer, nullable=False),
    Column("stackable", Boolean, nullable=False),
    Column("pays_percent", Integer, nullable=False),
    Column("made_at", Utc, nullable=False),
    Column("ended_at", Utc),
    Column("may_book", Boolean, nullable=False, server_default=false()),
    Column("book_open", Integer, nullable=False, server_default="0"),
    Column("book_per_day", Integer, nullable=False, server_default="0"),
    Column("book_month_fen", Integer, nullable=False, server_default="0"),
    UniqueConstraint("site", "name"),
)
"""Whoever gives vouchers to its visitors. `manner`: PREPAID, POSTPAID; `most`: the largest value of each kind.

`may_book`: it is a host, too, with limits of its own (0: none) for visitors who may still come, a day and a month.
"""

merchant_invoice = Table(
    "merchant_invoice",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("merchant", String(26), ForeignKey("merchant.id"), nullable=False, index=True),
    Column("until", Utc, nullable=False),
    Column("vouchers", Integer, nullable=False),
    Column("amount_fen", Integer, nullable=False),
    Column("made_at", Utc, nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("paid_at", Utc),
)
"""What a merchant was asked to pay for vouchers used before `until`. It moves no money: that is owed already."""

voucher = Table(
    "voucher",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("merchant", String(26), ForeignKey("merchant.id"), nullable=False),
    Column("code", String(16), unique=True),
    Column("plate", String(16)),
    Column("kind", String(8), nullable=False),
    Column("value", Integer, nullable=False),
    Column("ticket", String(64), nullable=False, server_default=""),
    Column("alone", Boolean, nullable=False),
    Column("pays_percent", Integer, nullable=False),
    Column("given_at", Utc, nullable=False),
    Column("given_by", String(64), nullable=False),
    Column("valid_until", Utc, nullable=False),
    Column("state", String(16), nullable=False),
    Column("stay", String(26), ForeignKey("stay.id"), index=True),
    Column("quote", String(26), ForeignKey("quote.id")),
    Column("amount_fen", Integer, nullable=False, server_default="0"),
    Column("used_at", Utc),
    Column("invoice", String(26), ForeignKey("merchant_invoice.id")),
)
"""One voucher, good for one stay. States: ISSUED, RESERVED, USED, WITHDRAWN.

`plate` is null until its `code` is claimed. `stay`, `quote` and `amount_fen`: which stay has reserved or used it, by
which quote, and what it lets off.
"""
Index("ix_voucher_site_plate", voucher.c.site, voucher.c.plate)
Index("ix_voucher_merchant_state", voucher.c.merchant, voucher.c.state)
