"""From the guesses of several frames to one plate: a pure decision (`lpr.md` §5).

For each string the products of its sign probabilities are added up; the largest sum wins. The
confidence is the best minimum sign probability of that string. Guesses of different cars must not
mix, so they are grouped first, by text and by place.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lpr.reader.grammar import is_suspicious
from lpr.reader.guess import PlateGuess
from scada.model.names import PictureId
from scada.model.plate import Alternative, Plate, PlateRead, PlateUnread

_NEAREST_SHARE = 0.85
"""Plates almost as wide as the widest one compete with it; narrower ones are a neighbour's."""
_DRIFT_WIDTHS = 4.0
"""How far a plate may wander between two frames that show the same car, in widths of the plate."""
_MOST_ALTERNATIVES = 5


@dataclass(frozen=True, slots=True)
class Vote:
    """The outcome: the winning string's best guess and its frame's number, and the other strings."""

    best: PlateGuess
    best_frame: int
    agreeing: int
    frames: int
    alternatives: tuple[Alternative, ...]

    @property
    def confidence(self) -> float:
        """The best minimum sign probability of the winning string."""
        return self.best.min_prob

    def is_sure(self, gate: float, agreeing: int) -> bool:
        """Say whether the read may be acted on. A string that no plate is known to have needs twice the frames."""
        needed = agreeing * 2 if is_suspicious(self.best.text, self.best.kind) else agreeing
        return self.agreeing >= needed and self.confidence >= gate

    def as_read(self, picture: PictureId | None) -> PlateRead:
        """Put the outcome into the words of a lane."""
        return PlateRead(
            text=self.best.text,
            kind=self.best.kind,
            colour=self.best.colour,
            confidence=self.confidence,
            agreeing=self.agreeing,
            frames=self.frames,
            picture=picture,
            alternatives=self.alternatives,
        )


@dataclass(frozen=True, slots=True)
class _Ballot:
    frame: int
    guess: PlateGuess


def nearest(guesses: Iterable[PlateGuess], region: Sequence[tuple[float, float]], least_px: float) -> PlateGuess | None:
    """Choose the car before this boom: in the lane's polygon (pixels; empty is everywhere), wide enough, the widest."""
    here = [guess for guess in guesses if guess.width_px >= least_px and (not region or inside(guess.centre, region))]
    widest = max((guess.width_px for guess in here), default=0.0)
    return max(
        (guess for guess in here if guess.width_px >= _NEAREST_SHARE * widest),
        key=lambda guess: guess.weight,
        default=None,
    )


def inside(point: tuple[float, float], polygon: Sequence[tuple[float, float]]) -> bool:
    """Say whether a point lies in a polygon: a ray to the right crosses its sides an odd number of times."""
    x, y = point
    odd = False
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            odd = not odd
    return odd


def vote(frames: Sequence[PlateGuess | None]) -> Vote | None:
    """Decide over the frames of one capture, in order; None if no frame gave a guess."""
    ballots = [_Ballot(number, guess) for number, guess in enumerate(frames) if guess is not None]
    if not ballots:
        return None
    group = max(_groups(ballots), key=lambda group: (sum(ballot.guess.weight for ballot in group), len(group)))
    sums = _sums(group)
    winner = max(sums, key=lambda text: (sums[text], text))
    agreeing = [ballot for ballot in group if ballot.guess.text == winner]
    best = max(agreeing, key=lambda ballot: (ballot.guess.min_prob, ballot.frame))
    return Vote(best.guess, best.frame, len(agreeing), len(frames), _alternatives(ballots, winner))


def decide(
    frames: Sequence[PlateGuess | None], picture: PictureId | None, gate: float, agreeing: int
) -> PlateRead | PlateUnread:
    """Say what the lane hears once the window is over. Under the gate it is unread: never guess."""
    if not frames:
        return PlateUnread("no fresh frame", picture)
    outcome = vote(frames)
    if outcome is None:
        return PlateUnread("no plate seen", picture, len(frames))
    read = outcome.as_read(picture)
    if outcome.is_sure(gate, agreeing):
        return read
    if outcome.confidence < gate:
        why = f"a sign is too faint: {outcome.confidence:.2f} of {gate:.2f}"
    else:
        why = f"too few frames agree: {outcome.agreeing} of {outcome.frames}"
    return PlateUnread(why, picture, len(frames), read)


def distance(one: str, other: str) -> int:
    """Count the signs to change, add or drop between two strings (Levenshtein)."""
    above = list(range(len(other) + 1))
    for row, sign in enumerate(one, 1):
        line = [row]
        for column, against in enumerate(other, 1):
            line.append(min(above[column] + 1, line[-1] + 1, above[column - 1] + (sign != against)))
        above = line
    return above[-1]


def _groups(ballots: Sequence[_Ballot]) -> list[list[_Ballot]]:
    """Put ballots together that can be the same car: at most one sign apart, and not far apart."""
    groups: list[list[_Ballot]] = []
    for ballot in ballots:
        kin = [group for group in groups if any(_same_car(ballot.guess, member.guess) for member in group)]
        groups = [group for group in groups if group not in kin]
        groups.append([member for group in kin for member in group] + [ballot])
    return groups


def _same_car(one: PlateGuess, other: PlateGuess) -> bool:
    (x1, y1), (x2, y2) = one.centre, other.centre
    reach = _DRIFT_WIDTHS * max(one.width_px, other.width_px)
    return (x1 - x2) ** 2 + (y1 - y2) ** 2 <= reach**2 and distance(one.text, other.text) <= 1


def _sums(ballots: Sequence[_Ballot]) -> dict[Plate, float]:
    sums: dict[Plate, float] = {}
    for ballot in ballots:
        sums[ballot.guess.text] = sums.get(ballot.guess.text, 0.0) + ballot.guess.weight
    return sums


def _alternatives(ballots: Sequence[_Ballot], winner: Plate) -> tuple[Alternative, ...]:
    sums = _sums(ballots)
    total = sum(sums.values())
    others = [Alternative(text, sums[text] / total if total else 0.0) for text in sums if text != winner]
    return tuple(sorted(others, key=lambda other: (-other.probability, other.text))[:_MOST_ALTERNATIVES])
