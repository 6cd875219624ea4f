"""Month cards as they were sold, and the periods that were paid for."""

from sqlalchemy import JSON, Column, Date, ForeignKey, Integer, String, Table, UniqueConstraint

from scada.store.schema.base import Utc, metadata

month_card = Table(
    "month_card",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("holder", String(64), nullable=False),
    Column("terms", JSON, nullable=False),
    Column("plates", JSON, nullable=False),
    Column("first", Date, nullable=False),
    Column("clock_zone", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("changes", JSON, nullable=False),
    Column("made_at", Utc, nullable=False),
    Column("made_by", String(64), nullable=False),
)
"""A card; `plate_right.card` names it. States: ORDERED (not paid yet), ACTIVE, ENDED. Its days are of `clock_zone`.

`terms` are those of the product at its last sale or renewal, `first` the day on which its unbroken days began;
`changes` are the days on which one of its `plates` was changed for another.
"""

card_period = Table(
    "card_period",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("card", String(32), ForeignKey("month_card.id"), nullable=False, index=True),
    Column("first", Date, nullable=False),
    Column("until", Date, nullable=False),
    Column("price_fen", Integer, nullable=False),
    Column("earned_fen", Integer, nullable=False, server_default="0"),
    Column("refunded_fen", Integer, nullable=False, server_default="0"),
    Column("out_trade_no", String(32), ForeignKey("pay_order.out_trade_no"), unique=True),
    Column("shift", String(26), ForeignKey("till_shift.id")),
    Column("paid_at", Utc, nullable=False),
    Column("paid_to", String(64), nullable=False),
)
"""Days of a card that were paid for, from `first` until before `until`.

What is neither earned nor given back is deferred.

`out_trade_no`: the order that paid it; `shift`: the till that the cash went into.
"""

card_reminder = Table(
    "card_reminder",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("card", String(32), ForeignKey("month_card.id"), nullable=False),
    Column("until", Date, nullable=False),
    Column("days", Integer, nullable=False),
    Column("openid", String(128), nullable=False),
    Column("made_at", Utc, nullable=False),
    Column("sent_at", Utc),
    Column("state", String(16), nullable=False),
    Column("said", String(64), nullable=False, server_default=""),
    UniqueConstraint("card", "until", "days", "openid"),
)
"""A phone that is told that a card ends: once for each end, and for each of the days before it on which it is told.

States: WAITING; SENDING (first at `sent_at`; sent again for some minutes if WeChat gave no answer); SENT, REFUSED or
UNKNOWN, by what WeChat `said`; DROPPED: the card was renewed or the plate unbound meanwhile.
"""
