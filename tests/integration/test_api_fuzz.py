"""Whatever is asked of the API, it does not break and nobody oversteps his rights; the long form is in tests/soak."""

from tests.support.api_fuzz import ROLES, try_all


def test_the_api_neither_breaks_nor_lets_anybody_overstep_a_right() -> None:
    tried = try_all(examples=1)
    assert tried.faults == []
    assert tried.asked >= 60 * len(ROLES)
    assert {200, 403, 422} <= set(tried.statuses)
