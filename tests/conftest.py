"""What every test gets: a guard against blocking the loop, and the settings of hypothesis."""

import os
import sys
from collections.abc import Iterator

import pytest
import structlog
from blockbuster import blockbuster_ctx
from hypothesis import Phase, settings

from scada.clock import VARIABLE
from tests.support.deal import dealt
from tests.support.postgres import Postgres, PostgresProcess

PRODUCT = ("scada", "plc", "lpr", "billing", "hmi")
RECKONED = ("os.getcwd", "os.path.abspath", "os.path.islink", "os.readlink")
"""Calls that name a path rather than read it: microseconds, and every `Path.resolve` makes them."""

settings.register_profile("house", deadline=None, derandomize=True, max_examples=100)
settings.register_profile("soak", deadline=None, max_examples=5_000)
settings.register_profile(
    "mutants", settings.get_profile("house"), phases=[Phase.explicit, Phase.generate], report_multiple_bugs=False
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deal the tests to the workers; all of them must find the same order."""
    items[:] = dealt(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


@pytest.fixture(autouse=True, scope="session")
def _a_blocked_loop_fails_the_test() -> Iterator[None]:
    """Raise BlockingError where our code sleeps, reads files or queries SQL on a running loop.

    Only calls with a frame of the product on the stack count; what a test itself does is its own affair.
    """
    with blockbuster_ctx(PRODUCT) as guard:
        for call in RECKONED:
            guard.functions[call].deactivate()
        yield


@pytest.fixture(autouse=True, scope="session")
def _the_nodes_of_opc_ua_are_made_once() -> Iterator[None]:
    """Spare every server of a test but the first the two seconds that its standard nodes take."""
    if "asyncua" not in sys.modules:
        yield
        return
    from tests.support.uanodes import made_once

    with made_once():
        yield


@pytest.fixture(autouse=True)
def _a_test_leaves_the_log_as_it_was() -> Iterator[None]:
    """Undo what a command under test set up: its log would go to a stream that ends with the test."""
    yield
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def _a_test_leaves_the_clock_as_it_was() -> Iterator[None]:
    """Undo a fast clock that a command under test has set: processes of later tests would run on it."""
    before = os.environ.get(VARIABLE)
    yield
    if before is None:
        os.environ.pop(VARIABLE, None)
    else:
        os.environ[VARIABLE] = before


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """PostgreSQL, started when the first test asks for it; it fails where it is not installed."""
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def safe_postgres() -> Iterator[PostgresProcess]:
    """PostgreSQL as a site has it: what it commits is on disk."""
    with PostgresProcess() as server:
        yield server


@pytest.fixture
def on_postgres(postgres: Postgres) -> Iterator[Postgres]:
    """Run a test on PostgreSQL: what `tests.support.store` makes, is made there."""
    with postgres.in_use():
        yield postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def any_database(request: pytest.FixtureRequest) -> str:
    """Run a test once on each of the two databases."""
    if request.param == "postgresql":
        request.getfixturevalue("on_postgres")
    return str(request.param)
