"""The site's own drawing, part by part, for rooms elsewhere, which do not see the site's disks."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from scada.drawing import MOST_DRAWN, NoDrawing, drawing_at
from scada.engine.doors.asked import whole_number
from scada.engine.doors.jobs import part_of
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler


class DrawingDesk:
    """One verb; the drawing is the one that config.toml names, and no other file."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def verbs(self) -> Mapping[str, Handler]:
        """Give the verb by name."""
        return {"drawing_part": self._part}

    async def _part(self, ask: Ask) -> object:
        """Give a part, from `offset` on; empty behind its end."""
        offset = whole_number(ask, "offset", 0, MOST_DRAWN)
        try:
            return {"part_b64": await asyncio.to_thread(self._read, offset)}
        except (NoDrawing, OSError) as error:
            raise BridgeRefusal("gone", str(error)) from error

    def _read(self, offset: int) -> str:
        return part_of(drawing_at(self._path), offset)
