"""In which order tests run: each worker plays its share of the long ones first, and short ones fill its end.

Whole sites wait for booms half of their time, and none of them can be shared: as the last ones they would leave the
other workers without work.
"""

from collections.abc import Iterable
from itertools import groupby
from typing import Final

import pytest

LONG: Final = ("tests/e2e/", "tests/integration/installing/")


def dealt(items: Iterable[pytest.Item], workers: int) -> list[pytest.Item]:
    """Deal whole files to so many equal shares, the long ones first, and give the shares one after another."""
    files = [list(group) for _, group in groupby(items, key=_file)]
    shares: list[list[pytest.Item]] = [[] for _ in range(max(workers, 1))]
    for file in sorted(files, key=lambda file: not _file(file[0]).startswith(LONG)):
        min(shares, key=len).extend(file)
    return [item for share in shares for item in share]


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
