"""What differs between two contents, place by place, with what stood there before and what stands there after. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

MISSING: Final = None
"""What stands where nothing is."""


@dataclass(frozen=True, slots=True)
class Change:
    """One place, by its keys joined with points, and what stood and stands there; None: nothing."""

    place: str
    before: object
    after: object

    def to_json(self) -> dict[str, object]:
        """Give it as JSON values."""
        return {"place": self.place, "before": self.before, "after": self.after}


def changes(before: object, after: object) -> tuple[Change, ...]:
    """Tell every place at which two JSON values differ, in the order of their keys."""
    return tuple(_changes("", before, after))


def _changes(place: str, before: object, after: object) -> Iterator[Change]:
    if _is_tree(before) and _is_tree(after):
        yield from _inside(place, _branches(before), _branches(after))
    elif _is_tree(before) and after is MISSING:
        yield from _inside(place, _branches(before), {})
    elif before is MISSING and _is_tree(after):
        yield from _inside(place, {}, _branches(after))
    elif before != after:
        yield Change(place, before, after)


def _inside(place: str, before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[Change]:
    for key in dict.fromkeys((*before, *after)):
        yield from _changes(f"{place}.{key}" if place else key, before.get(key), after.get(key))


def _is_tree(value: object) -> bool:
    """A list of plain values is one value; tables, and lists of tables, are looked into."""
    if isinstance(value, Mapping):
        return bool(value)
    return isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value)


def _branches(value: object) -> Mapping[str, object]:
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    assert isinstance(value, list | tuple)  # noqa: S101 - `_is_tree` said so
    return {str(number): item for number, item in enumerate(value, start=1)}
