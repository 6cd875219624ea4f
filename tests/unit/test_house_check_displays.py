"""What `daozha check` says about displays and boards, and the texts they show."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scada.check import Severity, check
from scada.config import load
from tests.support.billing import made_config

LED = """
[[displays]]
name = "led-out1"
lane = "out1"
address = "tcp://10.0.8.31:9000"
key_file = "displays/led-out1.key"

[[boards]]
name = "plan"
zone = "lot"
kind = "rs485"
address = "tcp://10.0.8.32:4001"
languages = ["zh"]
lines = 1
"""
UNIT = """
[[units]]
name = "unit-in1"
lane = "in1"
make = "hikvision"
serial = "x"
address = "10.0.8.21"
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Write the shipped configuration with more behind it."""

    def written(more: str) -> Path:
        made_config(tmp_path)
        file = tmp_path / "config.toml"
        file.write_text(file.read_text(encoding="utf-8") + more, encoding="utf-8")
        key = tmp_path / "data" / "displays" / "led-out1.key"
        key.parent.mkdir(parents=True, exist_ok=True)
        key.write_text("k" * 32, encoding="utf-8")
        key.chmod(0o600)
        return file

    return written


def told(file: Path, section: str) -> list[tuple[str, str]]:
    return [(one.key, one.what) for one in check(file) if one.key.startswith(section)]


def test_a_display_and_a_board_that_belong_somewhere_are_taken(write: Callable[[str], Path]) -> None:
    file = write(LED)
    assert told(file, "displays") == told(file, "boards") == []
    config = load(file)
    assert [one.name for one in (*config.displays, *config.boards)] == ["led-out1", "plan"]


@pytest.mark.parametrize(
    ("old", "new", "key", "word"),
    [
        ('lane = "out1"', 'lane = "out9"', "displays[0].lane", "is no lane"),
        ('zone = "lot"', 'zone = "roof"', "boards[0].zone", "is no zone"),
        ("tcp://10.0.8.31:9000", "tcp://10.0.8.31", "displays[0].address", "no way to a display"),
        ("tcp://10.0.8.31:9000", "udp://10.0.8.31:9000", "displays[0].address", "no way to a display"),
        ("tcp://10.0.8.31:9000", "unit:unit-in1", "displays[0].address", "no unit of make vz"),
        ('name = "plan"', 'name = "plan"\nlangauges = ["zh"]', "boards[0].langauges", "no key"),
        ("lines = 1", "lines = 0", "boards[0].lines", "greater"),
    ],
)
def test_each_mistake_is_told_at_its_key(write: Callable[[str], Path], old: str, new: str, key: str, word: str) -> None:
    found = [(one, what) for one, what in told(write(LED.replace(old, new) + UNIT), key.split("[")[0]) if one == key]
    assert len(found) == 1
    assert word in found[0][1]


def test_a_display_that_believes_everybody_is_a_warning(write: Callable[[str], Path]) -> None:
    file = write(LED.replace('key_file = "displays/led-out1.key"\n', ""))
    [found] = [one for one in check(file) if one.key.startswith("displays")]
    assert found.severity is Severity.WARNING
    assert "QR code" in found.what


def test_a_key_that_others_can_read_and_texts_that_cannot_be_shown_are_told(
    write: Callable[[str], Path], tmp_path: Path
) -> None:
    file = write(LED + '\n[display_texts]\nfile = "texts.toml"\n')
    file.write_text(file.read_text(encoding="utf-8").replace("virtual = true ", "virtual = false "), encoding="utf-8")
    (tmp_path / "data" / "displays" / "led-out1.key").chmod(0o644)
    (tmp_path / "texts.toml").write_text('[welcom]\nzh = ["x"]\n[full]\nen = ["{openid}"]\n', encoding="utf-8")
    assert [key for key, _ in told(file, "displays")] == ["displays[0].key_file"]
    assert len(told(file, "display_texts")) == 2
