"""The published Modbus map: which tag stands where, kept in a file so that no address ever moves (pure).

A number stands in as many input registers as its type takes, high word first. A bool takes two discrete
inputs: its value, and whether that can be relied on. Every tag has a quality register.
"""

import csv
import io
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from plc.map.sheet import Row, Sheet
from plc.registers import CodingError, Kind, Order, encode, words_of
from plc.serve.catalogue import Served
from scada.model.digits import whole_of
from scada.model.tag import Quality, TagName, Value

HEAD = 2
"""Input registers before the first tag: the map's number, and the heartbeat."""
LAST = 65535
COLUMNS = ("tag", "type", "address", "quality", "unit", "description", "description_zh")
NEEDED = COLUMNS[:4]
_UNKNOWN_BITS = {Kind.U16: 0xFFFF, Kind.U32: 0xFFFFFFFF, Kind.U64: 0xFFFFFFFFFFFFFFFF}
_UNKNOWN_LEAST = {Kind.I16: -(2**15), Kind.I32: -(2**31), Kind.I64: -(2**63)}


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the map; `address` is a discrete input for a bool, else an input register."""

    name: TagName
    kind: Kind
    address: int
    quality: int
    line: int = 0

    @property
    def registers(self) -> range:
        """The input registers of the value; none of a bool."""
        return range(0) if self.kind is Kind.BOOL else range(self.address, self.address + words_of(self.kind))

    @property
    def inputs(self) -> range:
        """The discrete inputs of a bool: its value, and whether that is known."""
        return range(self.address, self.address + 2) if self.kind is Kind.BOOL else range(0)


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a row of the map."""

    line: int
    column: str
    text: str
    remedy: str


def read_table(sheet: Sheet) -> tuple[list[Entry], list[Flaw]]:
    """Read the map and say everything that is wrong with it; without its heads nothing of it can be known."""
    missing = [column for column in NEEDED if column not in sheet.columns] if sheet.columns else []
    if missing:
        remedy = f"the first line is {','.join(COLUMNS)}"
        return [], [Flaw(1, column, f"there is no column {column!r}", remedy) for column in missing]
    entries: list[Entry] = []
    flaws: list[Flaw] = []
    for row in sheet.rows:
        found = _entry(row)
        (entries if isinstance(found, Entry) else flaws).append(found)  # type: ignore[arg-type]
    return entries, [*flaws, *_clashes(entries)]


def unserved(entries: Iterable[Entry], catalogue: Mapping[TagName, Served]) -> Iterator[Flaw]:
    """Say which rows name nothing that is served, or with a type that cannot hold it."""
    for entry in entries:
        tag = catalogue.get(entry.name)
        if tag is None:
            yield Flaw(entry.line, "tag", f"{entry.name} is not served", "add it to serve.tags, or take the row out")
        elif (tag.kind is Kind.BOOL) != (entry.kind is Kind.BOOL) or tag.kind is Kind.STRING:
            yield Flaw(entry.line, "type", f"{entry.name} holds a {tag.kind.value}", "write the type that it holds")


def proposed(entries: Sequence[Entry], catalogue: Mapping[TagName, Served]) -> list[Entry]:
    """Add what is served and not in the map yet behind what is there; no address that was published moves."""
    taken = {entry.name for entry in entries}
    register = max((word + 1 for entry in entries for word in (*entry.registers, entry.quality)), default=HEAD)
    bit = max((bit + 1 for entry in entries for bit in entry.inputs), default=0)
    new: list[Entry] = []
    for tag in catalogue.values():
        if tag.name in taken or tag.kind is Kind.STRING:
            continue
        if tag.kind is Kind.BOOL:
            new.append(Entry(tag.name, tag.kind, bit, register))
            bit, register = bit + 2, register + 1
        else:
            kind = Kind.F32 if tag.kind.is_float else tag.kind
            new.append(Entry(tag.name, kind, register + 1, register))
            register += 1 + words_of(kind)
    return [*entries, *new]


def as_csv(entries: Iterable[Entry], catalogue: Mapping[TagName, Served]) -> str:
    """Write the map the way it is published."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for entry in entries:
        tag = catalogue.get(entry.name, Served(entry.name, entry.kind))
        area = "DI" if entry.kind is Kind.BOOL else "IR"
        place = (f"{area}{entry.address}", f"IR{entry.quality}")
        table.writerow((entry.name, entry.kind.value, *place, tag.unit, tag.description, tag.description_zh))
    return text.getvalue()


def number_of(entries: Iterable[Entry]) -> int:
    """Give the map's number, by which a reader sees that it has another map than we."""
    text = "\n".join(sorted(f"{entry.name} {entry.kind.value} {entry.address} {entry.quality}" for entry in entries))
    return zlib.crc32(text.encode()) & 0xFFFF


def words(kind: Kind, value: Value, status: int) -> tuple[tuple[int, ...], int]:
    """Give a tag's registers and its quality register: a number that is bad reads as no number, never as 0."""
    if kind is Kind.BOOL:
        return (), status >> 16
    if status & 0x80000000 or value is None or isinstance(value, str):
        return _unknown(kind), (status or Quality.CONFIGURATION.status_code) >> 16
    try:
        return encode(value if kind.is_float else round(value), kind, Order.ABCD), status >> 16
    except (CodingError, OverflowError, ValueError):
        return _unknown(kind), Quality.OUT_OF_RANGE.status_code >> 16


def _unknown(kind: Kind) -> tuple[int, ...]:
    """Give what stands in the registers of a value that is not known."""
    if kind.is_float:
        return encode(float("nan"), kind, Order.ABCD)
    return encode(_UNKNOWN_BITS.get(kind, _UNKNOWN_LEAST.get(kind, 0)), kind, Order.ABCD)


def _entry(row: Row) -> Entry | Flaw:
    if not row["tag"]:
        return Flaw(row.line, "tag", "no tag is named", "write the tag's name, or take the row out")
    try:
        kind = Kind(row["type"])
    except ValueError:
        return Flaw(row.line, "type", f"type is {row['type']!r}", "use bool, u16, i16, u32, i32, f32, u64, i64 or f64")
    if kind is not Kind.BOOL and not kind.is_number:
        return Flaw(row.line, "type", f"a {kind.value} has no place in Modbus", "take the row out")
    area = "DI" if kind is Kind.BOOL else "IR"
    address, quality = _number(row["address"], area), _number(row["quality"], "IR")
    if address is None:
        return Flaw(row.line, "address", f"address is {row['address']!r}", f"write {area} and a number up to {LAST}")
    if quality is None:
        return Flaw(row.line, "quality", f"quality is {row['quality']!r}", f"write IR and a number up to {LAST}")
    return Entry(TagName(row["tag"]), kind, address, quality, row.line)


def _number(text: str, area: str) -> int | None:
    digits = text.upper().removeprefix(area)
    return whole_of(digits, LAST) if digits != text.upper() else None


def _clashes(entries: Iterable[Entry]) -> Iterator[Flaw]:
    """What would stand twice, beyond the end, or where the head is."""
    taken: dict[tuple[str, int], str] = {("IR", word): "the head of the map" for word in range(HEAD)}
    names: set[TagName] = set()
    for entry in entries:
        if entry.name in names:
            yield Flaw(entry.line, "tag", f"{entry.name} stands here twice", "take one of the two out")
        names.add(entry.name)
        places = [("DI", bit) for bit in entry.inputs] + [("IR", word) for word in (*entry.registers, entry.quality)]
        for area, number in places:
            other = taken.setdefault((area, number), entry.name)
            if other != entry.name or number > LAST or places.count((area, number)) > 1:
                text = f"{area}{number} is taken by {other}" if number <= LAST else f"{area}{number} is beyond {LAST}"
                yield Flaw(entry.line, "address", text, "give it a place of its own: daozha serve map appends")
                break
