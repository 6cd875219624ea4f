"""Looking at pictures: who looks is written down before anything is shown, and who need not see a plate sees none."""

import asyncio
import base64
from collections import OrderedDict

from sqlalchemy import Connection, insert

from scada.clock import Clock
from scada.engine.doors.asked import text_of
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.doors.plates import may_see_plates
from scada.model.names import PassageId, PictureId, SiteId
from scada.ports import JournalEntry, PictureError, Pictures
from scada.store.db import Database
from scada.store.journal import write_entries
from scada.store.operators import Operators
from scada.store.schema import picture_look

AGAIN_S = 600.0
"""Looking again at the same picture within so long is the same look: pages show a picture more than once."""
_KEPT = 1000
_PURPOSE = 200
_DRIVER = "driver"

_Look = tuple[str, PictureId, bool, str]


class PictureRoom:
    """Shows pictures and writes down who looked."""

    def __init__(self, site: SiteId, clock: Clock, db: Database, pictures: Pictures) -> None:
        self._site = site
        self._clock = clock
        self._db = db
        self._pictures = pictures
        self._looked: OrderedDict[_Look, float] = OrderedDict()

    async def show(self, picture: PictureId, who: str, role: str, *, covered: bool, purpose: str) -> bytes:
        """Give a picture once the look is on disk. Raises PictureError."""
        read = self._pictures.covered if covered else self._pictures.read
        content = await asyncio.to_thread(read, picture)
        look = (who, picture, covered, purpose)
        if self._is_new(look):
            try:
                await self._db.write(lambda conn: self._write(conn, picture, who, role, covered, purpose))
            except BaseException:
                self._looked.pop(look, None)
                raise
        return content

    async def show_driver(self, picture: PictureId, passage: PassageId) -> bytes:
        """Give the entry picture of the stay that is offered to the driver of a passage. Raises PictureError."""
        return await self.show(picture, _DRIVER, _DRIVER, covered=False, purpose=f"claim of {passage}")

    def _is_new(self, look: _Look) -> bool:
        now_s, before_s = self._clock.seconds(), self._looked.pop(look, None)
        first_s = now_s if before_s is None or now_s - before_s > AGAIN_S else before_s
        self._looked[look] = first_s
        while len(self._looked) > _KEPT:
            self._looked.popitem(last=False)
        return first_s != before_s

    def _write(self, conn: Connection, picture: PictureId, who: str, role: str, covered: bool, purpose: str) -> None:
        at, of = self._clock.now(), self._pictures.passage(picture)
        row = {"site": self._site, "at": at, "who": who, "role": role, "picture": picture}
        conn.execute(insert(picture_look).values(**row, covered=covered, purpose=purpose))
        body: dict[str, object] = {"picture": picture, "covered": covered, "purpose": purpose}
        write_entries(conn, self._site, at, [JournalEntry("look", who, "picture shown", None, of, body)])


class PictureDesk:
    """The control room's verb for pictures. Plates are for who works with cars, and for who says what for."""

    def __init__(self, room: PictureRoom, operators: Operators) -> None:
        self._room = room
        self._operators = operators

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        return {"picture": self._picture}

    async def _picture(self, ask: Ask) -> object:
        picture, purpose = PictureId(text_of(ask, "id")), str(ask.args.get("purpose", "")).strip()[:_PURPOSE]
        covered = not purpose and not await may_see_plates(self._operators, ask)
        role = await self._operators.role_of(ask.user)
        try:
            content = await self._room.show(picture, ask.user, role, covered=covered, purpose=purpose)
        except PictureError as error:
            raise BridgeRefusal("gone", "this picture is not kept (any more)") from error
        return {"jpeg_b64": base64.b64encode(content).decode("ascii"), "covered": covered}
