"""What must never happen in a vote."""

from hypothesis import given
from hypothesis import strategies as st

from lpr.reader.guess import PlateGuess
from lpr.vote import decide, vote
from scada.model.plate import PlateRead
from tests.support.lpr import guess

TEXTS = ("京A12345", "京A1234S", "京B12345", "沪C67890", "粤BD12345", "京ABCD12")
guesses = st.builds(
    lambda text, prob, x, width: guess(text, prob, x=x, width=width),
    st.sampled_from(TEXTS),
    st.floats(0, 1),
    st.floats(0, 1280),
    st.floats(60, 300),
)
frames = st.lists(st.none() | guesses, max_size=12)


@given(frames=frames, gate=st.floats(0.01, 1), agreeing=st.integers(1, 4))
def test_a_read_always_has_enough_agreeing_frames_over_the_gate(
    frames: list[PlateGuess | None], gate: float, agreeing: int
) -> None:
    answer = decide(frames, None, gate, agreeing)
    if isinstance(answer, PlateRead):
        same = [one for one in frames if one is not None and one.text == answer.text]
        assert len(same) >= answer.agreeing >= agreeing
        assert max(one.min_prob for one in same) >= answer.confidence >= gate
        assert all(other.text != answer.text for other in answer.alternatives)


@given(frames=frames)
def test_the_winner_is_a_string_that_was_read(frames: list[PlateGuess | None]) -> None:
    outcome = vote(frames)
    assert (outcome is None) == all(one is None for one in frames)
    if outcome is not None:
        assert frames[outcome.best_frame] is outcome.best
        assert 1 <= outcome.agreeing <= outcome.frames == len(frames)
        assert all(0 <= other.probability <= 1 for other in outcome.alternatives)


@given(frames=frames)
def test_one_more_agreeing_frame_never_lowers_the_confidence(frames: list[PlateGuess | None]) -> None:
    before = vote(frames)
    if before is not None:
        after = vote([*frames, before.best])
        assert after is not None
        assert after.best.text == before.best.text
        assert after.confidence >= before.confidence
