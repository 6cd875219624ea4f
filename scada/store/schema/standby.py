"""Which server leads, and which servers there are. On PostgreSQL only; every time is the database's own."""

from sqlalchemy import Column, Integer, String, Table

from scada.store.schema.base import Utc, metadata

lease = Table(
    "lease",
    metadata,
    Column("site", String(32), primary_key=True),
    Column("holder", String(63), nullable=False),
    Column("holder_id", String(32), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("beat", Integer, nullable=False),
    Column("since_at", Utc, nullable=False),
    Column("until_at", Utc, nullable=False),
    Column("heir", String(63)),
    Column("keys", String(64), nullable=False, server_default=""),
)
"""Who leads until when. `epoch` grows with every taking, `beat` with every renewal; `heir` is who shall have it next.

Every transaction of the leader holds its row (FOR KEY SHARE): a renewal does not wait for that, a taking does.
"""

server = Table(
    "server",
    metadata,
    Column("site", String(32), primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("name", String(63), nullable=False),
    Column("seen_at", Utc, nullable=False),
    Column("keys", String(64), nullable=False),
    Column("files", String(64), nullable=False),
    Column("said", String(200), nullable=False, server_default=""),
)
"""The servers of a site: when each was last there, and digests of what all must have alike."""
