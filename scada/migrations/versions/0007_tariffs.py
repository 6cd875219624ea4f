"""Who has signed which tariff; the terms kept with stays say all that a tariff says now."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_stay = sa.table("stay", sa.column("id", sa.String), sa.column("tariff_terms", sa.JSON))


def upgrade() -> None:
    """Make the table of signatures, and write the first tariff's terms in the words of today."""
    op.create_table(
        "tariff_signature",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tariff_signature")),
        sa.UniqueConstraint("site", "digest", "by", name=op.f("uq_tariff_signature_site_digest_by")),
    )
    conn = op.get_bind()
    for row in conn.execute(sa.select(_stay.c.id, _stay.c.tariff_terms)).all():
        terms = json.loads(row.tariff_terms) if isinstance(row.tariff_terms, str) else row.tariff_terms
        if "interval_duration" in terms:
            conn.execute(_stay.update().where(_stay.c.id == row.id).values(tariff_terms=_today(terms)))


def _today(old: dict[str, object]) -> dict[str, object]:
    kept = ("version", "free_entry_duration", "free_exit_duration", "time_rounding_type", "first_charge_time_mode")
    unit = {name: old[name] for name in ("interval_duration", "interval_amount")}
    cap = {name: old[name] for name in ("daily_limit_type", "max_fee_per_day")}
    return {name: old[name] for name in kept} | {
        "name": "first",
        "title": "停车",
        "title_en": "parking",
        "effective_from": "2020-01-01",
        "rule_type": "CHARGING_RULE_FIXED_INTERVAL",
        "free_limit": "FREE_LIMIT_INCLUSIVE",
        "free_period_charging_mode": "FREE_PERIOD_CHARGING_ONCE_PER_ENTRY",
        "free_restart": [],
        "restart": ["ROLLING_24H"],
        "fixed_interval_rule": [{**unit, "interval_rounding": "INTERVAL_ROUND_UP"}],
        "fee_limit": [cap],
    }
