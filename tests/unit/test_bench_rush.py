"""The bench of fifty browsers judges what it saw: each limit alone makes it fail."""

from collections import Counter
from dataclasses import replace

import pytest

from tests.bench.rush import Memory, Rush, wrong_with
from tests.bench.screens import Ages, share_of


def good() -> Rush:
    """Give a run in which every limit was kept."""
    memory = [Memory(60.0 * minute, 130.0, 160.0, 8.0, 13.0) for minute in range(60)]
    return Rush(3600.0, Counter({90: 98, 240: 2}), Counter({100: 98, 240: 2}), [5.0, 6.0], [2.0], memory)


def test_a_run_that_kept_every_limit_is_good() -> None:
    assert wrong_with(good(), hour=True) == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"sockets": Counter({90: 97, 260: 3})}, "sockets"),
        ({"page": Counter({90: 97, 260: 3})}, "page"),
        ({"page": Counter[int]()}, "page"),
        ({"lags_ms": [23.0, 24.0]}, "lag"),
        ({"lags_ms": []}, "lag"),
        ({"lost": 1}, "lost"),
        ({"losses": 1}, "lost"),
    ],
)
def test_each_limit_alone_makes_it_fail(change: dict[str, object], word: str) -> None:
    (wrong,) = wrong_with(replace(good(), **change), hour=True)  # type: ignore[arg-type]
    assert word in wrong


def test_what_the_machine_itself_is_late_is_not_the_plant_s_lag() -> None:
    assert wrong_with(replace(good(), lags_ms=[65.0], bare_ms=[50.0]), hour=True) == []


def test_memory_that_grows_all_the_time_is_seen_in_an_hour_and_not_in_two_minutes() -> None:
    growing = replace(good(), memory=[Memory(60.0 * m, 130.0 + m, 160.0, 8.0, 13.0) for m in range(60)])
    assert [what for what in wrong_with(growing, hour=True) if "memory" in what]
    assert wrong_with(growing, hour=False) == []


def test_what_a_screen_finds_at_first_is_no_edge_and_each_edge_counts_once() -> None:
    ages = Ages()
    for value, now_s in ((1_000_000, 5.0), (2_000_000, 2.05), (2_000_000, 2.3), (3_000_000, 3.1)):
        ages.note("edge.s00", value, now_s)
    assert ages.by_ms == {50: 1, 100: 1}
    ages.anew()
    ages.note("edge.s00", 4_000_000, 9.0)
    assert ages.by_ms.total() == 2


@pytest.mark.parametrize(("share", "ms"), [(0.5, 10.0), (0.98, 10.0), (0.99, 300.0), (1.0, 300.0)])
def test_a_share_of_all_is_at_most_so_old(share: float, ms: float) -> None:
    assert share_of(Counter({10: 98, 300: 2}), share) == ms


def test_nothing_has_no_age() -> None:
    assert share_of(Counter[int](), 0.99) == 0.0
