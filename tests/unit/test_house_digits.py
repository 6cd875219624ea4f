"""A sign that looks like a digit and is none for `int` is a mistake with words, never an error of Python's."""

import re

import pytest

from tests.support.house import ROOT


@pytest.mark.parametrize("package", ["scada", "plc", "lpr", "billing", "hmi"])
def test_numbers_of_strangers_are_told_by_what_int_takes(package: str) -> None:
    assert "²".isdigit()
    with pytest.raises(ValueError, match="invalid literal"):
        int("²")
    for path in (ROOT / package).rglob("*.py"):
        assert not re.search(r"\bisdigit\b", path.read_text("utf-8")), f"{path.name}: isdecimal, which int takes"
