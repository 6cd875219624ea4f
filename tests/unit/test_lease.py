"""Who of two servers may lead, decided from values only."""

from dataclasses import replace

import pytest

from scada.model.lease import (
    Follow,
    Lease,
    Server,
    Standing,
    Take,
    Terms,
    judge,
    others,
    sighted,
    standing_of,
)

TERMS = Terms(6.0)
A, B = Server("a", "id-a", "keys", "files"), Server("b", "id-b", "keys", "files")
HELD = Lease("a", "id-a", epoch=7, beat=40, left_s=3.0, heir=None, keys="keys")


@pytest.mark.parametrize(
    ("lease", "still_s", "takes"),
    [
        (None, 0.0, True),
        (HELD, 0.0, False),
        (replace(HELD, left_s=0.001), 5.9, False),
        (replace(HELD, left_s=0.0), 6.0, True),
        (replace(HELD, left_s=-3600.0), 0.0, True),  # seen for the first time, long after its end
        (replace(HELD, left_s=3600.0), 11.9, False),  # the database's clock was set back by an hour:
        (replace(HELD, left_s=3600.0), 12.0, True),  # nobody has moved it for two lengths
        (replace(HELD, left_s=-1.0, heir="b"), 0.0, True),
        (replace(HELD, left_s=-1.0, heir="c"), 0.0, False),
        (replace(HELD, left_s=-12.0, heir="c"), 0.0, True),  # the heir never came
        (replace(HELD, left_s=3.0, heir="b"), 0.0, False),
        (replace(HELD, left_s=-60.0, keys="others"), 0.0, False),
    ],
)
def test_a_follower_takes_a_lease_only_when_it_has_ended(lease: Lease | None, still_s: float, takes: bool) -> None:
    assert isinstance(judge(lease, B, still_s, TERMS), Take) is takes


def test_a_server_that_starts_anew_takes_its_own_lease_at_once_unless_it_has_handed_over() -> None:
    assert isinstance(judge(HELD, A, 0.0, TERMS), Take)
    assert isinstance(judge(replace(HELD, left_s=0.0, heir="b"), A, 0.0, TERMS), Follow)
    assert isinstance(judge(HELD, replace(A, id="id-c"), 0.0, TERMS), Follow), "the name alone is nobody"


def test_a_leader_stops_before_its_lease_can_end_elsewhere() -> None:
    from plc.transport.waiting import LONGEST_WAIT_S

    for length_s in (5.0, 6.0, 60.0):
        terms = Terms(length_s)
        assert 2 * terms.every_s <= terms.reach_s, "one renewal may be lost"
        assert terms.reach_s + LONGEST_WAIT_S < length_s, "what was let through is sent, or never, before the end"


def test_a_lease_is_still_since_it_moved_last() -> None:
    first = sighted(None, HELD, 100.0)
    assert sighted(first, replace(HELD, left_s=1.0), 103.0).since_s == 100.0
    assert sighted(first, replace(HELD, beat=41), 103.0).since_s == 103.0
    assert sighted(first, replace(HELD, epoch=8), 103.0).since_s == 103.0


def test_another_server_is_ready_only_with_the_same_keys_and_files() -> None:
    assert others(A, []) == "missing"
    assert others(A, [B]) == "ready"
    assert others(A, [replace(B, keys="x")]) == others(A, [replace(B, files="x")]) == "differs"


def test_a_standing_is_good_until_its_end_and_on_the_same_run_of_the_machine() -> None:
    standing = Standing("leads", "a", "a", 7, 100.0, "boot")
    assert standing_of(standing.written()) == standing
    assert standing.leads(99.9, "boot")
    assert not standing.leads(100.0, "boot")
    assert not standing.leads(1.0, "another run")
    assert not replace(standing, role="follows").leads(1.0, "boot")
    assert standing_of("{") is standing_of("[]") is standing_of('{"role": 1}') is None
