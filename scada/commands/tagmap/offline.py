"""`daozha tags lint/diff/show/export/import`: what a technician does with a tag map at a desk."""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from fnmatch import fnmatchcase
from pathlib import Path

from plc import tagmap
from plc.map import devices as device_table
from plc.map.addresses import side_by_side
from plc.map.files import kepware, own, telegraf
from plc.map.files.foreign import Note, Taken
from plc.map.files.grid import GridError
from plc.map.files.text import decoded
from plc.map.findings import ERROR, Finding
from plc.map.mapped import MappedTag, TagMap
from plc.map.sheet import SheetError, read_sheet
from plc.map.tagrow import COLUMNS
from plc.map.whole.differences import Differences, differences
from plc.map.whole.written import cells_of, cells_of_derived
from plc.tagmap import Files
from scada import say
from scada.config import ConfigError, load

ALWAYS = ("tag", "device", "address", "type")


def lint(asked: argparse.Namespace) -> int:
    """Tell every mistake of a map. 2 on errors, 0 on warnings."""
    try:
        files = files_of(asked)
    except ConfigError as error:
        say.complain(str(error))
        return 2
    findings = tagmap.lint(*files)
    errors = sum(finding.severity == ERROR for finding in findings)
    if asked.json:
        told = {"file": str(files[0]), "ok": not errors, "findings": [asdict(finding) for finding in findings]}
        _write_json(told)
    else:
        _complain(findings)
        warnings = say.counted(len(findings) - errors, "warning")
        say.tell(f"{files[0]}: {say.counted(errors, 'error')}, {warnings}")
    return 2 if errors else 0


def diff(asked: argparse.Namespace) -> int:
    """Say what differs between two maps. 0 nothing, 1 something, 2 one of them cannot be used."""
    try:
        site = files_of(asked)
        old = _usable((asked.old, asked.old_devices or site[1], site[2], ()))
        new = _usable((asked.new, site[1], site[2], ()))
    except (ConfigError, tagmap.TagMapError) as error:
        return _refuse(error)
    found = differences(old, new)
    if asked.json:
        _write_json(found.as_json())
    else:
        show_differences(found)
    return 0 if found.is_none else 1


def show(asked: argparse.Namespace) -> int:
    """Show tags with every form of their addresses. 1 if there is none, 2 if the map cannot be used."""
    try:
        tag_map = _usable(files_of(asked))
    except (ConfigError, tagmap.TagMapError) as error:
        return _refuse(error)
    found = [tag for tag in tag_map.tags if fnmatchcase(str(tag.name), asked.pattern)]
    if asked.json:
        _write_json([{**cells_of(tag), "forms": forms_of(tag, tag_map)} for tag in found])
    elif found:
        width = max(len(tag.name) for tag in found)
        for tag in found:
            forms = " = ".join(forms_of(tag, tag_map))
            what = (tag.kind.value, tag.order.value, tag.scan.value, tag.spec.access.value, tag.spec.unit)
            say.tell(f"{tag.name:<{width}}  {tag.spec.device}  {forms}  {' '.join(what)}".rstrip())
    if not found:
        say.complain(f"no tag is called {asked.pattern}")
    return 0 if found else 1


def forms_of(tag: MappedTag, tag_map: TagMap) -> tuple[str, ...]:
    """Give all forms of a tag's address."""
    device = tag_map.devices[tag.spec.device]
    return side_by_side(tag.address, device.base, device.profile)


def export(asked: argparse.Namespace) -> int:
    """Write a map in another form, and tell what has no place in it. 2 if the map cannot be used or written."""
    try:
        tag_map = _usable(files_of(asked))
        content, notes = _exported(tag_map, asked.format, asked.device)
        _tell_notes(notes, "")
        _put(content, asked.output)
    except (ConfigError, tagmap.TagMapError, GridError) as error:
        return _refuse(error)
    return 0


def _exported(tag_map: TagMap, form: str, device: str | None) -> tuple[bytes, Sequence[Note]]:
    if device not in (None, *tag_map.devices):
        raise GridError(f"there is no device {device!r}; there are: {', '.join(tag_map.devices)}")
    tags = [tag for tag in tag_map.tags if device in (None, tag.spec.device)]
    if form == "telegraf":
        told = telegraf.give(tags, tag_map.devices)
        return told.text.encode(), told.notes
    if form == "kepware":
        on = sorted({tag.spec.device for tag in tags})
        if len(on) != 1:
            raise GridError(f"Kepware has one file a device: add --device with one of {', '.join(on) or 'none'}")
        told = kepware.give(tags)
        return told.text.encode("utf-8-sig"), told.notes
    rows = [cells_of(tag) for tag in tags]
    rows += [cells_of_derived(tag) for tag in tag_map.derived] if device is None else []
    columns = own.used(COLUMNS, rows, ALWAYS)
    return (own.as_xlsx("tags", columns, rows) if form == "xlsx" else own.as_csv(columns, rows)), ()


def take(asked: argparse.Namespace) -> int:
    """Make rows of ours of another program's file. 2 if it cannot be read, or if a tag was not understood."""
    try:
        taken = _taken(asked.file, asked.device, asked.lane, asked.base)
        _tell_notes(taken.notes, str(asked.file))
        rows = [row.cells for row in taken.tags]
        _put(own.as_csv(own.used(COLUMNS, rows, ALWAYS), rows), asked.output)
        if asked.devices_output is not None:
            heads = own.used(device_table.COLUMNS, [row.cells for row in taken.devices], ("device", "protocol"))
            _put(own.as_csv(heads, [row.cells for row in taken.devices]), asked.devices_output)
    except (GridError, SheetError, OSError) as error:
        return _refuse(error)
    return 2 if any(note.is_error for note in taken.notes) else 0


def _taken(file: Path, device: str | None, lane: str, base: int) -> Taken:
    sheet = read_sheet(file, "tag name")
    if kepware.is_kepware(sheet):
        if not device:
            raise GridError(f"{file}: Kepware's file does not say its device: add --device")
        return kepware.take(sheet, device, lane, base)
    try:
        return telegraf.take(decoded(file.read_bytes()), lane)
    except GridError as error:
        raise GridError(f"{file}: neither Kepware's CSV (it has no head 'Tag Name') nor Telegraf's: {error}") from error


def show_differences(found: Differences) -> None:
    """Tell people what differs."""
    for device in found.devices:
        what = "the link is made anew" if device.restarts else "the link stays"
        lanes = f"; lanes {', '.join(device.lanes)}" if device.lanes else ""
        say.tell(f"{device.kind} device {device.device}: {what}{lanes}{_columns(device.columns)}")
    for tag in found.tags:
        say.tell(f"{tag.kind} {tag.name}{_columns(tag.columns)}")
    if found.is_none:
        say.tell("nothing differs")


def _columns(columns: Mapping[str, tuple[str, str]]) -> str:
    if not columns:
        return ""
    return ": " + ", ".join(f"{name} {old or '(blank)'} → {new or '(blank)'}" for name, (old, new) in columns.items())


def files_of(asked: argparse.Namespace) -> Files:
    """Say which files are meant: those named, or else the site's. Raises ConfigError."""
    map_file: Path | None = getattr(asked, "map", None)
    if map_file is None:
        site = tagmap.site_files(load(asked.config))
        return site[0], asked.devices or site[1], site[2], site[3]
    if asked.devices is not None:
        protocols = load(asked.config).tags.protocols if asked.config.is_file() else {}
        return map_file, asked.devices, protocols, ()
    site = tagmap.site_files(load(asked.config))
    return map_file, site[1], site[2], ()


def _usable(files: Files) -> TagMap:
    """Read a map; a lane without AUTO does not keep it from being used. Raises TagMapError."""
    return tagmap.read_map(*files)


def _refuse(error: Exception) -> int:
    if isinstance(error, tagmap.TagMapError):
        _complain(error.findings)
        say.complain("mend these first: daozha tags lint")
    else:
        say.complain(str(error))
    return 2


def _complain(findings: Iterable[Finding]) -> None:
    for finding in findings:
        say.complain(f"{finding.severity}: {finding}")


def _tell_notes(notes: Iterable[Note], file: str) -> None:
    for note in notes:
        where = f"{file}:{note.row}: " if file and note.row else ""
        (say.complain if note.is_error else say.note)(f"{where}{note.column}: {note.text}")


def _put(content: bytes, output: Path | None) -> None:
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        try:
            output.write_bytes(content)
        except OSError as error:
            raise GridError(f"{output}: cannot be written: {error.strerror or error}") from error
        say.note(f"{output}: written")


def _write_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
