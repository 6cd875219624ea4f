"""Which tags other systems may read, and what each holds (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase

from plc.map.mapped import MappedTag
from plc.registers import Kind
from scada.engine.lanetags import PERSONAL
from scada.model.tag import Access, Shape, TagName, TagSpec, lane_of, point_of

_SHAPES = {Shape.BOOL: Kind.BOOL, Shape.WHOLE: Kind.I64, Shape.NUMBER: Kind.F64, Shape.TEXT: Kind.STRING}
_OWN_KINDS = {
    "camera.ok": Kind.BOOL,
    "plate.confidence": Kind.F64,
    "plate.agreeing": Kind.I32,
    "quote.due_fen": Kind.I32,
    "quote.minutes": Kind.I32,
    "box.events": Kind.I32,
    "box.tags": Kind.I32,
}
"""What the server's own tags of a lane hold, where it is no text and their specification does not say."""
_COUNTS = ("zone", "site")
_BROKEN = "site.plant_lag_ms"


@dataclass(frozen=True, slots=True)
class Served:
    """One tag as others see it, in engineering units. A `kind` is never a command."""

    name: TagName
    kind: Kind
    unit: str = ""
    description: str = ""
    description_zh: str = ""

    def as_json(self) -> dict[str, object]:
        """Write it for the bridge."""
        return {**asdict(self), "kind": self.kind.value}


def served(
    specs: Iterable[TagSpec], mapped: Mapping[TagName, MappedTag], patterns: Sequence[str]
) -> dict[TagName, Served]:
    """Give the tags that a pattern names and that may leave the house: none that says who somebody is."""
    return {
        spec.name: Served(
            spec.name, _kind(spec, mapped.get(spec.name)), spec.unit, spec.description, spec.description_zh
        )
        for spec in specs
        if may_be_served(spec) and any(fnmatchcase(spec.name, pattern) for pattern in patterns)
    }


def may_be_served(spec: TagSpec) -> bool:
    """Say whether a tag may leave the house at all."""
    return spec.access is not Access.WRITE and point_of(spec.name) not in PERSONAL


def from_json(row: object) -> Served:
    """Read what `as_json` wrote. Raises TypeError or ValueError for anything else."""
    if not isinstance(row, dict):
        raise TypeError(f"{row!r} is no served tag")
    return Served(**{**row, "kind": Kind(row.get("kind"))})


def _kind(spec: TagSpec, tag: MappedTag | None) -> Kind:
    """Say what a tag holds; a scaled number is a broken one, whatever the device holds."""
    if tag is None or not spec.device:
        return _SHAPES[spec.shape] if spec.shape is not None else _own_kind(spec.name)
    is_scaled = tag.kind.is_number and (tag.scaling.scale != 1.0 or tag.scaling.offset != 0.0)
    return Kind.F64 if is_scaled else tag.kind


def _own_kind(name: TagName) -> Kind:
    if name == _BROKEN:
        return Kind.F64
    return Kind.I32 if lane_of(name) in _COUNTS else _OWN_KINDS.get(point_of(name), Kind.STRING)
