"""The site's own drawing as rooms elsewhere fetch it: that one file, as it is, or why not."""

import base64
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from scada.drawing import MOST_DRAWN
from scada.engine.doors.drawing import DrawingDesk
from scada.engine.doors.jobs import PART_BYTES
from scada.engine.doors.peer import Ask, BridgeRefusal

ASK = partial(Ask, "control", "drawing_part", user="tina", role="technician", session="", why="")


async def part(desk: DrawingDesk, offset: object) -> bytes:
    told: Any = await desk.verbs()["drawing_part"](ASK(args={"offset": offset}))
    return base64.b64decode(told["part_b64"])


async def test_it_comes_in_parts_until_an_empty_one(tmp_path: Path) -> None:
    path, content = tmp_path / "lot.png", b"\x89PNG" * (PART_BYTES // 4) + b"end"
    path.write_bytes(content)
    desk = DrawingDesk(path)
    parts = [await part(desk, 0), await part(desk, PART_BYTES), await part(desk, len(content))]
    assert b"".join(parts) == content
    assert (len(parts[0]), parts[2]) == (PART_BYTES, b"")


@pytest.mark.parametrize("size", [None, MOST_DRAWN + 1])
async def test_one_that_is_not_there_or_too_large_is_refused_in_words(tmp_path: Path, size: int | None) -> None:
    path = tmp_path / "lot.svg"
    if size is not None:
        path.write_bytes(b" " * size)
    for desk in (DrawingDesk(path), DrawingDesk(None)):
        with pytest.raises(BridgeRefusal, match="drawing"):
            await part(desk, 0)


@pytest.mark.parametrize("offset", [-1, MOST_DRAWN + 1, "0", None])
async def test_what_is_no_place_in_it_is_refused(tmp_path: Path, offset: object) -> None:
    (tmp_path / "lot.svg").write_text("<svg/>")
    with pytest.raises(BridgeRefusal, match="offset"):
        await part(DrawingDesk(tmp_path / "lot.svg"), offset)
