"""Whose stay is this plate? A pure decision (`lanes.md` §10): exact, else near, never "most similar" by itself.

Near is one sign changed, of the same kind and colour, or one sign lost of a new-energy plate. Two near stays, or none,
are a case for a person or the driver; a near one is confirmed by its picture. What the car looks like orders the near
ones and may refuse one that looks like another car; it never makes a stay near, and never decides between two.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scada.model.appearance import likeness
from scada.model.plate import PROVINCES, Plate, PlateColour, PlateKind, PlateRead
from scada.ports import OpenStay

_CONFUSED = frozenset(frozenset(pair) for pair in ("0D", "8B", "1T", "2Z", "5S", "6G", "UV", "HN", "EF"))
"""The pairs of `lanes.md` §10."""
_COUNTED = frozenset(
    frozenset(pair)
    for pair in [
        *("0Q", "7Z", "1L", "12", "1J", "9S", "VY", "DK", "MY"),
        *("皖陕", "皖闽", "皖川", "皖琼", "皖浙", "皖苏", "皖豫", "浙湘", "粤鄂", "新赣", "新皖"),
    ]
)
"""More that readers were seen to take for one another (`lpr.md` §5)."""
_COST_CONFUSED = 0.3
_COST_COUNTED = 0.4
_COST_PROVINCE = 0.5
_COST_OTHER = 1.0
_WORTH_OF_LIKENESS = 0.4
"""From a car that is nothing like it to the very same: less than a sign of no likeness costs."""
_WORTH_OF_ALTERNATIVE = 0.5
"""Some frames have read exactly this plate."""
OTHER_CAR = 0.3
"""Two looks less alike are of two cars: none of 98 photographs was as unlike itself, dimmed, tilted and blurred."""
_NEW_ENERGY_SIGNS = 8
_GREENS = (PlateColour.GREEN, PlateColour.LIMEGREEN)


@dataclass(frozen=True, slots=True)
class Near:
    """A stay one sign away. `likeness`: how much its car looks like this one, 0 to 1; None if nobody can tell."""

    stay: OpenStay
    cost: float
    likeness: float | None

    @property
    def is_other_car(self) -> bool:
        """Say whether its car clearly looks different."""
        return self.likeness is not None and self.likeness < OTHER_CAR


@dataclass(frozen=True, slots=True)
class Match:
    """The stay under exactly this plate, if there is exactly one; and those one sign away, likeliest first."""

    exact: OpenStay | None
    near: tuple[Near, ...]

    @property
    def doubt(self) -> str:
        """Why the only near one must not be offered as if it were the car's own; empty if it may."""
        only = self.near[0] if self.exact is None and len(self.near) == 1 else None
        return "the car of the only near stay looks different" if only is not None and only.is_other_car else ""


def match(read: PlateRead, stays: Sequence[OpenStay]) -> Match:
    """Look a plate up among the open stays. Several stays under the same plate are near ones: a person decides."""
    same = [stay for stay in stays if stay.plate == read.text]
    if len(same) == 1:
        return Match(same[0], ())
    if same:
        return Match(None, _ranked(Near(stay, 0.0, _likeness(read, stay)) for stay in same))
    costs = [(stay, cost) for stay in stays if (cost := _cost(read, stay)) is not None]
    said = {alternative.text: alternative.probability for alternative in read.alternatives}
    worth = {text: _WORTH_OF_ALTERNATIVE * probability for text, probability in said.items()}
    found = (Near(stay, cost - worth.get(stay.plate, 0.0), _likeness(read, stay)) for stay, cost in costs)
    return Match(None, _ranked(found))


def ranked(read: PlateRead, stays: Sequence[OpenStay]) -> list[tuple[OpenStay, float | None]]:
    """Order all stays for a person who looks for a car's own: exact, near, then by looks, then the latest."""
    found = match(read, stays)
    first = ([found.exact] if found.exact is not None else []) + [one.stay for one in found.near]
    seen = {stay.id: _likeness(read, stay) for stay in stays}
    others = [stay for stay in stays if stay not in first]
    others.sort(key=lambda stay: (-(seen[stay.id] or 0.0), -stay.entered_at.timestamp(), stay.id))
    return [(stay, seen[stay.id]) for stay in (*first, *others)]


def _ranked(found: Iterable[Near]) -> tuple[Near, ...]:
    return tuple(sorted(found, key=lambda one: (_rank(one), -one.stay.entered_at.timestamp(), one.stay.id)))


def _rank(one: Near) -> float:
    """Weigh the sign against the looks; a car of which there is no look stands in the middle."""
    alike = 0.5 if one.likeness is None else one.likeness
    return one.cost - _WORTH_OF_LIKENESS * alike


def _likeness(read: PlateRead, stay: OpenStay) -> float | None:
    return likeness(read.appearance, stay.appearance) if read.appearance and stay.appearance else None


def _cost(read: PlateRead, stay: OpenStay) -> float | None:
    """Weigh the one difference between two plates; None if there is more than one, or kind or colour speak against."""
    if _is_other_colour(read.colour, stay.colour):
        return None
    if len(read.text) == len(stay.plate):
        wrong = [(a, b) for a, b in zip(read.text, stay.plate, strict=True) if a != b]
        return _substitution(*wrong[0]) if len(wrong) == 1 and not _is_other_kind(read.kind, stay.kind) else None
    shorter, longer = sorted((read.text, stay.plate), key=len)
    short_colour = read.colour if len(read.text) < len(stay.plate) else stay.colour
    is_green = short_colour in (*_GREENS, PlateColour.UNKNOWN)
    if is_green and len(longer) == _NEW_ENERGY_SIGNS == len(shorter) + 1 and _is_dropped(shorter, longer):
        return _COST_OTHER
    return None


def _is_other_kind(one: PlateKind, other: PlateKind) -> bool:
    return PlateKind.UNKNOWN not in (one, other) and one is not other


def _is_other_colour(one: PlateColour, other: PlateColour) -> bool:
    both_green = one in _GREENS and other in _GREENS
    return PlateColour.UNKNOWN not in (one, other) and one is not other and not both_green


def _substitution(one: str, other: str) -> float:
    pair = frozenset((one, other))
    if pair in _CONFUSED:
        return _COST_CONFUSED
    if pair in _COUNTED:
        return _COST_COUNTED
    return _COST_PROVINCE if one in PROVINCES and other in PROVINCES else _COST_OTHER


def _is_dropped(shorter: Plate, longer: Plate) -> bool:
    return any(longer[:gap] + longer[gap + 1 :] == shorter for gap in range(len(longer)))
