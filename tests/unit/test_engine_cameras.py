"""Cameras as instruments in the plant: tags, alarms, and the book of what was read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from scada.clock import VirtualClock
from scada.engine.cameras import CameraWatch
from scada.engine.doors.cameras import CameraDesk
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.engine.lanetags import lane_specs
from scada.engine.tags import TagTable
from scada.model.camera.figures import NOTHING_SEEN, SceneFigures, camera_specs, camera_tag
from scada.model.camera.reading import ReadRow
from scada.model.figures import is_own
from scada.model.names import LaneName, PassageId, PictureId
from scada.model.plate import Plate
from scada.model.rights import may
from scada.model.tag import Quality, TagName
from scada.ports import JournalEntry
from scada.store import camerabook
from scada.store import operators as operators_module
from scada.store.db import Database
from scada.store.journal import SqlJournal, recent
from scada.store.operators import Operators
from scada.store.schema import passage, stay
from tests.support.store import SITE, START, open_database

LANE, CAMERA = LaneName("in1"), "cam-in1"
SHARP = SceneFigures(25.0, 0.1, 0, 120.0, 0.0, 0.0, 1.0, 1.0, 0.95, 0.001)


class Bench:
    """A watch over one camera that shows what a test wants it to."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = VirtualClock(START)
        self.tags = TagTable([*lane_specs(LANE), *camera_specs([CAMERA])], self.clock)
        self.journal = SqlJournal(db, SITE, self.clock)
        self.shows: tuple[str, SceneFigures] = ("", SHARP)
        self.watch = self.begin()

    def begin(self) -> CameraWatch:
        """Begin anew, as after a restart."""
        lanes = {CAMERA: LANE}
        return CameraWatch(SITE, self.clock, self.tags, self.db, self.journal, lanes, lambda: {CAMERA: self.shows})

    def tag(self, point: str) -> object:
        return self.tags.get(camera_tag(CAMERA, point)).value

    async def stand(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.advance(1)
            await self.watch.look()

    async def told(self, kind: str) -> list[str]:
        return [row.what for row in await self.db.read(lambda conn: recent(conn, 50, LANE, kind))][::-1]


@asynccontextmanager
async def bench(folder: Path) -> AsyncIterator[Bench]:
    async with open_database(folder) as db:
        yield Bench(db)


def read(number: int, why: str = "", plate: str = "京A12345") -> ReadRow:
    picture = PictureId(f"20260301T080000000-in1-20260301080000-{number}-entry-0123456789ab.jpg")
    at = START + timedelta(seconds=number)
    of = PassageId(f"in1-20260301080000-{number}")
    return ReadRow(CAMERA, LANE, of, at, "entry", why, Plate(plate), 0.4 if why else 0.9, 5, picture)


async def test_figures_of_view_and_of_reading_are_tags(tmp_path: Path) -> None:
    async with bench(tmp_path) as at:
        at.watch.hear([read(1), read(2, "a sign is too faint: 0.40 of 0.80"), read(3), read(4)])
        await at.stand(1)
        assert (at.tag("focus"), at.tag("fps"), at.tag("trouble")) == (1.0, 25.0, "")
        assert (at.tag("read_rate"), at.tag("under_gate"), at.tag("passages")) == (0.75, 0.25, 4)
        assert at.tag("confidence_p50") == 0.9


async def test_a_figure_that_is_no_longer_known_is_stale_and_not_zero(tmp_path: Path) -> None:
    async with bench(tmp_path) as at:
        await at.stand(1)
        at.shows = ("no frame", NOTHING_SEEN)
        await at.stand(1)
        focus = at.tags.get(camera_tag(CAMERA, "focus"))
        assert (focus.value, focus.quality) == (1.0, Quality.STALE)


async def test_a_rejected_read_is_kept_with_its_picture_and_why(tmp_path: Path) -> None:
    async with bench(tmp_path) as at:
        at.watch.hear([read(1), read(2, "a plate is outside the region")])
        await at.stand(1)
        kept = await at.db.read(lambda conn: camerabook.rejected(conn, SITE, 10))
        assert kept == [read(2, "a plate is outside the region")]


async def test_a_covered_camera_is_one_alarm_of_its_lane_and_its_end_is_told(tmp_path: Path) -> None:
    async with bench(tmp_path) as at:
        at.shows = ("", replace(SHARP, detail=0.05, focus=0.1))
        await at.stand(400)
        assert await at.told("alarm") == ["camera_blocked"]
        assert at.tag("trouble") == "camera_blocked"
        at.shows = ("", SHARP)
        await at.stand(100)
        assert (at.tag("trouble"), await at.told("event")) == ("", ["alarm over"])


async def test_what_a_person_corrects_counts_against_the_camera_and_outlives_a_restart(tmp_path: Path) -> None:
    async with bench(tmp_path) as at:
        at.watch.hear([read(number) for number in range(1, 5)])
        await at.stand(1)
        await at.watch.remember()
        wrong = JournalEntry("person", "li", "correct plate", LANE, read(2).passage, {"plate": "京B12345"})
        same = JournalEntry("person", "li", "correct plate", LANE, read(3).passage, {"plate": "京A12345"})
        await at.journal.append([wrong, same])
        await at.watch.look_up()
        await at.stand(1)
        assert at.tag("corrected") == 0.25
        at.watch = at.begin()
        await at.watch.remember()
        await at.stand(1)
        assert (at.tag("corrected"), at.tag("passages")) == (0.25, 4)


async def test_a_stay_that_was_only_near_and_is_the_cars_says_that_the_plate_was_misread(tmp_path: Path) -> None:
    async with bench(tmp_path) as at:
        values = {"entry_lane": "in1", "entry_passage": "in1-1", "entered_at": START, "tariff": "t", "tariff_terms": {}}
        plate = {"plate": "京A1234S", "plate_kind": "ordinary", "plate_colour": "BLUE"}
        await at.db.write(lambda conn: conn.execute(insert(stay).values(id="S1", site=SITE, **plate, **values)))
        at.watch.hear([read(1), read(2)])
        await at.stand(1)
        claimed = JournalEntry("person", "driver", "claimed stay", LANE, read(1).passage, {"stay": "S1"})
        await at.journal.append([claimed])
        await at.watch.look_up()
        await at.stand(1)
        assert at.tag("corrected") == 0.5


async def test_an_hour_in_which_most_cars_have_no_plate_is_one_alarm(tmp_path: Path) -> None:
    async with bench(tmp_path) as at:
        rows = [
            {
                "id": f"p{number}",
                "site": SITE,
                "lane": LANE,
                "number": number,
                "began_at": START,
                "ended_at": START,
                "outcome": "COMPLETED",
                "read_by": "camera" if number < 4 else None,
            }
            for number in range(12)
        ]
        await at.db.write(lambda conn: conn.execute(insert(passage), rows))
        for _ in range(3):
            await at.watch.look_up()
        values = [
            at.tags.get(TagName(f"in1.camera.{point}")).value for point in ("loops_hour", "plates_hour", "unread_hour")
        ]
        assert values == [12, 4, 0.6667]
        assert await at.told("alarm") == ["camera_unread"]


async def test_books_that_cannot_be_had_cost_the_books_and_not_the_figures(tmp_path: Path) -> None:
    async with bench(tmp_path) as at:
        pass
    at.watch.hear([read(1)])
    at.shows = ("", replace(SHARP, unkept="no space left on device"))
    await at.stand(2)
    assert (at.tag("trouble"), at.tag("read_rate")) == ("camera_unkept", 1.0)
    assert [*at.watch._waiting] == [read(1)]


def test_no_device_may_say_what_a_camera_measures() -> None:
    assert is_own(TagName("camera.cam_in1.focus"), ["in1"])
    assert is_own(TagName("in1.camera.unread_hour"), ["in1"])


@pytest.fixture
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operators_module, "MEMORY_KIB", 64)
    monkeypatch.setattr(operators_module, "PASSES", 1)


@pytest.mark.usefixtures("_cheap")
async def test_plates_of_rejected_reads_are_for_who_works_with_the_cars_and_a_view_is_learnt_in_a_persons_name(
    tmp_path: Path,
) -> None:
    learnt: list[str] = []

    def relearn(camera: str) -> bool:
        learnt.append(camera)
        return True

    def asks(verb: str, name: str, **args: object) -> Ask:
        return Ask("control", verb, args, name, "", "", "")

    async with bench(tmp_path) as at:
        people = Operators(at.db, SITE, at.clock)
        for name, role in (("li", "operator"), ("an", "auditor")):
            await people.add(name, role, "the boom goes up", must_change=False)
        await at.db.write(lambda conn: camerabook.keep(conn, SITE, [read(1), read(2, "no plate seen")]))
        desk = CameraDesk(SITE, at.db, at.journal, people, {CAMERA: LANE}, relearn)
        for name, plate in (("li", "京A12345"), ("an", None)):
            told = await desk.verbs()["cameras"](asks("cameras", name))
            assert isinstance(told, dict)
            assert [(one["why"], one["plate"]) for one in told["rejected"]] == [("no plate seen", plate)]
            assert [(one["name"], one["picture"]) for one in told["cameras"]] == [(CAMERA, read(2).picture)]
        again = asks("relearn_camera", "li", camera=CAMERA)
        assert await desk.verbs()["relearn_camera"](again) == {"accepted": True}
        assert (learnt, await at.told("person")) == ([CAMERA], ["relearn camera"])
        with pytest.raises(BridgeRefusal, match="no camera"):
            await desk.verbs()["relearn_camera"](asks("relearn_camera", "li", camera="x"))
    assert (may("technician", "relearn_camera"), may("auditor", "relearn_camera")) == (True, False)
