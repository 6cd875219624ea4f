"""From the looks of one passage to one plate: a pure decision (`lpr.md` §5).

Frames of all cameras and reads that units push are ballots of one vote. For each string the products of its sign
probabilities are added up; the largest sum wins. The confidence is the best minimum sign probability of that string.
Ballots of different cars must not mix, so they are grouped first, by text and by place. What was seen before the car
stood on the loop supports what is seen after it, and counts for nothing alone: it may be the car before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import fsum

from lpr.reader.grammar import is_suspicious
from lpr.reader.guess import PlateGuess
from scada.model.names import PictureId
from scada.model.plate import Alternative, Plate, PlateColour, PlateKind, PlateRead, PlateUnread

SETTLED_SUM = 2.0
SETTLED_SIGN = 0.9
"""A string whose sum and best weakest sign are as large ends the looking (`lpr.md` §5)."""
_NEAREST_SHARE = 0.75
"""Plates almost as wide as the widest one compete with it; narrower ones are of cars behind."""
_DRIFT_WIDTHS = 4.0
"""How far a plate may wander between two frames that show the same car, in widths of the plate."""
_RIVAL_SHARE = 0.5
"""A second string that would do, and has half the winner's sum, makes both doubtful."""
_MOST_ALTERNATIVES = 5


@dataclass(frozen=True, slots=True)
class Place:
    """Where a plate stands in its camera's frame, in pixels."""

    x: float
    y: float
    width: float


@dataclass(frozen=True, slots=True)
class Ballot:
    """One look at one plate. `eye`: the camera or unit that looked; `looks`: for how many frames it counts.

    `weight` goes into the sum, `surety` is what may pass the gate. `early`: seen before the car stood on the loop.
    """

    eye: str
    text: Plate
    kind: PlateKind
    colour: PlateColour
    weight: float
    surety: float
    place: Place | None = None
    early: bool = False
    looks: int = 1
    others: tuple[Alternative, ...] = ()
    """What else the same look may show, on the scale of `weight`."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One string of one car, with all that speaks for it."""

    text: Plate
    kind: PlateKind
    colour: PlateColour
    total: float
    confidence: float
    agreeing: int
    eye: str
    """Who has seen it best."""

    def is_good(self, gate: float, agreeing: int) -> bool:
        """Say whether it may be acted on. A string that no plate is known to have needs twice the looks."""
        needed = agreeing * 2 if is_suspicious(self.text, self.kind) else agreeing
        return self.agreeing >= needed and self.confidence >= gate


@dataclass(frozen=True, slots=True)
class Vote:
    """The outcome: the winner, the strongest other string of this car or another, and what else was read."""

    best: Candidate
    rival: Candidate | None
    alternatives: tuple[Alternative, ...]

    def is_sure(self, gate: float, agreeing: int) -> bool:
        """Say whether the read may be acted on: it is good, and no other string is good beside it."""
        return self.best.is_good(gate, agreeing) and not self.is_doubted(gate, agreeing)

    def is_doubted(self, gate: float, agreeing: int) -> bool:
        """Say whether another string would do as well, of this car or of another one."""
        rival = self.rival
        return rival is not None and rival.is_good(gate, agreeing) and rival.total >= _RIVAL_SHARE * self.best.total

    def is_settled(self, gate: float, agreeing: int) -> bool:
        """Say whether more frames are not worth their time."""
        best = self.best
        return self.is_sure(gate, agreeing) and best.total >= SETTLED_SUM and best.confidence >= SETTLED_SIGN


def ballot_of(eye: str, guess: PlateGuess, *, early: bool = False) -> Ballot:
    """Make a ballot of what a reader says of one frame."""
    (x, y), width = guess.centre, guess.width_px
    place = Place(x, y, width)
    others = guess.alternatives
    return Ballot(eye, guess.text, guess.kind, guess.colour, guess.weight, guess.min_prob, place, early, others=others)


def nearest(guesses: Iterable[PlateGuess], region: Sequence[tuple[float, float]], least_px: float) -> PlateGuess | None:
    """Choose the car before this boom: in the lane's polygon (pixels; empty is everywhere), wide enough, the nearest.

    The nearest is as good as the widest, and of those it stands lowest in the picture.
    """
    here = [guess for guess in guesses if guess.width_px >= least_px and (not region or inside(guess.centre, region))]
    widest = max((guess.width_px for guess in here), default=0.0)
    near = (guess for guess in here if guess.width_px >= _NEAREST_SHARE * widest)
    return max(near, key=lambda guess: (max(y for _, y in guess.corners), guess.weight), default=None)


def why_none(guesses: Sequence[PlateGuess], region: Sequence[tuple[float, float]], least_px: float) -> str:
    """Say why none of the plates in a frame counts; empty if there is none."""
    here = [guess.width_px for guess in guesses if not region or inside(guess.centre, region)]
    if here:
        return f"a plate is too small: {max(here):.0f} of {least_px:.0f} px"
    return "a plate is outside the region" if guesses else ""


def inside(point: tuple[float, float], polygon: Sequence[tuple[float, float]]) -> bool:
    """Say whether a point lies in a polygon: a ray to the right crosses its sides an odd number of times."""
    x, y = point
    odd = False
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            odd = not odd
    return odd


def vote(ballots: Sequence[Ballot]) -> Vote | None:
    """Decide over all ballots of one passage, in whatever order they came; None if nothing was seen of its own car."""
    groups = [group for group in _groups(ballots) if any(not ballot.early for ballot in group)]
    if not groups:
        return None
    cars = sorted(groups, key=lambda group: (_weight(group), len(group), _order(_candidates(group)[0])))
    candidates = [candidate for car in reversed(cars) for candidate in _candidates(car)]
    best = candidates[0]
    rival = max((other for other in candidates if other.text != best.text), key=_order, default=None)
    return Vote(best, rival, _alternatives([ballot for group in groups for ballot in group], best.text))


def decide(
    ballots: Sequence[Ballot], frames: int, picture: PictureId | None, gate: float, agreeing: int
) -> PlateRead | PlateUnread:
    """Say what the lane hears once the window is over. Under the gate it is unread: never guess.

    `frames` counts what cameras have looked at since the car stood there.
    """
    outcome = vote(ballots)
    if outcome is None:
        return PlateUnread("no plate seen" if frames else "no fresh frame", picture, frames)
    early = sum(ballot.early for ballot in ballots)
    read = _as_read(outcome, max(frames + early, outcome.best.agreeing), picture)
    if outcome.is_sure(gate, agreeing):
        return read
    return PlateUnread(_why(outcome, gate, agreeing, read.frames), picture, frames, read)


def distance(one: str, other: str) -> int:
    """Count the signs to change, add or drop between two strings (Levenshtein)."""
    above = list(range(len(other) + 1))
    for row, sign in enumerate(one, 1):
        line = [row]
        for column, against in enumerate(other, 1):
            line.append(min(above[column] + 1, line[-1] + 1, above[column - 1] + (sign != against)))
        above = line
    return above[-1]


def _as_read(outcome: Vote, frames: int, picture: PictureId | None) -> PlateRead:
    best = outcome.best
    return PlateRead(
        text=best.text,
        kind=best.kind,
        colour=best.colour,
        confidence=best.confidence,
        agreeing=best.agreeing,
        frames=frames,
        picture=picture,
        alternatives=outcome.alternatives,
    )


def _why(outcome: Vote, gate: float, agreeing: int, frames: int) -> str:
    best = outcome.best
    if best.confidence < gate:
        return f"a sign is too faint: {best.confidence:.2f} of {gate:.2f}"
    if outcome.is_doubted(gate, agreeing):
        return "two plates were read, one as well as the other"
    return f"too few frames agree: {best.agreeing} of {frames}"


def _groups(ballots: Sequence[Ballot]) -> list[list[Ballot]]:
    """Put ballots together that can be the same car: at most one sign apart, and in one camera not far apart."""
    groups: list[list[Ballot]] = []
    for ballot in ballots:
        kin = [group for group in groups if any(_same_car(ballot, member) for member in group)]
        groups = [group for group in groups if group not in kin]
        groups.append([member for group in kin for member in group] + [ballot])
    return groups


def _same_car(one: Ballot, other: Ballot) -> bool:
    return _same_place(one, other) and distance(one.text, other.text) <= 1


def _same_place(one: Ballot, other: Ballot) -> bool:
    if one.eye != other.eye or one.place is None or other.place is None:
        return True
    reach = _DRIFT_WIDTHS * max(one.place.width, other.place.width)
    return (one.place.x - other.place.x) ** 2 + (one.place.y - other.place.y) ** 2 <= reach**2


def _candidates(group: Sequence[Ballot]) -> list[Candidate]:
    """Give the strings of one car that were seen since it stands there, the strongest first."""
    texts = {ballot.text for ballot in group if not ballot.early}
    named = [_candidate(text, group) for text in texts]
    return sorted(named, key=_order, reverse=True)


def _candidate(text: Plate, group: Sequence[Ballot]) -> Candidate:
    agreeing = [ballot for ballot in group if ballot.text == text]
    best = max(agreeing, key=lambda ballot: (ballot.surety, not ballot.early, ballot.weight, ballot.eye))
    return Candidate(
        text=best.text,
        kind=best.kind,
        colour=_colour(agreeing),
        total=_support(text, group),
        confidence=best.surety,
        agreeing=sum(ballot.looks for ballot in agreeing),
        eye=best.eye,
    )


def _order(candidate: Candidate) -> tuple[float, str, float, str, str]:
    """Order by strength; between equals the same one always comes first, whatever order the ballots came in."""
    return candidate.total, candidate.text, candidate.confidence, candidate.eye, candidate.colour.value


def _colour(agreeing: Sequence[Ballot]) -> PlateColour:
    """Give the colour that most of the weight says; what was not seen says nothing."""
    said = [ballot for ballot in agreeing if ballot.colour is not PlateColour.UNKNOWN]
    colours = {ballot.colour for ballot in said}
    return max(
        colours,
        key=lambda colour: (_weight([ballot for ballot in said if ballot.colour is colour]), colour.value),
        default=PlateColour.UNKNOWN,
    )


def _weight(ballots: Iterable[Ballot]) -> float:
    """Add weights up so that their order does not matter."""
    return fsum(ballot.weight for ballot in ballots)


def _support(text: Plate, ballots: Iterable[Ballot]) -> float:
    """Add up what looks say for a string, as their first word or as one of the next."""
    return fsum(said for ballot in ballots for said in _said(text, ballot))


def _said(text: Plate, ballot: Ballot) -> list[float]:
    if ballot.text == text:
        return [ballot.weight]
    return [other.probability for other in ballot.others if other.text == text]


def _alternatives(ballots: Sequence[Ballot], winner: Plate) -> tuple[Alternative, ...]:
    texts = {ballot.text for ballot in ballots} | {other.text for ballot in ballots for other in ballot.others}
    sums = {text: _support(text, ballots) for text in texts}
    total = fsum(sums.values())
    others = [Alternative(text, sums[text] / total if total else 0.0) for text in sums if text != winner]
    return tuple(sorted(others, key=lambda other: (-other.probability, other.text))[:_MOST_ALTERNATIVES])
