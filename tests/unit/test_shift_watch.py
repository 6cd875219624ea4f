"""The watch of a shift at the desk: pictures cost a case no time, and give it none."""

from tests.support.shift.turn import looking_s


def test_only_what_was_looked_at_while_the_case_stood_is_taken_off() -> None:
    looked = [(10.0, 11.0), (12.0, 14.0), (20.0, 25.0)]
    assert looking_s(looked, 30.0) == 8.0
    assert looking_s(looked, 13.0) == 2.0
    assert looking_s(looked, 15.0) == 3.0
    assert looking_s([], 15.0) == 0.0
