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
from scada.model.tag import Access, TagName, TagSpec, Value

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
_VERIFY = re.compile(r"(none|ack|readback:\S+)?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}-[A-Z][a-z]{2}|[A-Z][a-z]{2}-\d{2}|\d+月\d+日")
_LATER = {"expr": "a derived tag", "debounce_ms": "a filter of the server's own"}
_Word = TypeVar("_Word", bound=Enum)
_KINDS = {kind.value: kind for kind in Kind}
_SCANS = {scan.value: scan for scan in Scan}
_ACCESSES = {access.value: access for access in Access}
_ORDERS = {order.value: order for order in Order}


def read_row(row: Row, sheet: Sheet, devices: Mapping[str, Device]) -> tuple[MappedTag | None, list[Finding]]:
    """Read one row; the tag is None if any finding is an error, or if a spreadsheet has spoilt a cell of it."""
    return (None, []) if row.spoilt else _RowReader(row, sheet, devices).read()


class _RowReader:
    """Reads the cells of one row and collects what is wrong with them."""

    def __init__(self, row: Row, sheet: Sheet, devices: Mapping[str, Device]) -> None:
        self._row, self._sheet, self._devices = row, sheet, devices
        self._cells = row.cells
        self._findings: list[Finding] = []

    def read(self) -> tuple[MappedTag | None, list[Finding]]:
        """Look at every cell, so that one mistake hides no other; then make the tag, if it can be made."""
        name, device = self._name(), self._device()
        kind = self._one_of("type", _KINDS, "E05", "")
        scan = self._one_of("class", _SCANS, "E13", Scan.NORMAL.value) or Scan.NORMAL
        access = self._one_of("access", _ACCESSES, "E27", Access.READ.value) or Access.READ
        role = self._cells.get("role") or default_role(name)
        self._not_yet()
        self._check_output(role, kind, access)
        order, scaling = self._order(device, kind), self._scaling(kind)
        length, pulse_ms = self._whole("length", 0, 125), self._whole("pulse_ms", 0, 60_000)
        spec = self._spec(name, kind, access, scan)
        address = self._address(device) if device else None
        if device is None or kind is None or address is None:
            return None, self._findings
        tag = MappedTag(
            spec=spec,
            address=address,
            kind=kind,
            order=order,
            scan=scan,
            scaling=scaling,
            length=length,
            pulse_ms=pulse_ms,
            verify=self._cells.get("verify", ""),
            role=role,
            line=self._row.line,
            origin=self._sheet.origin,
        )
        origin = self._sheet.origin
        self._findings += [found(fault, origin, tag.line) for fault in device.protocol.check_tag(tag, device)]
        refused = any(finding.severity == ERROR for finding in self._findings)
        return (None if refused else tag), self._findings

    def _device(self) -> Device | None:
        name = self._cells.get("device", "")
        device = self._devices.get(name)
        if device is None:
            known = ", ".join(self._devices) or "none yet"
            remedy = f"use one of {known}; or add it to the device table"
            self._error("E03", "device", f"no device {name!r}", remedy)
        return device

    def _spec(self, name: TagName, kind: Kind | None, access: Access, scan: Scan) -> TagSpec:
        return TagSpec(
            name=name,
            device=self._cells.get("device", ""),
            access=access,
            stale_s=None if access is Access.WRITE else self._stale_s(scan),
            safe=self._safe(kind),
            unit=self._cells.get("unit", ""),
            deadband=self._number("deadband", 0.0),
            description=self._cells.get("description", ""),
            description_zh=self._cells.get("description_zh", ""),
        )

    def _name(self) -> TagName:
        name = self._cells.get("tag", "")
        if not _NAME.fullmatch(name):
            self._error("E01", "tag", f"{name!r} is not a tag name", "write the lane, then the name: in1.loop.safety")
        return TagName(name)

    def _not_yet(self) -> None:
        for column, what in _LATER.items():
            if self._cells.get(column, "0") != "0":
                self._error("E26", column, f"{what} is not supported yet", "leave the column empty")

    def _order(self, device: Device | None, kind: Kind | None) -> Order:
        blank = (device.order if device else None) or Order.ABCD
        order = self._one_of("order", _ORDERS, "E12", blank.value)
        if device is None or kind is None:
            return order or Order.ABCD
        wide = kind.is_number and words_of(kind) > 1 and device.protocol.has_word_order
        if wide and not self._cells.get("order", "") and device.order is None:
            text = f"{words_of(kind)} words and no order given: ABCD is assumed"
            self._warn("W12", "order", text, "write ABCD, or what `daozha tags show` makes look right")
        return order or Order.ABCD

    def _scaling(self, kind: Kind | None) -> Scaling:
        scale, offset = self._number("scale", 1.0), self._number("offset", 0.0)
        lo, hi = self._optional("lo"), self._optional("hi")
        if (
            kind is not None
            and not kind.is_number
            and (scale != 1.0 or offset != 0.0 or lo is not None or hi is not None)
        ):
            self._error(
                "E21", "scale", f"a {kind.value} has no scale and no range", "leave scale, offset, lo, hi empty"
            )
        if scale == 0.0:
            self._error("E21", "scale", "a scale of 0 makes every value the same", "leave it empty for 1")
        if lo is not None and hi is not None and lo > hi:
            self._error("E14", "lo", f"lo {lo:g} is above hi {hi:g}", "swap them")
        return Scaling(scale, offset, lo, hi, self._flag("invert"))

    def _address(self, device: Device) -> Address | None:
        text = self._cells.get("address", "")
        try:
            bit = self._whole("bit", 0, MAX_REGISTER) if self._cells.get("bit", "") else None
            return device.protocol.address(text, bit, device)
        except AddressError as bad:
            self._error("E04", "address", str(bad), "the forms of an address are in docs/plc/maps.md")
            return None

    def _check_output(self, role: str, kind: Kind | None, access: Access) -> None:
        if kind in (Kind.COMMAND, Kind.METHOD) and access is not Access.WRITE:
            self._error("E20", "access", "a command is written, never read", "make it wo")
        if access is not Access.READ and _OPENING.fullmatch(role) and self._cells.get("pulse_ms", "") in ("", "0"):
            text = "an opening output without pulse or handshake stays on"
            self._error("E16", "pulse_ms", text, "fill in pulse_ms (100 to 1000 is usual), or open by cmd")
        if not _VERIFY.fullmatch(self._cells.get("verify", "")):
            text = f"verify is {self._row['verify']!r}"
            self._error("E27", "verify", text, "write none, ack, or readback: and the tag to read")

    def _stale_s(self, scan: Scan) -> float:
        stale_s = self._whole("stale_ms", round(scan.stale_s * 1000), 3_600_000) / 1000
        if stale_s < 3 * scan.period_s:
            self._warn("W15", "stale_ms", f"{stale_s:g} s is less than three scans", "leave it empty")
        return stale_s

    def _safe(self, kind: Kind | None) -> Value:
        if "safe" not in self._cells:
            return None
        return self._flag("safe") if kind is Kind.BOOL else self._number("safe", 0.0)

    def _flag(self, column: str) -> bool:
        text = self._cells.get(column, "0")
        if text not in ("0", "1"):
            self._error("E27", column, f"{column} is {text!r}", "write 1 or 0")
        return text == "1"

    def _whole(self, column: str, blank: int, most: int) -> int:
        text = self._cells.get(column)
        if text is None:
            return blank
        if not (text.isdigit() and int(text) <= most):
            self._error("E27", column, f"{column} is {text!r}", f"write a whole number up to {most}")
            return blank
        return int(text)

    def _number(self, column: str, blank: float) -> float:
        number = self._optional(column)
        return blank if number is None else number

    def _optional(self, column: str) -> float | None:
        text = self._cells.get(column)
        if text is None:
            return None
        try:
            return float(text)
        except ValueError:
            if _DATE.fullmatch(text):
                what = f"{column} is {text!r}, as if a spreadsheet had made a date of it"
                self._error("E04", column, what, AS_TEXT)
            else:
                self._error("E27", column, f"{column} is {text!r}", "write a number with a decimal point, like 0.1")
            return None

    def _one_of(self, column: str, words: Mapping[str, _Word], code: str, blank: str) -> _Word | None:
        text = self._cells.get(column, blank)
        word = words.get(text)
        if word is None:
            self._error(code, column, f"{column} is {text!r}", f"use one of {', '.join(words)}")
        return word

    def _error(self, code: str, column: str, text: str, remedy: str) -> None:
        self._findings.append(error(code, self._sheet, self._row, column, text, remedy))

    def _warn(self, code: str, column: str, text: str, remedy: str) -> None:
        self._findings.append(warning(code, self._sheet, self._row, column, text, remedy))
