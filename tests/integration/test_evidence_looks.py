"""Looking at pictures, from a browser's request through the bridge to the pixels: by role, and written down."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import select
from werkzeug.test import TestResponse

from hmi.control.app import create_app
from lpr.evidence import PictureStore
from lpr.reader.guess import Corners
from lpr.sim.drawing.scene import draw_scene
from scada.bridge import Bridge
from scada.clock import VirtualClock
from scada.engine.bridge import BridgeServer
from scada.engine.doors.desk import Desk
from scada.engine.doors.pictures import AGAIN_S, PictureDesk, PictureRoom
from scada.model.money import Fen
from scada.model.names import PassageId, PictureId
from scada.model.plate import Plate
from scada.ports import PictureError
from scada.store import operators as operators_module
from scada.store.db import Database, StoreError
from scada.store.journal import SqlJournal, recent
from scada.store.operators import Operators
from scada.store.schema import picture_look
from tests.support.hmi_pages import CONTROL, KEY, Seconds, form_token, shipped
from tests.support.store import SITE, START, open_database

PASSWORD = "the boom goes up"
PASSAGE = PassageId("in1-20260301080000-7")
PLATE: Corners = ((560.0, 470.0), (760.0, 470.0), (760.0, 535.0), (560.0, 535.0))
ROLES = ("operator", "administrator", "technician", "manager", "auditor")


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operators_module, "MEMORY_KIB", 64)
    monkeypatch.setattr(operators_module, "PASSES", 1)


class House:
    """A plant's door for the control room, pictures, and one person of each role."""

    def __init__(self, folder: Path, db: Database) -> None:
        self.folder, self.db, self.clock = folder, db, VirtualClock(START)
        self.store = PictureStore(folder / "pictures")
        self.operators = Operators(db, SITE, self.clock)
        self.room = PictureRoom(SITE, self.clock, db, self.store)
        nobody, journal = object(), SqlJournal(db, SITE, self.clock)
        more = PictureDesk(self.room, self.operators).verbs()
        self.desk = Desk(self.clock, db, journal, self.operators, nobody, nobody, {}, nobody, Fen(0), more)  # type: ignore[arg-type]
        scene = np.asarray(cv2.imencode(".jpg", draw_scene(Plate("京A12345"), 3))[1], np.uint8).tobytes()
        self.known = self.store.keep(scene, START, PASSAGE, "entry", [PLATE])
        self.plain = self.store.read(self.known)
        self.unknown = self.store.keep(scene, START, PASSAGE, "case")

    async def looks(self) -> list[tuple[str, str, str, bool, str]]:
        table = picture_look.c
        query = select(table.who, table.role, table.picture, table.covered, table.purpose).order_by(table.id)
        return [(*row,) for row in await self.db.read(lambda conn: conn.execute(query).all())]


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    async with open_database(folder) as db:
        made = await asyncio.to_thread(House, folder, db)
        for role in ROLES:
            await made.operators.add(f"my {role}", role, PASSWORD, must_change=False)
        yield made


def visit(socket: Path, role: str, *paths: str) -> list[TestResponse]:
    """Sign in as a person of a role, with a browser, and get pages."""
    bridge = Bridge(socket, "control")
    bridge.start()
    try:
        browser = create_app(shipped(), bridge, KEY, Seconds()).test_client()
        form = {"name": f"my {role}", "password": PASSWORD}
        token = form_token(browser.get("/sign-in", base_url=CONTROL))
        assert browser.post("/sign-in", base_url=CONTROL, data={**form, "csrf_token": token}).status_code == 302
        return [browser.get(path, base_url=CONTROL) for path in paths]
    finally:
        bridge.close()


async def seen(made: House, role: str, *paths: str) -> list[TestResponse]:
    socket = made.folder / "control.sock"
    async with BridgeServer(socket, "control", made.desk.verbs(), {"plant": "p", "site": {}}, made.clock):
        return await asyncio.to_thread(visit, socket, role, *paths)


def pixels(jpeg: bytes) -> NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)


def contrast(jpeg: bytes, box: tuple[int, int, int, int]) -> float:
    left, top, right, bottom = box
    return float(pixels(jpeg)[top:bottom, left:right].std())


PLATE_BOX, ROAD_BOX = (560, 470, 760, 535), (100, 300, 460, 700)


@pytest.mark.parametrize("role", ROLES)
async def test_who_works_with_the_cars_sees_plates_and_everybody_else_sees_them_covered(
    tmp_path: Path, role: str
) -> None:
    async with house(tmp_path) as made:
        [shown] = await seen(made, role, f"/pictures/{made.known}")
        plain = made.plain
        covered = role not in ("operator", "administrator")
        assert (shown.status_code, shown.mimetype) == (200, "image/jpeg")
        assert (shown.data == plain) is not covered
        assert contrast(plain, PLATE_BOX) > 25
        assert (contrast(shown.data, PLATE_BOX) < 6) is covered
        assert contrast(shown.data, ROAD_BOX) == pytest.approx(contrast(plain, ROAD_BOX), rel=0.1)
        assert await made.looks() == [(f"my {role}", role, made.known, covered, "")]


async def test_where_plates_are_not_known_the_whole_picture_is_coarse(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        [shown] = await seen(made, "auditor", f"/pictures/{made.unknown}")
        steps = np.abs(np.diff(pixels(shown.data)[500].astype(int)))
        assert (steps > 12).sum() <= 28
        assert pixels(shown.data).shape == (720, 1280)


async def test_who_says_what_for_sees_the_plate_and_the_purpose_is_on_record(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        [shown] = await seen(made, "manager", f"/pictures/{made.known}?purpose=complaint%2017")
        assert shown.data == made.plain
        assert await made.looks() == [("my manager", "manager", made.known, False, "complaint 17")]
        [row] = await made.db.read(lambda conn: recent(conn, 5, kind="look"))
        assert (row.actor, row.what, row.passage) == ("my manager", "picture shown", PASSAGE)
        assert row.body == {"picture": made.known, "covered": False, "purpose": "complaint 17"}


async def test_a_page_that_shows_a_picture_twice_is_one_look_and_ten_minutes_later_another(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        for wait_s in (0.0, AGAIN_S / 2, AGAIN_S):
            made.clock.advance(wait_s)
            await made.room.show(made.known, "li", "operator", covered=False, purpose="")
        await made.room.show_driver(made.known, PASSAGE)
        assert [look[0] for look in await made.looks()] == ["li", "li", "driver"]
        assert (await made.looks())[-1][4] == f"claim of {PASSAGE}"


async def test_a_picture_that_is_gone_or_damaged_shows_nothing_and_is_no_look(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        gone = PictureId(made.known.replace(made.known[-9:], "00000.jpg"))
        damaged = await asyncio.to_thread(made.store.keep, b"\xff\xd8 no more", START)
        shown = await seen(made, "auditor", f"/pictures/{gone}", f"/pictures/{damaged}")
        assert [answer.status_code for answer in shown] == [404, 404]
        assert await made.looks() == []
        with pytest.raises(PictureError):
            await made.room.show(damaged, "an", "auditor", covered=True, purpose="")


async def test_nobody_is_shown_a_picture_whose_look_cannot_be_written_down(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        pass
    for _ in range(2):
        with pytest.raises(StoreError, match="closed"):
            await made.room.show(made.known, "li", "operator", covered=False, purpose="")
