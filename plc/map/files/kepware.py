"""Tags as Kepware's server exports them: one CSV a device, addresses counted from 1, the word order left out."""

import csv
import io
import re
from collections.abc import Iterable, Iterator

from plc.map.addresses import Area, Register
from plc.map.files.foreign import Given, Note, Taken, class_of, our_name, row_of
from plc.map.mapped import MappedTag
from plc.map.sheet import Row, Sheet
from plc.registers import Kind
from scada.model.digits import whole_of
from scada.model.tag import Access

HEADS = (
    "Tag Name",
    "Address",
    "Data Type",
    "Respect Data Type",
    "Client Access",
    "Scan Rate",
    "Scaling",
    "Raw Low",
    "Raw High",
    "Scaled Low",
    "Scaled High",
    "Scaled Data Type",
    "Clamp Low",
    "Clamp High",
    "Eng Units",
    "Description",
    "Negate Value",
)
_KINDS = {
    "boolean": Kind.BOOL,
    "short": Kind.I16,
    "word": Kind.U16,
    "long": Kind.I32,
    "dword": Kind.U32,
    "float": Kind.F32,
    "double": Kind.F64,
    "llong": Kind.I64,
    "qword": Kind.U64,
    "string": Kind.STRING,
}
_NAMES = {kind: name for name, kind in _KINDS.items()} | {Kind.I64: "LLong", Kind.U64: "QWord", Kind.U32: "DWord"}
_ACCESS = {"ro": "ro", "r/w": "rw", "rw": "rw", "wo": "wo", "": "ro"}
_CLIENT = {Access.READ: "RO", Access.READ_WRITE: "R/W", Access.WRITE: "WO"}
_DIGIT = {Area.COIL: "0", Area.DISCRETE: "1", Area.INPUT: "3", Area.HOLDING: "4"}
_AREAS = {digit: area for area, digit in _DIGIT.items()}
_CLASSIC = re.compile(r"([0134])(\d{4,5})(?:\.(\d{1,2}))?")
_TEXT = re.compile(r"([34])(\d{4,5})\.(\d{2,3})([HL]?)", re.IGNORECASE)
_SPAN = 1000
_MOST_MS = 10**9
"""A scale is written as what raw 0 and raw 1,000 come to."""


def is_kepware(sheet: Sheet) -> bool:
    """Say whether a table has the heads of Kepware's export."""
    return "tag name" in sheet.columns and "address" in sheet.columns


def take(sheet: Sheet, device: str, lane: str, base: int) -> Taken:
    """Read an export for one device; `base` is 0 where its server counts addresses from 0."""
    notes: list[Note] = []
    rows = []
    for row in sheet.rows:
        if row["tag name"].startswith(";"):
            continue
        cells: dict[str, object] = {"tag": our_name(row["tag name"], lane), "device": device}
        for part in (_place(row, base), _numbers(row)):
            for column, value in part:
                if isinstance(value, Note):
                    notes.append(value)
                else:
                    cells[column] = value
        rows.append(row_of(row.line, cells))
    return Taken(tuple(rows), (), tuple(notes))


def _place(row: Row, base: int) -> Iterator[tuple[str, object]]:
    """Say where a tag is and of which type."""
    address, wanted = row["address"].replace(" ", ""), row["data type"].lower()
    kind = _KINDS.get(wanted)
    if text := _TEXT.fullmatch(address) if kind is Kind.STRING else None:
        digit, number, size, end = text.groups()
        yield "address", str(Register(_AREAS[digit], int(number) - base))
        yield "type", Kind.STRING.value
        yield "length", (int(size) + 1) // 2
        yield "order", "BADC" if end.upper() == "L" else ""
        return
    classic = _CLASSIC.fullmatch(address)
    if classic:
        digit, number, bit = classic.groups()
        place = Register(_AREAS[digit], int(number) - base, int(bit) if bit else None)
        yield "address", str(place)
        if kind is None and wanted in ("", "default"):
            kind = Kind.BOOL if place.area.is_bits or bit else Kind.U16
    else:
        yield "address", row["address"]
    if kind is None:
        yield "type", Note(row.line, "data type", f"{row['data type']!r} has no type here", is_error=True)
    else:
        yield "type", kind.value


def _numbers(row: Row) -> Iterator[tuple[str, object]]:
    """Say how often a tag is read, who may write it, and how its number is scaled."""
    yield "access", _ACCESS.get(row["client access"].lower(), row["client access"])
    yield "unit", row["eng units"]
    yield "description", row["description"]
    rate = whole_of(row["scan rate"], _MOST_MS)
    yield "class", "" if rate is None else class_of(float(rate))
    scaling = row["scaling"].lower()
    if scaling == "linear":
        yield from _linear(row)
    elif scaling not in ("", "none"):
        yield "scale", Note(row.line, "scaling", f"scaling {row['scaling']!r} has no counterpart here", is_error=True)


def _linear(row: Row) -> Iterator[tuple[str, object]]:
    try:
        raw_low, raw_high, low, high = (
            float(row[column]) for column in ("raw low", "raw high", "scaled low", "scaled high")
        )
        scale = (high - low) / (raw_high - raw_low)
    except (ValueError, ZeroDivisionError):
        yield "scale", Note(row.line, "raw low", "the numbers of the scaling do not make one", is_error=True)
        return
    sign = -1.0 if row["negate value"] == "1" else 1.0
    yield "scale", sign * scale
    yield "offset", sign * (low - scale * raw_low)
    for column, limit in (("clamp low", "lo"), ("clamp high", "hi")):
        if row[column] == "1":
            text = "a clamped value stays at its limit there; here a value beyond the limit is bad"
            yield limit, low if limit == "lo" else high
            yield "", Note(row.line, column, text)


def give(tags: Iterable[MappedTag]) -> Given:
    """Write the tags of one device."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADS)
    notes: list[Note] = []
    for tag in tags:
        kind = _NAMES.get(tag.kind)
        if kind is None:
            notes.append(Note(tag.line, "type", f"{tag.name} is left out: Kepware has no {tag.kind.value}"))
            continue
        notes += _lost(tag)
        writer.writerow(_cells(tag, kind if kind[0].isupper() else kind.capitalize()))
    return Given(out.getvalue(), tuple(notes))


def _cells(tag: MappedTag, kind: str) -> list[str]:
    scaling = tag.scaling
    linear = scaling.scale != 1.0 or scaling.offset != 0.0
    ends = (0, _SPAN, scaling.offset, scaling.offset + _SPAN * scaling.scale) if linear else ("", "", "", "")
    return [
        str(tag.name),
        _address(tag),
        kind,
        "1",
        _CLIENT[tag.spec.access],
        f"{tag.scan.period_s * 1000:g}",
        "Linear" if linear else "",
        *(f"{end:.12g}" if end != "" else "" for end in ends),
        "Double" if linear else "",
        "0" if linear else "",
        "0" if linear else "",
        tag.spec.unit,
        tag.spec.description,
        "0" if linear else "",
    ]


def _address(tag: MappedTag) -> str:
    if not isinstance(tag.address, Register):
        return str(tag.address)
    place = f"{_DIGIT[tag.address.area]}{tag.address.start + 1:05d}"
    if tag.kind is Kind.STRING:
        end = "L" if tag.order.value in ("BADC", "DCBA") else "H"
        return f"{place}.{2 * tag.length:03d}{end}"
    return place if tag.address.bit is None else f"{place}.{tag.address.bit}"


def _lost(tag: MappedTag) -> Iterator[Note]:
    if tag.scaling.invert:
        yield Note(tag.line, "invert", f"{tag.name} is inverted here; Kepware shows the contact as it is")
    if tag.scaling.lo is not None or tag.scaling.hi is not None:
        yield Note(tag.line, "lo", f"{tag.name} has a plausible range here; Kepware has none")
