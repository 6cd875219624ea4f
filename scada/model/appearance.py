"""What a car looks like, as a few numbers, and how alike two looks are: second evidence, never a name."""

from collections.abc import Iterable, Sequence
from math import sqrt
from typing import NewType

Appearance = NewType("Appearance", str)
"""Shares of the paint's colours, then the strengths of edges cell by cell, a byte each, in hex."""

NO_LOOK = Appearance("")
COLOURS = 16
"""Twelve hues and four greys."""
_SIZES = (COLOURS, 48)
_MOST = 255
_PAINT, _SHAPE = 0.5, 0.5


def written(colours: Iterable[float], shape: Iterable[float]) -> Appearance:
    """Write a look down: each part scaled to its own largest number."""
    return Appearance(bytes([*_scaled(colours), *_scaled(shape)]).hex())


def likeness(one: Appearance, other: Appearance) -> float | None:
    """Say how alike two looks are, 0 to 1; None where one of them is no look."""
    ours, theirs = _parts(one), _parts(other)
    if ours is None or theirs is None:
        return None
    return _PAINT * _overlap(ours[0], theirs[0]) + _SHAPE * _cosine(ours[1], theirs[1])


def _scaled(numbers: Iterable[float]) -> list[int]:
    kept = [max(0.0, number) for number in numbers]
    most = max(kept, default=0.0)
    return [round(_MOST * number / most) if most else 0 for number in kept]


def _parts(look: Appearance) -> tuple[bytes, bytes] | None:
    try:
        content = bytes.fromhex(look)
    except ValueError:
        return None
    return (content[:COLOURS], content[COLOURS:]) if len(content) == sum(_SIZES) else None


def _overlap(one: Sequence[int], other: Sequence[int]) -> float:
    """Add up what two sets of shares have in common."""
    all_one, all_other = sum(one), sum(other)
    if not all_one or not all_other:
        return 0.0
    return sum(min(a / all_one, b / all_other) for a, b in zip(one, other, strict=True))


def _cosine(one: Sequence[int], other: Sequence[int]) -> float:
    """Compare two patterns whatever their strength; what both have everywhere counts for nothing."""
    ours, theirs = _centred(one), _centred(other)
    size = sqrt(sum(a * a for a in ours) * sum(b * b for b in theirs))
    return max(0.0, sum(a * b for a, b in zip(ours, theirs, strict=True)) / size) if size else 0.0


def _centred(numbers: Sequence[int]) -> list[float]:
    mean = sum(numbers) / len(numbers)
    return [number - mean for number in numbers]
