"""One row of a tag map: read it and say everything that is wrong with it (`plc.md` §4)."""

import re
from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

from plc.map.addresses import MAX_REGISTER, Address, AddressError
from plc.map.cells import AS_TEXT
from plc.map.devices import Device
from plc.map.findings import ERROR, Finding, error, found, warning
from plc.map.mapped import MappedTag, Scan, default_role
from plc.map.sheet import Row, Sheet
from plc.plan import Scaling
from plc.registers import Kind, Order, words_of
from scada.model.digits import whole_of
from scada.model.interlock import is_proof
from scada.model.tag import Access, Acknowledged, ReadsBack, Shape, TagName, TagSpec, Value, Verify

COLUMNS = [
    "tag",
    "device",
    "address",
    "type",
    "order",
    "bit",
    "access",
    "class",
    "scale",
    "offset",
    "unit",
    "lo",
    "hi",
    "deadband",
    "role",
    "invert",
    "stale_ms",
    "pulse_ms",
    "verify",
    "safe",
    "length",
    "debounce_ms",
    "expr",
    "description",
    "description_zh",
]
NEEDED = ("tag", "type")
OPENING_PULSE = "gate.open_pulse"
_OPENING = re.compile(r"gate\.open(_(?!request$|answer$)\w+)?")
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
READBACK = "readback:"
_VERIFY = re.compile(rf"(none|ack|{READBACK}\S+)?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}-[A-Z][a-z]{2}|[A-Z][a-z]{2}-\d{2}|\d+月\d+日")
_Word = TypeVar("_Word", bound=Enum)
_KINDS = {kind.value: kind for kind in Kind}
_SCANS = {scan.value: scan for scan in Scan}
_ACCESSES = {access.value: access for access in Access}
_ORDERS = {order.value: order for order in Order}


def read_row(row: Row, sheet: Sheet, devices: Mapping[str, Device]) -> tuple[MappedTag | None, list[Finding]]:
    """Read one row; the tag is None if any finding is an error, or if a spreadsheet has spoilt a cell of it."""
    return (None, []) if row.spoilt else RowReader(row, sheet, devices).read()


class RowReader:
    """Reads the cells of one row and collects what is wrong with them."""

    def __init__(self, row: Row, sheet: Sheet, devices: Mapping[str, Device]) -> None:
        self.row, self.sheet, self._devices = row, sheet, devices
        self.cells = row.cells
        self.findings: list[Finding] = []

    def read(self) -> tuple[MappedTag | None, list[Finding]]:
        """Look at every cell, so that one mistake hides no other; then make the tag, if it can be made."""
        name, device = self.name(), self._device()
        kind = self.kind()
        scan = self._one_of("class", _SCANS, "E13", Scan.NORMAL.value) or Scan.NORMAL
        access = self._one_of("access", _ACCESSES, "E27", Access.READ.value) or Access.READ
        role = self.cells.get("role") or default_role(name)
        self._check_filter(name, kind, access)
        self._check_output(role, kind, access)
        order, scaling = self._order(device, kind), self.scaling(kind)
        length = self._whole("length", 0, 125)
        spec = self.spec(name, kind, access, scan)
        address = self._address(device) if device else None
        if device is None or kind is None or address is None:
            return None, self.findings
        tag = MappedTag(
            spec=spec,
            address=address,
            kind=kind,
            order=order,
            scan=scan,
            scaling=scaling,
            length=length,
            role=role,
            line=self.row.line,
            origin=self.sheet.origin,
        )
        origin = self.sheet.origin
        self.findings += [found(fault, origin, tag.line) for fault in device.protocol.check_tag(tag, device)]
        refused = any(finding.severity == ERROR for finding in self.findings)
        return (None if refused else tag), self.findings

    def _device(self) -> Device | None:
        name = self.cells.get("device", "")
        device = self._devices.get(name)
        if device is None:
            known = ", ".join(self._devices) or "none yet"
            remedy = f"use one of {known}; or add it to the device table"
            self.error("E03", "device", f"no device {name!r}", remedy)
        return device

    def kind(self) -> Kind | None:
        """Read the type."""
        return self._one_of("type", _KINDS, "E05", "")

    def points(self, name: TagName) -> set[str]:
        """Give all that a lane may take the tag for: its name without the lane, and its role."""
        return {default_role(name), self.cells.get("role", default_role(name))}

    def spec(self, name: TagName, kind: Kind | None, access: Access, scan: Scan | None) -> TagSpec:
        """Give what the tag engine needs to know; a tag that no scan reads never grows old."""
        deadband = self._number("deadband", 0.0)
        return TagSpec(
            name=name,
            device=self.cells.get("device", ""),
            access=access,
            stale_s=None if access is Access.WRITE or scan is None else self._stale_s(scan),
            safe=self._safe(kind),
            unit=self.cells.get("unit", ""),
            deadband=deadband,
            description=self.cells.get("description", ""),
            description_zh=self.cells.get("description_zh", ""),
            shape=_shape(kind, is_scaled=self._is_scaled()),
            lo=self._optional("lo"),
            hi=self._optional("hi"),
            is_analog=kind is not None and kind.is_number and (kind.is_float or deadband > 0 or self._is_scaled()),
            debounce_s=self._whole("debounce_ms", 0, 60_000) / 1000,
            formula=self.cells.get("expr", ""),
            pulse_s=self._whole("pulse_ms", 0, 60_000) / 1000,
            verify=self._verify(),
            role=self.cells.get("role", ""),
        )

    def _is_scaled(self) -> bool:
        return self.cells.get("scale", "1") not in ("1", "1.0") or self.cells.get("offset", "0") not in ("0", "0.0")

    def _verify(self) -> Verify:
        told = self.cells.get("verify", "")
        if told == "ack":
            return Acknowledged()
        return ReadsBack(TagName(told.removeprefix(READBACK)) if told.startswith(READBACK) else None)

    def name(self) -> TagName:
        """Read the name."""
        name = self.cells.get("tag", "")
        if not _NAME.fullmatch(name):
            self.error("E01", "tag", f"{name!r} is not a tag name", "write the lane, then the name: in1.loop.safety")
        return TagName(name)

    def _check_filter(self, name: TagName, kind: Kind | None, access: Access) -> None:
        if self.cells.get("debounce_ms", "0") == "0":
            return
        if kind is not Kind.BOOL or access is Access.WRITE:
            text = "only a contact that is read has a filter: a number, a counter above all, is told as it is"
            self.error("E21", "debounce_ms", text, "leave debounce_ms empty")
        for point in sorted(filter(is_proof, self.points(name))):
            text = f"{point} is not filtered here: boom, money or handshake rest on it"
            self.error("E37", "debounce_ms", text, "set the filter of the PLC's input instead")

    def _order(self, device: Device | None, kind: Kind | None) -> Order:
        blank = (device.order if device else None) or Order.ABCD
        order = self._one_of("order", _ORDERS, "E12", blank.value)
        if device is None or kind is None:
            return order or Order.ABCD
        wide = kind.is_number and words_of(kind) > 1 and device.protocol.has_word_order
        if wide and not self.cells.get("order", "") and device.order is None:
            text = f"{words_of(kind)} words and no order given: ABCD is assumed"
            self._warn("W12", "order", text, "write ABCD, or what `daozha tags watch TAG --orders` shows to be right")
        return order or Order.ABCD

    def scaling(self, kind: Kind | None) -> Scaling:
        """Read scale, offset and range."""
        scale, offset = self._number("scale", 1.0), self._number("offset", 0.0)
        lo, hi = self._optional("lo"), self._optional("hi")
        if (
            kind is not None
            and not kind.is_number
            and (scale != 1.0 or offset != 0.0 or lo is not None or hi is not None)
        ):
            self.error("E21", "scale", f"a {kind.value} has no scale and no range", "leave scale, offset, lo, hi empty")
        if scale == 0.0:
            self.error("E21", "scale", "a scale of 0 makes every value the same", "leave it empty for 1")
        if lo is not None and hi is not None and lo > hi:
            self.error("E14", "lo", f"lo {lo:g} is above hi {hi:g}", "swap them")
        return Scaling(scale, offset, lo, hi, self._flag("invert"))

    def _address(self, device: Device) -> Address | None:
        text = self.cells.get("address", "")
        try:
            bit = self._whole("bit", 0, MAX_REGISTER) if self.cells.get("bit", "") else None
            return device.protocol.address(text, bit, device)
        except AddressError as bad:
            self.error("E04", "address", str(bad), "the forms of an address are in docs/plc/maps.md")
            return None

    def _check_output(self, role: str, kind: Kind | None, access: Access) -> None:
        if kind in (Kind.COMMAND, Kind.METHOD) and access is not Access.WRITE:
            self.error("E20", "access", "a command is written, never read", "make it wo")
        if access is not Access.READ and _OPENING.fullmatch(role) and self.cells.get("pulse_ms", "") in ("", "0"):
            text = "an opening output without pulse or handshake stays on"
            self.error("E16", "pulse_ms", text, "fill in pulse_ms (100 to 1000 is usual), or open by cmd")
        if not _VERIFY.fullmatch(self.cells.get("verify", "")):
            text = f"verify is {self.row['verify']!r}"
            self.error("E27", "verify", text, "write none, ack, or readback: and the tag to read")

    def _stale_s(self, scan: Scan) -> float:
        stale_s = self._whole("stale_ms", round(scan.stale_s * 1000), 3_600_000) / 1000
        if stale_s < 3 * scan.period_s:
            self._warn("W15", "stale_ms", f"{stale_s:g} s is less than three scans", "leave it empty")
        return stale_s

    def _safe(self, kind: Kind | None) -> Value:
        if "safe" not in self.cells:
            return None
        return self._flag("safe") if kind is Kind.BOOL else self._number("safe", 0.0)

    def _flag(self, column: str) -> bool:
        text = self.cells.get(column, "0")
        if text not in ("0", "1"):
            self.error("E27", column, f"{column} is {text!r}", "write 1 or 0")
        return text == "1"

    def _whole(self, column: str, blank: int, most: int) -> int:
        text = self.cells.get(column)
        if text is None:
            return blank
        number = whole_of(text, most)
        if number is None:
            self.error("E27", column, f"{column} is {text!r}", f"write a whole number up to {most}")
            return blank
        return number

    def _number(self, column: str, blank: float) -> float:
        number = self._optional(column)
        return blank if number is None else number

    def _optional(self, column: str) -> float | None:
        text = self.cells.get(column)
        if text is None:
            return None
        try:
            return float(text)
        except ValueError:
            if _DATE.fullmatch(text):
                what = f"{column} is {text!r}, as if a spreadsheet had made a date of it"
                self.error("E04", column, what, AS_TEXT)
            else:
                self.error("E27", column, f"{column} is {text!r}", "write a number with a decimal point, like 0.1")
            return None

    def _one_of(self, column: str, words: Mapping[str, _Word], code: str, blank: str) -> _Word | None:
        text = self.cells.get(column, blank)
        word = words.get(text)
        if word is None:
            self.error(code, column, f"{column} is {text!r}", f"use one of {', '.join(words)}")
        return word

    def error(self, code: str, column: str, text: str, remedy: str) -> None:
        """Say that a cell cannot be used; once, however many look at it."""
        told = error(code, self.sheet, self.row, column, text, remedy)
        if told not in self.findings:
            self.findings.append(told)

    def _warn(self, code: str, column: str, text: str, remedy: str) -> None:
        self.findings.append(warning(code, self.sheet, self.row, column, text, remedy))


def _shape(kind: Kind | None, *, is_scaled: bool) -> Shape | None:
    """Say what kind of value a type holds; a command block holds none."""
    match kind:
        case Kind.BOOL:
            return Shape.BOOL
        case Kind.STRING:
            return Shape.TEXT
        case None | Kind.COMMAND | Kind.METHOD:
            return None
        case _:
            return Shape.NUMBER if kind.is_float or is_scaled else Shape.WHOLE
