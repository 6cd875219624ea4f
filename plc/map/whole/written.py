"""A tag as the cells of a row, each in one canonical way: what is shown, compared and exported."""

from plc.map.mapped import DerivedTag, MappedTag, TagMap, default_role
from plc.map.tagrow import READBACK
from plc.registers import Order
from scada.model.tag import Acknowledged, TagName, TagSpec, Verify


def all_cells(tag_map: TagMap) -> dict[TagName, dict[str, str]]:
    """Give the columns of all tags, those with a formula last."""
    read = {tag.name: cells_of(tag) for tag in tag_map.tags}
    return read | {tag.name: cells_of_derived(tag) for tag in tag_map.derived}


def cells_of(tag: MappedTag) -> dict[str, str]:
    """Give the columns of a tag that are not blank or at their default."""
    spec, scaling = tag.spec, tag.scaling
    limits = {"lo": scaling.lo, "hi": scaling.hi}
    stale_s = None if spec.stale_s == tag.scan.stale_s else spec.stale_s
    cells = {
        "tag": str(tag.name),
        "device": spec.device,
        "address": str(tag.address),
        "type": tag.kind.value,
        "order": "" if tag.order is Order.ABCD else tag.order.value,
        "access": spec.access.value,
        "class": tag.scan.value,
        "scale": "" if scaling.scale == 1.0 else number(scaling.scale),
        "offset": "" if scaling.offset == 0.0 else number(scaling.offset),
        "unit": spec.unit,
        **{column: "" if limit is None else number(limit) for column, limit in limits.items()},
        "deadband": number(spec.deadband) if spec.deadband else "",
        "role": "" if tag.role == default_role(tag.name) else tag.role,
        "invert": "1" if scaling.invert else "",
        "stale_ms": "" if stale_s is None else number(stale_s * 1000),
        "pulse_ms": number(spec.pulse_s * 1000) if spec.pulse_s else "",
        "verify": _verify(spec.verify),
        "safe": _safe(spec),
        "length": str(tag.length or ""),
        "debounce_ms": number(spec.debounce_s * 1000) if spec.debounce_s else "",
        "description": spec.description,
        "description_zh": spec.description_zh,
    }
    return {column: text for column, text in cells.items() if text}


def cells_of_derived(tag: DerivedTag) -> dict[str, str]:
    """Give the columns of a derived tag that are not blank or at their default."""
    spec = tag.spec
    limits = {"lo": spec.lo, "hi": spec.hi}
    cells = {
        "tag": str(tag.name),
        "type": tag.kind.value,
        "unit": spec.unit,
        **{column: "" if limit is None else number(limit) for column, limit in limits.items()},
        "deadband": number(spec.deadband) if spec.deadband else "",
        "role": "" if spec.role == default_role(tag.name) else spec.role,
        "safe": _safe(spec),
        "expr": spec.formula,
        "description": spec.description,
        "description_zh": spec.description_zh,
    }
    return {column: text for column, text in cells.items() if text}


def _verify(verify: Verify) -> str:
    match verify:
        case Acknowledged():
            return "ack"
        case _:
            return f"{READBACK}{verify.by}" if verify.by else ""


def _safe(spec: TagSpec) -> str:
    return "" if spec.safe is None else number(float(spec.safe))


def number(value: float) -> str:
    """Write a number as people do: 1 and not 1.0."""
    return f"{value:.12g}"
