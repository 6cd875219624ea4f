"""What is set while the site runs, version by version."""

from sqlalchemy import JSON, Column, Integer, String, Table

from scada.store.schema.base import Utc, metadata

setting_version = Table(
    "setting_version",
    metadata,
    Column("site", String(32), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("subject", String(64), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("effective_from", Utc, nullable=False),
    Column("content", JSON, nullable=False),
    Column("by", String(64), nullable=False),
    Column("at", Utc, nullable=False),
    Column("signed_by", String(64), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("ended_at", Utc),
    Column("ended_by", String(64), nullable=False),
)
"""Settings over config.toml. Kinds: `scada.model.settings.SettingKind`; `subject`: which camera, tariff, year, text.

Of a subject the highest version in force holds that has not `ended_at`. An empty `content` is what config.toml says.
"""
