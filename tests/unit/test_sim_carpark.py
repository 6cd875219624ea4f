"""The virtual car park's guests: who is sent home leaves nothing behind, wherever he was."""

from pathlib import Path

import pytest

from scada.clock import VirtualClock
from scada.config import load
from scada.model.lane.words import Direction
from scada.model.plate import Plate
from scada.sim.carpark import CarPark
from scada.sim.road import Board, Happening, What
from scada.sim.scenario import Person, Visit
from scada.sim.trial.site import prepare
from scada.sim.trial.truth import TruthLog
from scada.sim.world import advance
from tests.support.park import CYCLE_S, IN, car
from tests.support.story import AT

BASE = Path(__file__).resolve().parents[2] / "config.toml"
ME = car(1)


@pytest.fixture
def park(tmp_path: Path) -> CarPark:
    clock = VirtualClock(AT)
    return CarPark(load(prepare(tmp_path / "s", BASE)), clock, 1.0, TruthLog(tmp_path / "truth.jsonl", clock))


def runs(park: CarPark, seconds: float) -> None:
    for _ in range(round(seconds / CYCLE_S)):
        park.park.world, happened = advance(park.park.world, CYCLE_S, {IN: Board()})
        for one in happened:
            if one.what is not What.ARRIVED:
                park._told(one)


async def test_a_car_on_its_way_is_gone_at_once(park: CarPark) -> None:
    park.invite(Visit(ME, Plate("京A12345"), None, 1, Person(), 60.0), 60.0)
    park.dismiss(ME.name)
    assert (park.plates(), park.park.world.waiting) == ([], ())


async def test_a_car_at_the_boom_is_gone_once_it_has_backed_out(park: CarPark) -> None:
    park.invite(Visit(ME, Plate("京A12345"), None, 1, Person(), 0.0), 0.0)
    runs(park, 8.0)
    park.dismiss(ME.name)
    assert park.plates() == ["京A12345"]
    runs(park, 8.0)
    assert (park.plates(), park.park.world.waiting) == ([], ())


async def test_what_happens_to_a_car_in_the_moment_in_which_it_is_sent_home_disturbs_nobody(park: CarPark) -> None:
    park.invite(Visit(ME, Plate("京A12345"), None, 1, Person(), 60.0), 60.0)
    park.dismiss(ME.name)
    park._told(Happening(What.PASSED, ME.name, IN, Direction.ENTRY))
    assert park.entered == 0
