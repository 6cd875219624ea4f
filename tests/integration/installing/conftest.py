"""One wheel of the source tree, and one environment with it, for all tests of this folder."""

from pathlib import Path

import pytest

from tests.support import wheel


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel."""
    return wheel.build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def program(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install it; give the program `daozha`."""
    return wheel.install(wheel.environment(tmp_path_factory.mktemp("own") / "venv"), built)
