"""The tables. SQL is the truth for stays, money, openings and people; every row carries its site.

Money is whole fen in integer columns; times are aware UTC. Alembic (`scada/migrations`) makes the
tables; a test compares its result with this file.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator


class Utc(TypeDecorator[datetime]):
    """An aware UTC time; SQLite keeps it naive, PostgreSQL with its zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times; hand over UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value!r}")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

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
)
"""Everything that happened, hash-chained: `hash` covers the row and `previous`. Never changed."""

operator = Table(
    "operator",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("role", String(16), nullable=False),
    Column("password_hash", String(200), nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("made_at", Utc, nullable=False),
)
"""Who may sign in to the control room. Roles: operator, technician, manager, administrator, auditor.

The role `system` is another system's, which may read what is served to it.
"""

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
)
"""One visit of one car. `ending` is null while it is open; `paid_until` is its credit.

`zone` is where the car stands, `zone_passage` the passage of an inner lane that moved it there last; `card` is the
month card of which it takes a space, null for a temporary car; `entry_look` is what the car looked like.
"""
Index(
    "ix_stay_open_plate",
    stay.c.site,
    stay.c.plate,
    unique=True,
    sqlite_where=text("ending IS NULL"),
    postgresql_where=text("ending IS NULL"),
)

camera_read = Table(
    "camera_read",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("site", String(32), nullable=False),
    Column("at", Utc, nullable=False),
    Column("camera", String(32), nullable=False),
    Column("lane", String(32), nullable=False),
    Column("passage", String(64), nullable=False, index=True),
    Column("way", String(8), nullable=False),
    Column("why", String(200), nullable=False, server_default=""),
    Column("plate", String(16)),
    Column("confidence", Float),
    Column("frames", Integer, nullable=False),
    Column("picture", String(120)),
    Column("corrected", Boolean, nullable=False, server_default=text("0")),
)
"""What each camera made of each capture, the rejected reads too: `why` says why it is none, empty if it is one.

`corrected`: the plate turned out to be another one.
"""
Index("ix_camera_read_site_camera_at", camera_read.c.site, camera_read.c.camera, camera_read.c.at)

picture_look = Table(
    "picture_look",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("site", String(32), nullable=False),
    Column("at", Utc, nullable=False, index=True),
    Column("who", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("picture", String(120), nullable=False, index=True),
    Column("covered", Boolean, nullable=False),
    Column("purpose", String(200), nullable=False, server_default=""),
)
"""Who looked at which picture when and what for; `covered`: the plates in it were not to be read."""

passage = Table(
    "passage",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("lane", String(32), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("began_at", Utc, nullable=False),
    Column("ended_at", Utc, nullable=False, index=True),
    Column("outcome", String(24), nullable=False),
    Column("plate", String(16)),
    Column("read_by", String(16)),
    Column("confidence", Float),
    Column("picture", String(120)),
    Column("stay", String(26)),
    Column("note", String(64), nullable=False, server_default=""),
)
"""Every passage, whatever its outcome."""
Index("ix_passage_site_note_ended_at", passage.c.site, passage.c.note, passage.c.ended_at)

rise = Table(
    "rise",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("site", String(32), nullable=False),
    Column("lane", String(32), nullable=False),
    Column("count", Integer, nullable=False),
    Column("cause", String(16), nullable=False),
    Column("passage", String(64)),
    Column("number", Integer, nullable=False),
    Column("at", Utc, nullable=False),
)
"""Every rise of a boom with its one cause (invariant 7). `count` is the PLC's own counter."""

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
    Column("lines", JSON, nullable=False),
)

pay_order = Table(
    "pay_order",
    metadata,
    Column("out_trade_no", String(32), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("stay", String(26), ForeignKey("stay.id"), nullable=False, index=True),
    Column("quote", String(26), ForeignKey("quote.id"), nullable=False),
    Column("lane", String(32)),
    Column("passage", String(64)),
    Column("amount_fen", Integer, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("code_url", String(512)),
    Column("expires_at", Utc, nullable=False),
    Column("made_at", Utc, nullable=False),
    Column("transaction_id", String(32), unique=True),
    Column("paid_at", Utc),
    Column("asked_at", Utc),
    Column("asks", Integer, nullable=False, server_default="0"),
)
"""One request to pay one quote at WeChat. States: CREATING, OPEN, PAID, CLOSED, UNKNOWN, FAILED."""

settlement = Table(
    "settlement",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("out_trade_no", String(32), ForeignKey("pay_order.out_trade_no"), nullable=False, unique=True),
    Column("stay", String(26), ForeignKey("stay.id"), nullable=False, index=True),
    Column("transaction_id", String(32), nullable=False, unique=True),
    Column("amount_fen", Integer, nullable=False),
    Column("surplus", Boolean, nullable=False),
    Column("source", String(16), nullable=False),
    Column("paid_at", Utc, nullable=False),
    Column("settled_at", Utc, nullable=False),
)
"""Our record that an order was paid. `surplus`: the stay was already paid; a refund is owed."""

notice = Table(
    "notice",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("event_type", String(64), nullable=False),
    Column("verdict", String(24), nullable=False),
    Column("out_trade_no", String(32)),
    Column("received_at", Utc, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""WeChat's verified notices as they came, by their own id: the same one twice is applied once."""

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

plate_right = Table(
    "plate_right",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("plate", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("zone", String(32)),
    Column("valid_from", Utc, nullable=False),
    Column("valid_until", Utc),
    Column("card", String(32)),
    Column("spaces", Integer, nullable=False, server_default="1"),
    Column("note", String(200), nullable=False, server_default=""),
    Column("made_by", String(64), nullable=False),
    Column("made_at", Utc, nullable=False),
)
"""What holds for a plate. Kinds: MONTH, WHITE, BLACK, LOCKED, SPECIAL. `zone` null: everywhere.

The plates of one `card` share its `spaces`. A right that was taken back has ended; its row stays.
"""
Index("ix_plate_right_site_plate", plate_right.c.site, plate_right.c.plate)
Index("ix_plate_right_site_card", plate_right.c.site, plate_right.c.card)

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
Index("uq_intent_lane_seq", intent.c.site, intent.c.lane, intent.c.seq, unique=True)

case = Table(
    "case_file",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("lane", String(32), nullable=False),
    Column("passage", String(64), nullable=False, index=True),
    Column("why", String(200), nullable=False),
    Column("opened_at", Utc, nullable=False),
    Column("closed_at", Utc),
    Column("outcome", String(200)),
)
"""What a person must decide, with its end."""

uncertain = Table(
    "uncertain",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("site", String(32), nullable=False),
    Column("lane", String(32), nullable=False),
    Column("passage", String(64), nullable=False, unique=True),
    Column("number", Integer, nullable=False),
    Column("why", String(200), nullable=False),
    Column("plate", String(16)),
    Column("stay", String(26)),
    Column("at", Utc, nullable=False),
    Column("settled_at", Utc),
    Column("settled_by", String(64)),
    Column("outcome", String(16)),
)
"""Passages of which nobody can say what came of their cars, until a stocktake settles them."""
Index("ix_uncertain_site_settled_at", uncertain.c.site, uncertain.c.settled_at)

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
