"""`daozha sbom`: every part of the lock files with its hashes, in a form that other programs read."""

import json
import re
from typing import Any

import pytest

from scada.__main__ import main
from scada.commands import sbom


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["sbom"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_every_pin_of_the_lock_file_is_in_the_list_with_its_hashes(told: dict[str, Any]) -> None:
    lock = sbom.PYTHON.read_text("utf-8")
    components = {one["purl"]: one for one in told["components"]}
    pins = re.findall(r"^([a-z0-9._-]+)(?:\[\w+\])?==(\S+)", lock, re.MULTILINE)
    assert len(pins) > 50
    for name, pin in pins:
        assert f"pkg:pypi/{name}@{pin}" in components
    hashes = {held["content"] for one in told["components"] for held in one["hashes"]}
    assert set(re.findall(r"sha256:([0-9a-f]{64})", lock)) <= hashes
    assert "pkg:npm/%40lit/reactive-element@2.1.2" in components


def test_the_list_is_cyclonedx_whose_references_lead_somewhere(told: dict[str, Any]) -> None:
    assert (told["bomFormat"], told["specVersion"], told["version"]) == ("CycloneDX", "1.5", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", str(told["serialNumber"]))
    refs = [one["bom-ref"] for one in told["components"]]
    assert len(refs) == len(set(refs))
    root = told["metadata"]["component"]["bom-ref"]
    known, edges = {*refs, root}, {one["ref"]: one["dependsOn"] for one in told["dependencies"]}
    assert set(edges) == known
    assert all(set(on) <= known for on in edges.values())
    assert {"pkg:pypi/flask@3.1.3", "pkg:npm/lit@3.3.3"} <= set(edges[root])
    reached, todo = set[object](), [root]
    while todo:
        one = todo.pop()
        todo += [on for on in edges[one] if on not in reached]
        reached.add(one)
    assert reached == known, "each part is there because something wants it"


def test_the_same_parts_give_the_same_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    main(["sbom"])
    first = capsys.readouterr().out
    main(["sbom"])
    assert capsys.readouterr().out == first
    assert "://" not in first


def test_without_its_lock_file_it_says_so(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sbom, "PYTHON", sbom.PYTHON.with_name("requirements-gone.txt"))
    assert main(["sbom"]) == 2
    assert "requirements-gone.txt" in capsys.readouterr().err
