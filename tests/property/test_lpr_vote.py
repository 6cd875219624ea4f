"""What must never happen in a vote."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lpr.vote import Ballot, decide, distance, vote
from scada.model.plate import Alternative, Plate, PlateRead
from tests.support.lpr import ballot

TEXTS = ("京A12345", "京A1234S", "京B12345", "沪C67890", "粤BD12345", "京ABCD12")
besides = st.lists(st.builds(Alternative, st.sampled_from(TEXTS).map(Plate), st.floats(0, 0.5)), max_size=2)
looks = st.builds(
    lambda text, others, prob, eye, early, x, width: replace(
        ballot(text, prob, eye=eye, early=early, x=x, width=width), others=tuple(others)
    ),
    st.sampled_from(TEXTS),
    besides,
    st.floats(0, 1),
    st.sampled_from(("front", "rear", "unit")),
    st.booleans(),
    st.floats(0, 1280),
    st.floats(60, 300),
)
ballots = st.lists(looks, max_size=12)
at_one_place = st.builds(ballot, st.sampled_from(TEXTS), st.floats(0, 1))


@given(ballots=ballots, gate=st.floats(0.01, 1), agreeing=st.integers(1, 4))
def test_a_read_always_has_enough_agreeing_looks_over_the_gate(
    ballots: list[Ballot], gate: float, agreeing: int
) -> None:
    answer = decide(ballots, len(ballots), None, gate, agreeing)
    if isinstance(answer, PlateRead):
        same = [one for one in ballots if one.text == answer.text]
        assert len(same) >= answer.agreeing >= agreeing
        assert max(one.surety for one in same) >= answer.confidence >= gate
        assert any(not one.early for one in same)
        assert all(other.text != answer.text for other in answer.alternatives)


@given(ballots=ballots)
def test_the_winner_is_a_string_that_was_read_since_the_car_stands_there(ballots: list[Ballot]) -> None:
    outcome = vote(ballots)
    assert (outcome is None) == all(one.early for one in ballots)
    if outcome is not None:
        assert outcome.best.text in {one.text for one in ballots if not one.early}
        assert 1 <= outcome.best.agreeing <= len(ballots)
        assert all(0 <= other.probability <= 1 for other in outcome.alternatives)
        assert outcome.rival is None or outcome.rival.text != outcome.best.text


@given(data=st.data(), ballots=ballots)
def test_the_order_of_the_ballots_does_not_matter(data: st.DataObject, ballots: list[Ballot]) -> None:
    assert vote(data.draw(st.permutations(ballots))) == vote(ballots)


@given(ballots=st.lists(at_one_place, max_size=12), gate=st.floats(0.01, 1), agreeing=st.integers(1, 4))
def test_one_more_agreeing_look_never_lowers_anything(ballots: list[Ballot], gate: float, agreeing: int) -> None:
    before = vote(ballots)
    if before is None:
        return
    one_more = next(one for one in ballots if one.text == before.best.text)
    after = vote([*ballots, one_more])
    assert after is not None
    assert after.best.text == before.best.text
    assert after.best.total >= before.best.total
    assert after.best.confidence >= before.best.confidence
    assert after.best.agreeing == before.best.agreeing + 1
    assert after.is_sure(gate, agreeing) >= before.is_sure(gate, agreeing)


@given(ballots=ballots, others=st.lists(looks, max_size=12))
def test_another_cars_ballots_never_count_for_this_one(ballots: list[Ballot], others: list[Ballot]) -> None:
    """Whatever else was read: the winner's sum and looks come from ballots that can be its own car's."""
    ours = [one for one in ballots if one.text in ("京A12345", "京A1234S", "京B12345")]
    strangers = [one for one in others if one.text in ("沪C67890", "粤BD12345")]
    mixed, alone = vote([*ours, *strangers]), vote(ours)
    if mixed is not None and distance(mixed.best.text, "京A12345") <= 1:
        assert alone is not None
        assert mixed.best == alone.best
