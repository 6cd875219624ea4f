"""The operator's desk: cases with who answered and who resolved them when, and shifts that were handed over."""

from sqlalchemy import JSON, Column, Index, String, Table, text

from scada.store.schema.base import Utc, metadata

desk_case = Table(
    "desk_case",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("ref", String(96), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("lane", String(32)),
    Column("passage", String(64)),
    Column("why", String(200), nullable=False),
    Column("opened_at", Utc, nullable=False),
    Column("owner", String(64)),
    Column("answered_at", Utc),
    Column("answered_by", String(64)),
    Column("resolved_at", Utc),
    Column("resolved_by", String(64)),
    Column("outcome", String(200)),
)
"""Everything that ever waited for a person: what it was, who took it when, and how it ended. It names no plate."""
Index("ix_desk_case_site_opened_at", desk_case.c.site, desk_case.c.opened_at)
Index(
    "ix_desk_case_open",
    desk_case.c.site,
    desk_case.c.ref,
    unique=True,
    sqlite_where=text("resolved_at IS NULL"),
    postgresql_where=text("resolved_at IS NULL"),
)
Index("ix_desk_case_site_ref", desk_case.c.site, desk_case.c.ref)

desk_shift = Table(
    "desk_shift",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("operator", String(64), nullable=False),
    Column("began_at", Utc, nullable=False, index=True),
    Column("ended_at", Utc),
    Column("taken_by", String(64)),
    Column("note", String(500), nullable=False, server_default=""),
    Column("sheet", JSON),
)
"""One person's shift at the desk; `sheet` is what was handed over, as the one who took it over has seen it."""
Index(
    "ix_desk_shift_open",
    desk_shift.c.site,
    desk_shift.c.operator,
    unique=True,
    sqlite_where=text("ended_at IS NULL"),
    postgresql_where=text("ended_at IS NULL"),
)
