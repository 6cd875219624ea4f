"""What a reader says of one plate in one frame: plain values, known to the reader and to the vote."""

from dataclasses import dataclass

from scada.model.plate import Alternative, Plate, PlateColour, PlateKind

Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
"""Top left, top right, bottom right, bottom left, in pixels of the frame."""


@dataclass(frozen=True, slots=True)
class PlateGuess:
    """One plate in one frame.

    `sign_probs` has one probability a sign; `score` is the log of the path under the grammar;
    `width_px` is the plate's width in the frame; `detection` is the detector's own score. A back end that does
    not look at single signs leaves `sign_probs` empty: `reported` is its one figure, a mean, which passes no gate,
    and `calibrated` what the site has found that figure to be worth, 0 until then. `alternatives` are the next
    strings, best first, each with the product of its sign probabilities.
    """

    text: Plate
    sign_probs: tuple[float, ...]
    score: float
    kind: PlateKind
    colour: PlateColour
    layers: int
    corners: Corners
    width_px: float
    detection: float
    back_end: str
    reported: float = 0.0
    calibrated: float = 0.0
    alternatives: tuple[Alternative, ...] = ()

    @property
    def min_prob(self) -> float:
        """The weakest sign: the only figure that may pass a gate (`lpr.md` §4)."""
        return min(self.sign_probs, default=self.calibrated)

    @property
    def mean_prob(self) -> float:
        """The mean sign: good enough to choose between candidates of one plate, never for a gate."""
        return sum(self.sign_probs) / len(self.sign_probs) if self.sign_probs else self.reported

    @property
    def weight(self) -> float:
        """The product of the sign probabilities: what this guess adds to a vote."""
        product = 1.0
        for probability in self.sign_probs:
            product *= probability
        return product if self.sign_probs else self.calibrated

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of the plate in the frame."""
        return sum(x for x, _ in self.corners) / 4, sum(y for _, y in self.corners) / 4
