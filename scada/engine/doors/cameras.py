"""The control room's verbs for cameras: the last picture of each, what was rejected and why, and a view taken anew."""

from collections.abc import Callable, Mapping

from scada.engine.doors.asked import text_of
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.doors.plates import may_see_plates
from scada.engine.doors.shown import as_json
from scada.model.camera.reading import ReadRow
from scada.model.lane.codec import Json
from scada.model.names import LaneName, SiteId
from scada.ports import Journal, JournalEntry
from scada.store import camerabook
from scada.store.db import Database
from scada.store.operators import Operators

MOST = 50
_FEW = 5


class CameraDesk:
    """Shows what the cameras did last. `lanes` says at which lane each stands."""

    def __init__(
        self,
        site: SiteId,
        db: Database,
        journal: Journal,
        operators: Operators,
        lanes: Mapping[str, LaneName],
        relearn: Callable[[str], bool],
    ) -> None:
        self._site = site
        self._db = db
        self._operators = operators
        self._lanes = lanes
        self._journal = journal
        self._relearn = relearn

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        return {"cameras": self._cameras, "relearn_camera": self._relearn_camera}

    async def _cameras(self, ask: Ask) -> object:
        plates = await may_see_plates(self._operators, ask)
        rejected = await self._db.read(lambda conn: camerabook.rejected(conn, self._site, MOST))
        return {
            "cameras": [await self._last(camera, lane) for camera, lane in self._lanes.items()],
            "rejected": [_shown(row, plates=plates) for row in rejected],
        }

    async def _relearn_camera(self, ask: Ask) -> object:
        """Take what a camera sees now for its view, on the word of a person who has looked."""
        camera = text_of(ask, "camera")
        if camera not in self._lanes:
            raise BridgeRefusal("bad_args", f"there is no camera {camera[:40]!r}")
        entry = JournalEntry("person", ask.user, "relearn camera", self._lanes[camera], None, {"camera": camera})
        await self._journal.append([entry])
        if not self._relearn(camera):
            raise BridgeRefusal("refused", "the camera's process does not run now")
        return {"accepted": True}

    async def _last(self, camera: str, lane: LaneName) -> Json:
        rows = await self._db.read(lambda conn: camerabook.last_rows(conn, self._site, camera, _FEW))
        seen = next((row for row in reversed(rows) if row.picture is not None), None)
        at = None if seen is None else seen.at.isoformat()
        return {"name": camera, "lane": lane, "picture": None if seen is None else seen.picture, "at": at}


def _shown(row: ReadRow, *, plates: bool) -> Json:
    shown = as_json(row)
    assert isinstance(shown, dict)  # noqa: S101 - a dataclass is an object
    return shown if plates else {**shown, "plate": None}
