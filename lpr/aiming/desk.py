"""The verbs of where cameras look: what is set, what would be read in the last pictures, and setting it."""

import asyncio
import base64
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from pydantic import ValidationError
from sqlalchemy import Connection

from lpr.aiming.run import TrialError, Trials
from lpr.aiming.task import Task
from scada.config import Config
from scada.engine.doors.asked import text_of
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.settings.office import Contents, SettingsOffice
from scada.model.lane.codec import Json
from scada.model.names import LaneName, PictureId
from scada.model.rights import SEE_PLATES
from scada.model.settings import SettingKind
from scada.ports import PictureError, Pictures
from scada.settings.cameras import Camera
from scada.store import camerabook
from scada.store.operators import Operators
from scada.store.settings import book

PICTURES: Final = 3
_ROWS: Final = 30
_MOST_CORNERS: Final = 12
_LEAST_CORNERS: Final = 3
_SHOWN_SIGNS: Final = 2


class Aimed(Protocol):
    """Who lets a camera look elsewhere while it runs."""

    def aim(self, camera: Camera) -> None:
        """Take region and corners of this camera from now on."""


class AimDesk:
    """Where cameras look; the rights are checked before these are called."""

    def __init__(
        self,
        config: Config,
        office: SettingsOffice,
        operators: Operators,
        pictures: Pictures,
        aimed: Aimed,
        trials: Trials,
    ) -> None:
        self._config = config
        self._office = office
        self._operators = operators
        self._pictures = pictures
        self._aimed = aimed
        self._trials = trials
        self._base: Mapping[str, Camera] = {camera.name: camera for camera in config.cameras}
        self._now: dict[str, Camera] = dict(self._base)
        office.on(SettingKind.CAMERA, self._hear)

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        return {"camera_aims": self._list, "try_aim": self._try, "aim_camera": self._set}

    async def _hear(self, contents: Contents) -> None:
        """Let every camera look where it shall from now on."""
        for name, base in self._base.items():
            wanted = _aimed(base, contents[name]) if name in contents else base
            if wanted != self._now[name]:
                self._now[name] = wanted
                self._aimed.aim(wanted)

    async def _list(self, ask: Ask) -> object:
        site, kind = self._office.site, SettingKind.CAMERA

        def work(conn: Connection) -> list[Json]:
            last = book.last_versions(conn, site, kind)
            rows: list[Json] = []
            for name, camera in self._now.items():
                told: dict[str, Json] = {"name": name, "lane": camera.lane, "seen": last.get(name, 0)}
                pictures: list[Json] = [str(picture) for picture in self._last(conn, name)]
                rows.append({**told, **_content(camera), "base": _content(self._base[name]), "pictures": pictures})
            return rows

        return await self._office.db.read(work)

    def _last(self, conn: Connection, camera: str) -> list[PictureId]:
        rows = camerabook.last_rows(conn, self._office.site, camera, _ROWS)
        pictures = dict.fromkeys(row.picture for row in reversed(rows) if row.picture is not None)
        return list(pictures)[:PICTURES]

    async def _try(self, ask: Ask) -> object:
        """Say what would be read in the last pictures of a camera; whoever may not see plates sees their beginning."""
        camera = self._wanted(ask)
        names = await self._office.db.read(lambda conn: self._last(conn, camera.name))
        if not names:
            raise BridgeRefusal("refused", "this camera has no picture yet")
        gate = self._config.lane(LaneName(camera.lane)).waits.confidence
        try:
            jpegs = await asyncio.to_thread(lambda: [self._pictures.read(name) for name in names])
            found = await self._trials.run(
                Task(
                    pictures=tuple(base64.b64encode(jpeg).decode() for jpeg in jpegs),
                    region=camera.region,
                    perspective=camera.perspective,
                    min_plate_px=camera.min_plate_px,
                    gate=gate,
                    back_end=self._config.lpr.back_end,
                    calibration=self._config.lpr.calibration,
                )
            )
        except (PictureError, TrialError) as error:
            raise BridgeRefusal("refused", str(error)) from error
        sees = await self._operators.may_now(ask.user, SEE_PLATES)
        hide: Callable[[str], str] = (lambda text: text) if sees else _hidden
        return [
            {"picture": name, **one, "plates": [{**plate, "text": hide(plate["text"])} for plate in one["plates"]]}
            for name, one in zip(names, found, strict=True)
        ]

    async def _set(self, ask: Ask) -> object:
        camera = self._wanted(ask)
        base = _content(self._base[camera.name])
        made = await self._office.add(ask, SettingKind.CAMERA, camera.name, _content(camera), base)
        return {"seen": made.version}

    def _wanted(self, ask: Ask) -> Camera:
        """Give the camera as it is asked for. Raises BridgeRefusal that says what is wrong with its corners."""
        base = self._base.get(text_of(ask, "camera"))
        if base is None:
            raise BridgeRefusal("bad_args", "there is no such camera")
        try:
            camera = _aimed(base, ask.args)
        except ValidationError as error:
            raise BridgeRefusal("bad_args", error.errors(include_url=False)[0]["msg"]) from error
        if camera.region and not _LEAST_CORNERS <= len(camera.region) <= _MOST_CORNERS:
            raise BridgeRefusal("bad_args", f"region: from {_LEAST_CORNERS} to {_MOST_CORNERS} corners, or none")
        if any(not 0 <= share <= 1 for corner in (*camera.region, *camera.perspective) for share in corner):
            raise BridgeRefusal("bad_args", "a corner lies outside the picture")
        return camera


def _aimed(base: Camera, content: Mapping[str, object]) -> Camera:
    told = {name: content.get(name, ()) for name in ("region", "perspective")}
    return Camera.model_validate({**base.model_dump(), **told})


def _content(camera: Camera) -> dict[str, Json]:
    return {
        "region": [[x, y] for x, y in camera.region],
        "perspective": [[x, y] for x, y in camera.perspective],
    }


def _hidden(text: str) -> str:
    return text[:_SHOWN_SIGNS] + "•" * (len(text) - _SHOWN_SIGNS)
