"""Whose stay is this plate? A pure decision (`lanes.md` §10): exact, else near, never "most similar" by itself.

Two near stays, or none, are a case for a person or the driver; a near one is confirmed by its picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from scada.model.plate import PROVINCES, Plate
from scada.ports import OpenStay

_CONFUSED = frozenset(frozenset(pair) for pair in ("0D", "8B", "1T", "2Z", "5S", "6G", "UV", "HN", "EF"))
_COST_CONFUSED = 0.3
_COST_PROVINCE = 0.5
_COST_OTHER = 1.0
_NEW_ENERGY_SIGNS = 8


@dataclass(frozen=True, slots=True)
class Match:
    """The stay under exactly this plate, if there is exactly one; and those one sign away, likeliest first."""

    exact: OpenStay | None
    near: tuple[OpenStay, ...]


def match(plate: Plate, stays: Sequence[OpenStay]) -> Match:
    """Look a plate up among the open stays. Several stays under the same plate are near ones: a person decides."""
    same = [stay for stay in stays if stay.plate == plate]
    if len(same) == 1:
        return Match(same[0], ())
    if same:
        return Match(None, tuple(sorted(same, key=lambda stay: stay.entered_at, reverse=True)))
    costs = [(cost, stay) for stay in stays if (cost := _cost(plate, stay.plate)) is not None]
    costs.sort(key=lambda pair: (pair[0], -pair[1].entered_at.timestamp(), pair[1].id))
    return Match(None, tuple(stay for _, stay in costs))


def _cost(read: Plate, stored: Plate) -> float | None:
    """Weigh the one difference between two plates; None if there is more than one."""
    if len(read) == len(stored):
        wrong = [(a, b) for a, b in zip(read, stored, strict=True) if a != b]
        return _substitution(*wrong[0]) if len(wrong) == 1 else None
    shorter, longer = sorted((read, stored), key=len)
    if len(longer) == _NEW_ENERGY_SIGNS and len(shorter) == len(longer) - 1 and _is_dropped(shorter, longer):
        return _COST_OTHER
    return None


def _substitution(one: str, other: str) -> float:
    if frozenset((one, other)) in _CONFUSED:
        return _COST_CONFUSED
    return _COST_PROVINCE if one in PROVINCES and other in PROVINCES else _COST_OTHER


def _is_dropped(shorter: str, longer: str) -> bool:
    return any(longer[:gap] + longer[gap + 1 :] == shorter for gap in range(len(longer)))
