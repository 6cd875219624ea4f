"""A simulator in this process for a file of tests, set back before each of them."""

from collections.abc import Iterator

import pytest

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
