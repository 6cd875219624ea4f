"""Stays, their quotes and the tariffs that price them."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint, text

from scada.store.schema.base import Utc, metadata

stay = Table(
    "stay",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("plate", String(16), nullable=False, index=True),
    Column("plate_kind", String(24), nullable=False),
    Column("plate_colour", String(16), nullable=False),
    Column("entry_lane", String(32), nullable=False),
    Column("entry_passage", String(64), nullable=False, unique=True),
    Column("entered_at", Utc, nullable=False, index=True),
    Column("entry_picture", String(120)),
    Column("tariff", String(64), nullable=False),
    Column("tariff_terms", JSON, nullable=False),
    Column("ending", String(16)),
    Column("exit_lane", String(32)),
    Column("exit_passage", String(64)),
    Column("exited_at", Utc, index=True),
    Column("exit_picture", String(120)),
    Column("exit_reason", String(24)),
    Column("fee_fen", Integer, nullable=False, server_default="0"),
    Column("paid_fen", Integer, nullable=False, server_default="0"),
    Column("arrears_fen", Integer, nullable=False, server_default="0"),
    Column("waived_fen", Integer, nullable=False, server_default="0"),
    Column("paid_until", Utc),
    Column("zone", String(32)),
    Column("zone_passage", String(64)),
    Column("card", String(32)),
    Column("entry_look", String(128)),
    Column("credit_fen", Integer, nullable=False, server_default="0"),
    Column("goes_on", JSON),
)
"""One visit of one car. `ending` is null while it is open; `paid_until` is its credit.

`credit_fen` is what vouchers have let it off for good: fee = paid + credit + arrears + waived once it has ended.

`zone` is where the car stands, `zone_passage` the passage of an inner lane that moved it there last; `card` is the
month card of which it takes a space, null for a temporary car; `entry_look` is what the car looked like. `goes_on` is
with what a car that came back within minutes goes on (`billing.tariff.reentry`), null where a stay stands alone.
"""
Index("ix_stay_exit_passage", stay.c.exit_passage)
Index(
    "ix_stay_open_plate",
    stay.c.site,
    stay.c.plate,
    unique=True,
    sqlite_where=text("ending IS NULL"),
    postgresql_where=text("ending IS NULL"),
)
Index(
    "ix_stay_open_zone",
    stay.c.site,
    stay.c.zone,
    sqlite_where=text("ending IS NULL"),
    postgresql_where=text("ending IS NULL"),
)

quote = Table(
    "quote",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("stay", String(26), ForeignKey("stay.id"), nullable=False, index=True),
    Column("lane", String(32)),
    Column("passage", String(64)),
    Column("made_at", Utc, nullable=False),
    Column("valid_until", Utc, nullable=False),
    Column("total_fen", Integer, nullable=False),
    Column("due_fen", Integer, nullable=False),
    Column("older_fen", Integer, nullable=False, server_default="0"),
    Column("older", JSON),
    Column("credit_fen", Integer, nullable=False, server_default="0"),
    Column("credits", JSON),
    Column("lines", JSON, nullable=False),
)
"""What a stay was told to pay. `older_fen` of `due_fen` is owed by earlier stays of its plate, named in `older`.

`credit_fen` of `total_fen` is let off by vouchers; `credits` are the lines of those that are not used up yet.
"""

tariff_signature = Table(
    "tariff_signature",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("site", String(32), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("version", String(64), nullable=False),
    Column("by", String(64), nullable=False),
    Column("at", Utc, nullable=False),
    UniqueConstraint("site", "digest", "by"),
)
"""Who has signed which version of a tariff; `digest` names the terms that were signed."""
