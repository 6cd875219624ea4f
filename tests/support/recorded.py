"""What a site has recorded of itself: each kind of thing is there, and nothing says who somebody is."""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Column, Connection, Table, select

from scada.clock import SystemClock
from scada.config import Config, load
from scada.model.tag import TagName
from scada.model.trend import Sample
from scada.store import schema
from scada.store.db import connected, database_url
from scada.store.historian.embedded.reading import EmbeddedReader
from scada.store.historian.points import Point, unix_ms
from scada.store.historian.remote.lines import line

KINDS: Final = {
    "signals of a lane": r"out1\.loop\.approach",
    "analog values": r"out1\.gate\.motor_a",
    "states of a lane": r"out1\.lane\.state",
    "modes of a lane": r"out1\.mode\.now",
    "passages by the PLC": r"out1\.passage\.(last|outcome)",
    "rises of a boom": r"out1\.rise\.(count|cause)",
    "travel times of a boom": r"out1\.time\.(open|close)_ms",
    "ends of commands": r"out1\.gate\.verdict",
    "how soon commands were acknowledged": r"out1\.gate\.answer_ms",
    "how sure plates were read": r"out1\.plate\.confidence",
    "occupancy": r"zone\.\w+\.cars",
    "payments at a lane": r"out1\.(payments|paid_fen)",
    "payments at the site": r"site\.(payments|paid_fen)",
    "links to devices": r"dev\.\w+\.(state|round_trip_ms)",
    "queues": r"(out1\.box\.\w+|site\.box_history)",
    "cameras": r"out1\.camera\.ok",
}
"""What must be in the history of a site at which a car has paid, by the tags that tell it."""
_ROWS: Final = (schema.passage, schema.camera_read, schema.rise, schema.settlement, schema.intent, schema.stay)
_WHO: Final[Mapping[Table, Sequence[str]]] = {
    schema.stay: ("plate", "id"),
    schema.passage: ("plate", "id"),
    schema.camera_read: ("plate",),
    schema.pay_order: ("out_trade_no", "payer", "transaction_id"),
    schema.plate_binding: ("openid",),
    schema.operator: ("name",),
}


def wrong_in(folder: Path) -> list[str]:
    """Say what is missing in the records of the site of a folder, and what they should not hold. Blocks."""
    config = load(folder / "config.toml")
    with connected(database_url(config)) as connection:
        who = set(_who(connection))
        missing = [f"no row of {table.name}" for table in _ROWS if connection.execute(select(table)).first() is None]
        acked = select(schema.intent).where(schema.intent.c.answered_at.is_not(None))
        missing += [] if connection.execute(acked).first() else ["no command with the time of its answer"]
    points = asyncio.run(_points(config))
    missing += [f"no {what} in the history" for what, tags in KINDS.items() if not _told(points, tags)]
    return [*missing, *(f"{one} in {text}" for text in _lines(config, points) for one in who if one in text)]


def _who(connection: Connection) -> Iterator[str]:
    for table, names in _WHO.items():
        columns: list[Column[str]] = [table.c[name] for name in names]
        for row in connection.execute(select(*columns)):
            yield from (str(told) for told in row if told)


async def _points(config: Config) -> Mapping[TagName, Sequence[Sample]]:
    reader = EmbeddedReader(config.data / "history" / "history.db", config.site_id, SystemClock())
    since, until = datetime(2000, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=4000)
    return {name: await reader.query(name, since, until, 1_000_000) for name in await reader.names()}


def _told(points: Mapping[TagName, Sequence[Sample]], tags: str) -> bool:
    return any(samples for name, samples in points.items() if re.fullmatch(tags, name))


def _lines(config: Config, points: Mapping[TagName, Sequence[Sample]]) -> Iterator[str]:
    """Write every point as a remote store would get it: with all its tags and its text."""
    for name, samples in points.items():
        for one in samples:
            yield line(config.site_id, Point(name, unix_ms(one.at), one.value, one.text, one.status_code))
