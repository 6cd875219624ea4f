"""Cars in lanes: passages, rises of booms, cases, doubts, what cameras made of them and who looked at it."""

from sqlalchemy import Boolean, Column, Float, Index, Integer, String, Table, false

from scada.store.schema.base import Utc, metadata

passage = Table(
    "passage",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("lane", String(32), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("began_at", Utc, nullable=False),
    Column("ended_at", Utc, nullable=False),
    Column("outcome", String(24), nullable=False),
    Column("plate", String(16)),
    Column("read_by", String(16)),
    Column("confidence", Float),
    Column("picture", String(120)),
    Column("stay", String(26)),
    Column("note", String(64), nullable=False, server_default=""),
)
"""Every passage, whatever its outcome."""
Index("ix_passage_site_ended_at", passage.c.site, passage.c.ended_at)
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
Index("ix_rise_site_at", rise.c.site, rise.c.at)

gate_cycle = Table(
    "gate_cycle",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("site", String(32), nullable=False),
    Column("lane", String(32), nullable=False),
    Column("at", Utc, nullable=False),
    Column("count", Integer, nullable=False),
    Column("open_ms", Integer, nullable=False),
    Column("close_ms", Integer, nullable=False),
)
"""How long a boom took from limit to limit, by its PLC. `at` is when it was down again, `count` its rise."""
Index("ix_gate_cycle_site_at", gate_cycle.c.site, gate_cycle.c.at)

lane_fault = Table(
    "lane_fault",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("site", String(32), nullable=False),
    Column("lane", String(32), nullable=False),
    Column("fault", String(16), nullable=False),
    Column("began_at", Utc, nullable=False),
    Column("ended_at", Utc),
)
"""Every period in which a fault of its barrier stopped a lane: NO_START, MID, NOT_CLOSED, BOOM."""
Index("ix_lane_fault_site_lane_began_at", lane_fault.c.site, lane_fault.c.lane, lane_fault.c.began_at)

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
    Column("corrected", Boolean, nullable=False, server_default=false()),
)
"""What each camera made of each capture, the rejected reads too: `why` says why it is none, empty if it is one.

`corrected`: the plate turned out to be another one.
"""
Index("ix_camera_read_site_at", camera_read.c.site, camera_read.c.at)
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
