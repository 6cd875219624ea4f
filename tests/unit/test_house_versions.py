"""Libraries stand above the floors below which they have known holes: in the lock files, in the project, installed."""

import csv
import json
import re
import tomllib
from importlib.metadata import version

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from scada.bom.locked import LockError, python_parts, script_parts
from scada.commands.sbom import BUNDLED, PYTHON, SCRIPTS
from tests.support.house import ROOT

FLOORS = list(csv.DictReader((ROOT / "tests" / "support" / "floors.csv").read_text("utf-8").splitlines()))
LOCKS = sorted(path.name for path in ROOT.glob("requirements*.txt"))
"""The floors, each with the weakness below it. Only what is sure stands there; whoever knows of another adds a line."""


def pinned(name: str) -> dict[str, str]:
    return {part.name: part.version for part in python_parts((ROOT / name).read_text("utf-8"))}


def scripts() -> dict[str, str]:
    found: dict[str, str] = {}
    for lock in (SCRIPTS, ROOT / "tests" / "peers" / "package-lock.json"):
        for path, held in json.loads(lock.read_text("utf-8"))["packages"].items():
            name, told = path.rpartition("node_modules/")[2], held.get("version")
            if name and told:
                found[name] = min(found.get(name, told), told, key=Version)
    return found


def test_every_floor_names_a_weakness_of_something_that_we_have() -> None:
    known = {name for lock in LOCKS for name in pinned(lock)} | {f"npm:{name}" for name in scripts()}
    assert LOCKS[:2] == ["requirements-dev.txt", "requirements-postgres.txt"]
    for row in FLOORS:
        assert row["package"] in known, f"{row['package']}: nothing here has it any more: take the line out"
        assert re.search(r"CVE-\d{4}-\d{4,}|GHSA-|sessions", row["weakness"]), row
        assert row["source"], row


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_file_lets_a_known_hole_in(lock: str) -> None:
    pins = pinned(lock)
    below = [row for row in FLOORS if Version(pins.get(row["package"], "99999")) < Version(row["floor"])]
    assert below == []


def test_no_library_of_the_pages_has_a_known_hole() -> None:
    found = scripts()
    wanted = [row for row in FLOORS if row["package"].startswith("npm:")]
    assert wanted
    for row in wanted:
        assert Version(found[row["package"].removeprefix("npm:")]) >= Version(row["floor"]), row


def test_the_project_asks_for_no_less() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    asked = [Requirement(one) for group in groups for one in group]
    for row in FLOORS:
        for one in asked:
            if one.name.lower() == row["package"]:
                assert not one.specifier.contains(_just_below(row["floor"])), f"{one} lets {row['weakness']} in"
                assert not one.specifier.contains("0.0.1"), str(one)


def _just_below(floor: str) -> str:
    *head, last = floor.split(".")
    return ".".join([*head, str(int(last) - 1)]) if int(last) else f"{'.'.join(head)}.dev0"


def test_what_is_installed_is_what_the_lock_file_says() -> None:
    pins = pinned("requirements.txt")
    assert pins
    assert {name: pin for name, pin in pins.items() if version(name) != pin} == {}


@pytest.mark.parametrize("text", ["flask>=3", "flask==3.1.3", "-e .", "flask==3 \\\n    --hash=md5:aa"])
def test_a_lock_file_without_pin_or_hash_is_refused(text: str) -> None:
    with pytest.raises(LockError):
        list(python_parts(text))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"packages": {"node_modules/lit": {"version": "1"}}}'])
def test_a_lock_file_of_scripts_without_hashes_is_refused(text: str) -> None:
    with pytest.raises(LockError):
        list(script_parts(text, frozenset({"lit"})))


def test_the_libraries_of_the_pages_are_those_that_are_bundled() -> None:
    entries = {path.stem for path in (SCRIPTS.parent / "entries").iterdir()}
    assert {name.removesuffix("-client") for name in BUNDLED} == entries
    names = [part.name for part in script_parts(SCRIPTS.read_text("utf-8"), BUNDLED)]
    assert "engine.io-client" in names
    assert "esbuild" not in names
    assert PYTHON.is_file()
