"""Tests are dealt to workers: all of them, whole files, the long ones first."""

from dataclasses import dataclass
from typing import cast

import pytest

from tests.support.deal import LONG, dealt


@dataclass(frozen=True)
class Item:
    """A test, as far as it is dealt."""

    nodeid: str


def given(**files: int) -> list[pytest.Item]:
    """Give tests by file and number."""
    names = {"e": f"{LONG[0]}test_", "u": "tests/unit/test_"}
    items = [Item(f"{names[name[0]]}{name}.py::test_{n}") for name, many in files.items() for n in range(many)]
    return cast("list[pytest.Item]", items)


def files_of(items: list[pytest.Item]) -> list[str]:
    """Give the files in their order, each as often as it is begun."""
    found = [item.nodeid.partition("::")[0].removesuffix(".py")[-2:] for item in items]
    return [name for name, before in zip(found, ["", *found], strict=False) if name != before]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_every_test_is_dealt_once_and_every_file_is_left_whole(workers: int) -> None:
    items = given(e1=2, e2=1, e3=3, u1=9, u2=2, u3=4)
    dealing = dealt(items, workers)
    assert sorted(one.nodeid for one in dealing) == sorted(one.nodeid for one in items)
    assert sorted(files_of(dealing)) == ["e1", "e2", "e3", "u1", "u2", "u3"]


def test_each_share_begins_with_long_ones() -> None:
    assert files_of(dealt(given(u1=3, e1=1, e2=1, u2=3, e3=1, e4=1), 2)) == ["e1", "e3", "u1", "e2", "e4", "u2"]
    assert files_of(dealt(given(u1=1, e1=1), 1)) == ["e1", "u1"]
