"""The door for units on the device network: who they are is checked, what they push is kept first, then answered.

Nothing here knows a gate. What a unit is answered is made by its make's page, out of a fixed form.
"""

import asyncio
import base64
import hmac
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import select

from lpr.evidence import CASE, PictureStore
from lpr.push import vz
from lpr.push.makes import MAKES
from lpr.push.recent import PushedReads
from lpr.push.words import Answer, Post, PushError, Read
from scada.clock import Clock
from scada.config import Config
from scada.engine.bridge import Ask, BridgeRefusal
from scada.model.names import LaneName, PassageId, PictureId
from scada.ports import Journal, JournalEntry, PictureError
from scada.secretfile import read_secret
from scada.settings.cameras import Unit
from scada.store.db import Database, StoreError
from scada.store.schema import passage as passages

_KEY_BYTES = 24
_JPEG = b"\xff\xd8"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class UnitParts:
    """What the desk works with. `live`: the passage of the car that stands in a lane now; `alarm` shows a text.

    `frames` gives what waits for the display behind a unit.
    """

    clock: Clock
    db: Database
    journal: Journal
    pictures: PictureStore
    reads: PushedReads
    live: Callable[[LaneName], PassageId | None]
    alarm: Callable[[LaneName, str, str], None]
    frames: Callable[[str], Sequence[bytes]] = lambda _unit: ()


class UnitDesk:
    """Takes what units push."""

    def __init__(self, config: Config, keys: Mapping[str, str], parts: UnitParts) -> None:
        self._site = config.site_id
        self._units = {unit.name: unit for unit in config.units}
        self._keys = keys
        self._parts = parts

    async def push(self, ask: Ask) -> object:
        """Take one message. Raises BridgeRefusal for a stranger, and for what the unit's make does not send."""
        unit, post = self._unit(ask), _post(ask)
        try:
            pushed, told = await asyncio.to_thread(MAKES[unit.make], post)
        except PushError as error:
            log.warning("a unit pushes what is not understood", unit=unit.name, why=str(error))
            raise BridgeRefusal("bad_args", str(error)) from error
        if pushed.serial != unit.serial and (pushed.serial or isinstance(pushed, Read)):
            log.warning("a unit has another serial number", unit=unit.name)
            raise BridgeRefusal("unknown", "there is no such unit")
        if isinstance(pushed, Read) and not self._parts.reads.is_repeat(unit, pushed.key):
            await self._take(unit, pushed)
        told = self._with_frames(unit, told)
        return {"body_b64": base64.b64encode(told.body).decode("ascii"), "content_type": told.content_type}

    def _with_frames(self, unit: Unit, told: Answer) -> Answer:
        """Let the answer carry what the display behind the unit is to show; configured only where the make can."""
        frames = self._parts.frames(unit.name)
        if not frames:
            return told
        return vz.with_serial(told, frames, unit.serial_channel, counts_base64=unit.data_len == "base64")

    def _unit(self, ask: Ask) -> Unit:
        name, key = str(ask.args.get("unit", "")), str(ask.args.get("key", ""))
        unit = self._units.get(name)
        fits = hmac.compare_digest(self._keys.get(name, "").encode(), key.encode())
        if unit is None or not fits or not key or ask.args.get("address") != unit.address:
            log.warning("a stranger pushes at a unit's door", unit=name[:32])
            raise BridgeRefusal("unknown", "there is no such unit")
        return unit

    async def _take(self, unit: Unit, read: Read) -> None:
        """Keep the read on disk, and only then let it vote; if it cannot be kept, it may come again."""
        came_at, came_s = self._parts.clock.now(), self._parts.clock.seconds()
        lane = LaneName(unit.lane)
        try:
            passage = await self._passage_then(lane, read) if read.late else self._parts.live(lane)
            picture = await self._picture(read, came_at, passage)
            await self._note(unit, read, passage, picture)
        except Exception:
            self._parts.reads.forget(unit, read.key)
            raise
        self._parts.reads.add(unit, read, came_at, came_s, picture)

    async def _note(self, unit: Unit, read: Read, passage: PassageId | None, picture: PictureId | None) -> None:
        lane = LaneName(unit.lane)
        body: dict[str, object] = {
            "unit": unit.name,
            "plate": read.text,
            "confidence": read.share,
            "colour": read.colour.value,
            "unit_at": None if read.at is None else read.at.isoformat(),
            "fake": read.fake,
            "picture": picture,
        }
        what = "late read of a unit" if read.late else "read of a unit"
        await self._parts.journal.append([JournalEntry("event", unit.name, what, lane, passage, body)])
        if read.late and passage is None:
            text = f"{unit.name} has read a plate while its line was down, and no passage of that time is known"
            self._parts.alarm(lane, "late_read", text)

    async def _passage_then(self, lane: LaneName, read: Read) -> PassageId | None:
        """Find the passage of a late read by its own clock: evidence for it, if it is the only one."""
        at = read.at
        if at is None:
            return None
        of = (passages.c.site == self._site) & (passages.c.lane == lane)
        then = (passages.c.began_at <= at) & (passages.c.ended_at >= at)
        found = await self._parts.db.read(
            lambda conn: conn.execute(select(passages.c.id).where(of, then)).scalars().all()
        )
        return PassageId(found[0]) if len(found) == 1 else None

    async def _picture(self, read: Read, at: datetime, passage: PassageId | None) -> PictureId | None:
        """Keep the unit's picture; a full disk costs the evidence, not the read."""
        if read.jpeg is None or not read.jpeg.startswith(_JPEG):
            return None
        try:
            return await asyncio.to_thread(self._parts.pictures.keep, read.jpeg, at, passage or "", CASE)
        except PictureError:
            return None


def unit_keys(config: Config) -> dict[str, str]:
    """Give the secret part of each unit's address, made at the first start; only the owner may read the file."""
    return {unit.name: _key(config.data / "units" / f"{unit.name}.key") for unit in config.units}


def _key(path: Path) -> str:
    """Give the key in a file, made whole or not at all: one that is empty is made anew. Raises StoreError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        if path.exists() and (kept := read_secret(path)):
            return kept
    except PermissionError as error:
        raise StoreError(f"the key of a unit, {path}: {error.strerror}") from error
    key, draft = secrets.token_urlsafe(_KEY_BYTES), path.with_suffix(".part")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(f"{key}\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return key


def _post(ask: Ask) -> Post:
    rest, content_type, body = (ask.args.get(name) for name in ("rest", "content_type", "body_b64"))
    if not (isinstance(rest, str) and isinstance(content_type, str) and isinstance(body, str)):
        raise BridgeRefusal("bad_args", "a push has a path, a content type and a body")
    try:
        content = base64.b64decode(body, validate=True)
    except ValueError as error:
        raise BridgeRefusal("bad_args", "the body is not base64") from error
    return Post(rest, content_type, content)
