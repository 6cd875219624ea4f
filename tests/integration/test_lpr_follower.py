"""Two cars nose to tail, drawn and read for real: whatever frames a capture gets, it names no car it did not see."""

from dataclasses import replace

import pytest

from lpr.models import find
from lpr.process.appearance import appearance_of
from lpr.recognise import WheelReader
from lpr.sim.drawing.film import Moment, Story, film
from lpr.sim.drawing.scene import Car
from lpr.sim.drawing.styles import Style
from lpr.vote import Ballot, ballot_of, decide, nearest
from scada.model.appearance import Appearance, likeness
from scada.model.plate import Plate, PlateRead

LEADER, FOLLOWER = Plate("京A12345"), Plate("沪B67890")
FRAMES, EARLY, LIVE = 24, 3, 5
Look = tuple[Moment, Ballot | None, Appearance | None]


@pytest.fixture(scope="module")
def seen() -> list[Look]:
    """Read every frame of the film once."""
    reader, looks = WheelReader(find()), []
    for moment in film(Story.FOLLOWER, Car(LEADER, 5, Style.BLUE), Car(FOLLOWER, 6, Style.BLUE), FRAMES):
        picture = moment.draw()
        guess = nearest(reader.read(picture), (), 60)
        look = None if guess is None else appearance_of(picture, guess.corners)
        looks.append((moment, None if guess is None else ballot_of("cam", guess), look))
    return looks


def ballots(looks: list[Look], *, early: bool) -> list[Ballot]:
    return [replace(ballot, early=early) for _, ballot, _ in looks if ballot is not None]


def test_a_capture_at_any_moment_names_a_car_that_stands_in_its_own_frames(seen: list[Look]) -> None:
    named = []
    for at in range(FRAMES - LIVE + 1):
        before, after = seen[max(0, at - EARLY) : at], seen[at : at + LIVE]
        cast = [*ballots(before, early=True), *ballots(after, early=False)]
        answer = decide(cast, LIVE, None, 0.8, 2)
        if isinstance(answer, PlateRead):
            named.append(answer.text)
            assert answer.text in {moment.plate for moment, _, _ in after}, at
    assert (named[0], named[-1]) == (LEADER, FOLLOWER)


def test_the_follower_is_read_though_all_frames_from_before_show_the_leader(seen: list[Look]) -> None:
    leaders = [look for look in seen if look[0].plate == LEADER]
    followers = [look for look in seen if look[0].plate == FOLLOWER]
    cast = [*ballots(leaders, early=True), *ballots(followers[-LIVE:], early=False)]
    answer = decide(cast, LIVE, None, 0.8, 2)
    assert isinstance(answer, PlateRead)
    assert answer.text == FOLLOWER
    assert LEADER not in {other.text for other in answer.alternatives}


def test_a_car_looks_more_like_itself_than_like_the_one_behind(seen: list[Look]) -> None:
    leader = [look for moment, _, look in seen if moment.plate == LEADER and look is not None]
    follower = [look for moment, _, look in seen if moment.plate == FOLLOWER and look is not None]
    own = likeness(leader[0], leader[1])
    assert own is not None
    assert all((likeness(leader[0], other) or 0.0) < own for other in follower)
