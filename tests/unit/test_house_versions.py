"""Installed libraries stand above the floors below which they have known holes."""

import tomllib
from importlib.metadata import version

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.support.house import ROOT

FLOORS = {
    "flask": "3.1.3",
    "werkzeug": "3.1.6",
    "flask-socketio": "5.6.1",
    "python-socketio": "5.16.2",
    "python-engineio": "4.13.2",
    "gunicorn": "26",
}


@pytest.mark.parametrize(("name", "floor"), FLOORS.items())
def test_no_web_library_is_older_than_its_last_known_hole(name: str, floor: str) -> None:
    assert Version(version(name)) >= Version(floor)


@pytest.mark.parametrize(("name", "floor"), FLOORS.items())
def test_the_project_asks_for_no_less(name: str, floor: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = {one.name.lower(): one for one in map(Requirement, project["dependencies"])}
    assert all(not asked[name].specifier.contains(older) for older in ("0.1", _just_below(floor)))


def _just_below(floor: str) -> str:
    *head, last = floor.split(".")
    return ".".join([*head, str(int(last) - 1)])


def test_what_is_installed_is_what_the_lock_file_says() -> None:
    lock = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    pins = dict(
        line.removesuffix(" \\").split("==") for line in lock if "==" in line and not line.startswith((" ", "#"))
    )
    wrong = {name: pin for name, pin in pins.items() if version(name.partition("[")[0]) != pin.partition(" ")[0]}
    assert pins
    assert wrong == {}
