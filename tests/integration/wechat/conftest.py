"""A simulator in this process for a file of tests, set back before each of them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.bills import Day, open_day
from tests.support.wechat import Bench, bench


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("bench")) as opened:
        yield opened


@pytest.fixture
def at(running: Bench) -> Bench:
    """The bench as it is at its start, but for its books and its time."""
    running.set_back()
    return running


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Bench]:
    """A simulator with empty books."""
    with bench(tmp_path) as opened:
        yield opened


@pytest.fixture
async def at_day(platform: Bench) -> AsyncIterator[Day]:
    """A day of business."""
    async with open_day(platform) as day:
        yield day


@pytest.fixture
async def deaf_day(platform: Bench) -> AsyncIterator[Day]:
    """A day on which no payment is heard of."""
    async with open_day(platform, deaf=True) as day:
        yield day
