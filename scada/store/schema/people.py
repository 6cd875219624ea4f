"""People and the rights of plates."""

from sqlalchemy import JSON, Boolean, Column, Index, Integer, String, Table

from scada.store.schema.base import Utc, metadata

operator = Table(
    "operator",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("role", String(16), nullable=False),
    Column("password_hash", String(200), nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("made_at", Utc, nullable=False),
    Column("locked_at", Utc),
    Column("signed_in_at", Utc),
    Column("origin", String(16), nullable=False, server_default=""),
    Column("subject", String(512), nullable=False, server_default=""),
)
"""Who may sign in to the control room. Roles: operator, technician, manager, administrator, auditor.

The role `system` is another system's, which may read what is served to it. Whoever is locked signs in nowhere.
`origin`: who vouches for the person (`oidc`); empty: a password here. `subject`: issuer and
`sub`, by which the provider knows a person whatever the name; a name alone may be given to somebody else.
"""

api_token = Table(
    "api_token",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("owner", String(64), nullable=False),
    Column("label", String(64), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("rights", JSON, nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("made_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
    Column("used_at", Utc),
    Column("revoked_at", Utc),
)
"""Keys by which programs use the API in a person's name; `hash` is the SHA-256 of 256 random bits."""

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
