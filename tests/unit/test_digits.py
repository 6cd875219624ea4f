"""Whole numbers in text of others: what only looks like one is a mistake with words, never an error of Python."""

import re
from pathlib import Path

import pytest

from plc.map.files import kepware
from plc.map.sheet import as_sheet, read_grid
from plc.tagmap import examine
from scada.model.digits import whole_of
from tests.support.house import ROOT

NONE = ["", "²", "٣", "-1", "+1", "1.0", "1e3", " 1", "1_000", "99", "9" * 5000]
DEVICES = (ROOT / "plc" / "sim" / "devices.csv").read_text("utf-8").splitlines()
NUMBERS = ("port", "unit", "max_regs", "max_gap", "timeout_ms", "pause_ms", "pipeline")


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_number_up_to_the_most_is_none(text: str) -> None:
    assert whole_of(text, 98) is None


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("98", 98), ("0" * 5000 + "7", 7), ("00", 0)])
def test_a_number_is_read_with_zeros_before_it(text: str, number: int) -> None:
    assert whole_of(text, 98) == number


@pytest.mark.parametrize("text", ["²", "٣", "9" * 5000])
@pytest.mark.parametrize("column", NUMBERS)
def test_a_device_table_with_one_says_so(tmp_path: Path, column: str, text: str) -> None:
    heads, cells = DEVICES[0].split(","), DEVICES[1].split(",")
    cells[heads.index(column)] = text
    (tmp_path / "devices.csv").write_text("\n".join([DEVICES[0], ",".join(cells), *DEVICES[2:]]), "utf-8")
    _, findings = examine(ROOT / "plc" / "sim" / "tags.csv", tmp_path / "devices.csv")
    found = [one for one in findings if one.file.endswith("devices.csv")]
    assert [(one.row, one.column) for one in found] == [(2, column)]
    assert found[0].text.startswith(f"{column} is '{text[:100]}")
    assert found[0].text.endswith(f"{text[-50:]}'")
    assert len(found[0].text) < 400


@pytest.mark.parametrize("rate", ["²", "9" * 5000])
def test_a_foreign_table_with_one_has_the_class_left_open(tmp_path: Path, rate: str) -> None:
    heads = ",".join(f'"{head}"' for head in kepware.HEADS)
    row = f'"In1.LoopSafety","400001.3",Boolean,1,RO,{rate},,,,,,,,,,,'
    sheet = as_sheet(tmp_path / "kepware.csv", read_grid(f"{heads}\n{row}\n".encode(), "tag name"))
    assert kepware.take(sheet, "plc1", "in1", 1).tags


@pytest.mark.parametrize("package", ["scada", "plc", "lpr", "billing", "hmi"])
def test_nothing_asks_for_digits_in_the_way_that_lets_others_through(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        assert not re.search(r"\bisdigit\b", path.read_text("utf-8")), f"{path}: scada.model.digits.whole_of"
