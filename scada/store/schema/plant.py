"""What happened and what was commanded: the journal, commands to PLCs, periods of modes."""

from sqlalchemy import JSON, Column, Index, Integer, LargeBinary, String, Table

from scada.store.schema.base import Utc, metadata

journal = Table(
    "journal",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("site", String(32), nullable=False),
    Column("at", Utc, nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("what", String(64), nullable=False),
    Column("lane", String(32)),
    Column("passage", String(64), index=True),
    Column("body", JSON, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("resealed", String(64)),
)
"""Everything that happened, hash-chained: `hash` covers the row and `previous`. Never changed, but for one thing.

A year later plates in `body` become keyed hashes; `resealed` covers the row as it stands since (docs/decisions/0058).
"""
Index("ix_journal_site_kind_at", journal.c.site, journal.c.kind, journal.c.at)

intent = Table(
    "intent",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("site", String(32), nullable=False),
    Column("lane", String(32), nullable=False),
    Column("passage", String(64), nullable=False),
    Column("code", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("claim", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("tick", Integer, nullable=False),
    Column("ttl_ms", Integer, nullable=False),
    Column("boot", Integer, nullable=False),
    Column("block", LargeBinary, nullable=False),
    Column("made_at", Utc, nullable=False),
    Column("state", String(16), nullable=False),
    Column("why", String(200), nullable=False, server_default=""),
    Column("answered_at", Utc),
)
"""Commands to PLCs, committed before they are written (`plc.md` §6). States: OPEN, DONE, NOT_DONE, UNKNOWN."""
Index("ix_intent_site_made_at", intent.c.site, intent.c.made_at)
Index("uq_intent_lane_seq", intent.c.site, intent.c.lane, intent.c.seq, unique=True)

mode_period = Table(
    "mode_period",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("site", String(32), nullable=False),
    Column("lane", String(32), nullable=False),
    Column("mode", String(16), nullable=False),
    Column("reason", String(24), nullable=False, server_default=""),
    Column("note", String(200), nullable=False, server_default=""),
    Column("by", String(64), nullable=False),
    Column("second", String(64), nullable=False, server_default=""),
    Column("began_at", Utc, nullable=False),
    Column("until", Utc),
    Column("ended_at", Utc),
    Column("ended_by", String(64)),
)
"""Every period in which a lane was not in AUTO, or held by no server: what it cost is priced by it."""
Index("ix_mode_period_site_lane_began_at", mode_period.c.site, mode_period.c.lane, mode_period.c.began_at)

open_request = Table(
    "open_request",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("lane", String(32), nullable=False),
    Column("stay", String(26)),
    Column("out_trade_no", String(32)),
    Column("passage", String(64)),
    Column("reason", String(24), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("made_at", Utc, nullable=False),
    Column("state", String(16), nullable=False),
    Column("why", String(200), nullable=False, server_default=""),
    Column("answered_at", Utc),
)
"""The outbox of gate-open requests, billing's and operators'. States: WAITING, WRITTEN, TAKEN, REFUSED, LAPSED."""
Index("ix_open_request_site_made_at", open_request.c.site, open_request.c.made_at)
