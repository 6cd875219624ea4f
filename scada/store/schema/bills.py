"""What WeChat billed, day by day, and how far it agrees with the ledger; and what people wrote on money cases."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, String, Table

from scada.store.schema.base import Utc, metadata

bill_day = Table(
    "bill_day",
    metadata,
    Column("site", String(32), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_at", Utc, nullable=False),
    Column("why", String(200), nullable=False, server_default=""),
    Column("told_at", Utc),
    Column("fetched_at", Utc),
    Column("done_at", Utc),
    Column("sha1", String(40), nullable=False, server_default=""),
    Column("rows", Integer, nullable=False, server_default="0"),
    Column("came_fen", BigInteger, nullable=False, server_default="0"),
    Column("went_fen", BigInteger, nullable=False, server_default="0"),
    Column("fee_millifen", BigInteger, nullable=False, server_default="0"),
    Column("balance_fen", BigInteger),
    Column("agreed", Integer, nullable=False, server_default="0"),
    Column("agreed_fen", BigInteger, nullable=False, server_default="0"),
    Column("only_ours", Integer, nullable=False, server_default="0"),
    Column("only_theirs", Integer, nullable=False, server_default="0"),
    Column("differ", Integer, nullable=False, server_default="0"),
    Column("waiting", Integer, nullable=False, server_default="0"),
    Column("others", Integer, nullable=False, server_default="0"),
    Column("others_fen", BigInteger, nullable=False, server_default="0"),
)
"""A bill of a day of WeChat's, `kind` trades or funds. States: WANTED, FAILED (tried again at `next_at`), FETCHED,
MATCHED, EMPTY.

`waiting` are trades so near to midnight that the neighbour's bill may have them, `others` those of other systems at the
same merchant. `balance_fen` is what WeChat says it held for us when the day ended.
"""

bill_row = Table(
    "bill_row",
    metadata,
    Column("site", String(32), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("what", String(16), nullable=False),
    Column("number", String(64), nullable=False),
    Column("out_trade_no", String(64), nullable=False),
    Column("wechat_id", String(64), nullable=False),
    Column("at", Utc, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("settled_fen", BigInteger, nullable=False),
    Column("fee_millifen", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("ours", Boolean, nullable=False),
)
"""A trade of WeChat's bill: payment, refund or reversal. `ours` is false for those of other systems."""
Index("ix_bill_row_site_what_number", bill_row.c.site, bill_row.c.what, bill_row.c.number)

case_note = Table(
    "case_note",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("ref", String(96), nullable=False),
    Column("at", Utc, nullable=False),
    Column("by", String(64), nullable=False),
    Column("note", String(500), nullable=False),
)
"""What was done and said about a money case, in the order of time. Never changed."""
Index("ix_case_note_site_ref", case_note.c.site, case_note.c.ref)
