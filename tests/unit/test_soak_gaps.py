"""What a soak says of points that are missing: where, and how many."""

import pytest

from tests.soak.history_kills import gaps_in


@pytest.mark.parametrize(
    ("there", "gaps"),
    [
        (range(6), []),
        (range(4), [(4, 6)]),
        (range(2, 9), [(0, 2)]),
        ({0, 3, 5}, [(1, 3), (4, 5)]),
        ((), [(0, 6)]),
    ],
)
def test_the_ranges_that_are_missing_are_told_from_first_to_behind_the_last(
    there: set[int], gaps: list[tuple[int, int]]
) -> None:
    assert list(gaps_in(there, 6)) == gaps
    assert sum(end - begin for begin, end in gaps) == len(set(range(6)) - set(there))
