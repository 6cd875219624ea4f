"""The alarms: how each stands, and everything that happened to them."""

from sqlalchemy import JSON, Boolean, Column, Index, Integer, String, Table, false

from scada.store.schema.base import Utc, metadata

alarm = Table(
    "alarm",
    metadata,
    Column("site", String(32), primary_key=True),
    Column("id", String(96), primary_key=True),
    Column("code", String(64), nullable=False),
    Column("place", String(32), nullable=False),
    Column("lane", String(32)),
    Column("priority", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("unacked", Boolean, nullable=False),
    Column("latched", Boolean, nullable=False),
    Column("shelved", Boolean, nullable=False),
    Column("shelved_until", Utc),
    Column("shelved_once", Boolean, nullable=False, server_default=false()),
    Column("suppressed", Boolean, nullable=False),
    Column("out_of_service", Boolean, nullable=False),
    Column("since", Utc),
    Column("changed_at", Utc),
    Column("repeats", Integer, nullable=False),
    Column("value", String(200), nullable=False),
    Column("detail", String(300), nullable=False),
    Column("passage", String(64), nullable=False),
    Column("is_first", Boolean, nullable=False),
    Column("acked_by", String(64), nullable=False),
    Column("acked_at", Utc),
    Column("comment", String(200), nullable=False),
    Column("comment_by", String(64), nullable=False),
    Column("shelved_by", String(64), nullable=False),
    Column("shelved_why", String(200), nullable=False),
    Column("taken_out_by", String(64), nullable=False),
    Column("work_order", String(64), nullable=False),
    Column("source_n", Integer, nullable=False),
)
"""One row an alarm that ever stood, as it stands now; `source_n` is the journal's row that told it last."""

alarm_event = Table(
    "alarm_event",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("site", String(32), nullable=False),
    Column("at", Utc, nullable=False),
    Column("alarm", String(96), nullable=False),
    Column("code", String(64), nullable=False),
    Column("lane", String(32)),
    Column("priority", Integer, nullable=False),
    Column("what", String(32), nullable=False),
    Column("state", String(8), nullable=False),
    Column("by", String(64), nullable=False),
    Column("note", String(200), nullable=False),
    Column("value", String(200), nullable=False),
    Column("announced", Boolean, nullable=False),
)
"""Every change of every alarm, for the list and the figures; the journal tells the same, hash-chained."""
Index("ix_alarm_event_site_at", alarm_event.c.site, alarm_event.c.at)
Index("ix_alarm_event_site_alarm", alarm_event.c.site, alarm_event.c.alarm)

alarm_notice = Table(
    "alarm_notice",
    metadata,
    Column("site", String(32), primary_key=True),
    Column("alarm", String(96), primary_key=True),
    Column("since", Utc, primary_key=True),
    Column("rule", String(31), primary_key=True),
    Column("due_at", Utc, nullable=False),
    Column("state", String(8), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("delivered", JSON, nullable=False),
    Column("why", String(200), nullable=False),
    Column("done_at", Utc),
)
"""The outbox of what people are told of alarms: one row an occurrence and rule. WAITING, SENT, DROPPED, GIVEN_UP."""
Index("ix_alarm_notice_site_state_due_at", alarm_notice.c.site, alarm_notice.c.state, alarm_notice.c.due_at)
