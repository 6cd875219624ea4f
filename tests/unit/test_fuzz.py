"""Every parser that outside bytes reach, for a moment; `python -m tests.soak.fuzz` does it for as long as is asked."""

from pathlib import Path

import pytest

from tests.support.fuzz.all import TARGETS
from tests.support.fuzz.change import plain
from tests.support.fuzz.run import try_target
from tests.support.fuzz.target import Prepared, Target

SECONDS = 1.5


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_bytes_from_outside_are_understood_or_refused(name: str, tmp_path: Path) -> None:
    tried = try_target(TARGETS[name], SECONDS, 1, tmp_path)
    assert tried.inputs > 20
    assert tried.findings == []


@pytest.mark.parametrize(("name", "wrong"), [("crash", b"!"), ("hang", b"?")])
def test_a_parser_that_breaks_or_hangs_is_found_with_its_input(name: str, wrong: bytes, tmp_path: Path) -> None:
    def take(data: bytes) -> object:
        while name == "hang" and data == wrong:
            pass
        return 1 // (data != wrong)

    target = Target(name, "", lambda _folder: Prepared(take, [b"abc", wrong], (ValueError,), manners=(plain,)))
    (found,) = try_target(target, 0.1, 1, tmp_path).findings
    assert (tmp_path / found.file).read_bytes() == wrong
    assert found.error.startswith("Hung" if name == "hang" else "ZeroDivisionError")


def test_the_same_seed_brings_the_same_inputs(tmp_path: Path) -> None:
    seen: list[list[bytes]] = [[], []]
    for into in seen:
        target = Target("same", "", lambda _folder, into=into: Prepared(into.append, [b"abc"]))  # type: ignore[misc]
        try_target(target, 0.05, 7, tmp_path)
    shorter = min(len(one) for one in seen)
    assert seen[0][:shorter] == seen[1][:shorter]
    assert shorter > 10
