"""What a back end's mean is worth: found on labelled pictures of a site, told as a confidence that a gate takes."""

from collections.abc import Sequence

LEAST_READS = 50
"""Fewer say nothing about one in a hundred."""
SHARES = ((0.5, 0.98), (0.8, 0.99))
"""A confidence, and the share of the reads above it that are right, as measured where single signs are looked at."""


def calibration_of(reads: Sequence[tuple[float, bool]]) -> tuple[tuple[float, float], ...]:
    """Find the means from which on the reads are as often right as a confidence asks for: (mean, confidence), rising.

    `reads`: the mean of each read, and whether it was right. Empty if no mean keeps what it promises.
    """
    points: list[tuple[float, float]] = []
    for confidence, share in SHARES:
        mean = _least_mean(reads, share)
        if mean is not None:
            points = [point for point in points if point[0] < mean]
            points.append((mean, confidence))
    return tuple(points)


def _least_mean(reads: Sequence[tuple[float, bool]], share: float) -> float | None:
    """Give the lowest mean above which so many reads are right that the share holds, with enough of them to say so."""
    least, right = None, 0
    ranked = sorted(reads, reverse=True)
    for number, (mean, is_right) in enumerate(ranked, 1):
        right += is_right
        is_last_of_its_mean = number == len(ranked) or ranked[number][0] < mean
        if number >= LEAST_READS and is_last_of_its_mean and right >= share * number:
            least = mean
    return least
