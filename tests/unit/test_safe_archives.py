"""Files that are brought and unpack: none fills the memory, keeps the machine reckoning, or lands where it says."""

import io
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from hmi.control.counted import read as read_counted
from hmi.sheets import SheetError, as_xlsx, read_table
from plc.map.files.grid import GridError
from plc.map.files.workbook import read_workbook

GOOD = as_xlsx("x", ["plate", "tag"], [["京A12345", "in1.a"]])
SHEET = "xl/worksheets/sheet1.xml"
Reader = Callable[[bytes], object]


def refused_by_faults(raw: bytes) -> object:
    counted = read_counted(raw)
    if counted.faults:
        raise SheetError(str(counted.faults[0]))
    return counted


READERS: dict[str, Reader] = {
    "a sheet in the control room": read_table,
    "a counted list": refused_by_faults,
    "a tag map": lambda raw: read_workbook(raw, "tag"),
}


def changed(parts: dict[str, bytes]) -> bytes:
    """Give a workbook with some parts put in the place of its own."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(GOOD)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for name in old.namelist():
            new.writestr(name, parts.pop(name, old.read(name)))
        for name, content in parts.items():
            new.writestr(name, content)
    return out.getvalue()


def lying(raw: bytes) -> bytes:
    """Let the directory of a zip file say that each of its parts has ten bytes."""
    held, at = bytearray(raw), 0
    while (at := held.find(b"PK\1\2", at)) >= 0:
        held[at + 24 : at + 28] = struct.pack("<I", 10)
        at += 4
    return bytes(held)


BOMB = changed({"xl/media/x.bin": bytes(100 << 20)})
BOMBS = {
    "100 MB": BOMB,
    "100 MB that say they are ten bytes": lying(changed({SHEET: b"<a>" + bytes(40 << 20)})),
    "ten thousand parts": changed({f"x/{n}": b"" for n in range(10_000)}),
    "an entity of entities": changed(
        {
            SHEET: b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a0 "lol">'
            + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10))
            + b']><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
            b'<c r="A1" t="str"><v>&a9;</v></c></row></sheetData></worksheet>'
        }
    ),
    "a file of this machine": changed(
        {
            SHEET: b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
            b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
            b'<c r="A1" t="str"><v>&f;tag plate</v></c></row></sheetData></worksheet>'
        }
    ),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_workbook_that_harms_is_refused_or_read_as_harmless(reader: str, bomb: str) -> None:
    began_s = time.process_time()
    try:
        told = str(READERS[reader](BOMBS[bomb]))
    except (SheetError, GridError) as error:
        told = str(error)
    assert time.process_time() - began_s < 10
    assert "root:" not in told
    assert len(told) < 100_000


@pytest.mark.parametrize("reader", READERS)
def test_what_is_large_is_refused_before_it_is_unpacked(reader: str) -> None:
    with pytest.raises((SheetError, GridError), match=r"unpack|large"):
        READERS[reader](BOMB)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["../../../outside.txt", "/tmp/outside-daozha.txt", "..\\outside.txt"])  # noqa: S108
def test_nothing_of_a_workbook_lands_on_the_disk(
    reader: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "a" / "b" / "c"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    READERS[reader](changed({name: b"x"}))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert not Path("/tmp/outside-daozha.txt").exists()  # noqa: S108
