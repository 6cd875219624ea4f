"""Going back to a former map: alone only to undo what has just come into use."""

from datetime import timedelta
from pathlib import Path

import pytest

from scada.maps.back import ALONE_FOR, WHY_SECOND, why_second
from scada.store.mapversions import MapVersions, Newly
from tests.support.lane import START

NEWLY = Newly(5, 4, START)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("number", "newly", "after", "why"),
    [
        (4, NEWLY, timedelta(0), ""),
        (4, NEWLY, ALONE_FOR, ""),
        (4, NEWLY, ALONE_FOR + SECOND, WHY_SECOND),
        (4, NEWLY, -SECOND, WHY_SECOND),
        (3, NEWLY, SECOND, WHY_SECOND),
        (4, None, SECOND, WHY_SECOND),
        (4, Newly(6, 4, START), SECOND, WHY_SECOND),
        (5, None, SECOND, ""),
    ],
)
def test_one_person_undoes_what_has_just_come_and_goes_no_further(
    number: int, newly: Newly | None, after: timedelta, why: str
) -> None:
    assert why_second(number, 5, newly, START + after) == why


def test_it_is_kept_over_a_restart_what_a_new_map_replaced_and_forgotten_once_one_has_gone_back(tmp_path: Path) -> None:
    versions = MapVersions(tmp_path)
    assert versions.newly() is None
    versions.activate(1, START)
    versions.activate(2, START + SECOND)
    assert MapVersions(tmp_path).newly() == Newly(2, 1, START + SECOND)
    versions.activate(2, START + 2 * SECOND)
    assert versions.newly() == Newly(2, 1, START + SECOND)
    versions.activate(1)
    assert versions.newly() is None
