"""A tag as the cells of a row, each in one canonical way: what is shown, compared and exported."""

from plc.map.mapped import MappedTag, default_role
from plc.registers import Order


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
        "pulse_ms": str(tag.pulse_ms or ""),
        "verify": tag.verify,
        "safe": "" if spec.safe is None else number(float(spec.safe)),
        "length": str(tag.length or ""),
        "description": spec.description,
        "description_zh": spec.description_zh,
    }
    return {column: text for column, text in cells.items() if text}


def number(value: float) -> str:
    """Write a number as people do: 1 and not 1.0."""
    return f"{value:.12g}"
