"""What the pages are made of: vendored libraries as their list says, weight, and colours that can be read."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from hmi.assets import STATIC, find

VENDOR = STATIC / "vendor"
WEIGHT_LIMIT = 150 * 1024


def test_the_vendored_libraries_are_those_of_the_list() -> None:
    lines = (VENDOR / "SHA256SUMS").read_text().splitlines()
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.glob("*.*")}
    assert found == listed


def test_every_vendored_library_has_its_licence() -> None:
    for path in VENDOR.glob("*.js"):
        assert "copyright" in (VENDOR / f"{path.stem}.LICENCE.txt").read_text().lower()


def test_the_lock_names_no_registry() -> None:
    lock = json.loads((VENDOR / "build" / "package-lock.json").read_text())
    assert lock["packages"]
    assert not any("resolved" in package for package in lock["packages"].values())


def test_the_overview_is_light() -> None:
    assert sum(path.stat().st_size for path in loaded_at_once()) < WEIGHT_LIMIT


def loaded_at_once() -> set[Path]:
    """Give what a browser fetches for the overview: its style sheets, its scripts with all they import, the words."""
    pages = [(STATIC.parent / "templates" / "control" / name).read_text() for name in ("base.html", "overview.html")]
    waiting = [STATIC / name for page in pages for name in re.findall(r"asset\('([^']+)'\)", page)]
    loaded = {STATIC / "i18n" / "zh.json"}
    while waiting:
        path = waiting.pop().resolve()
        if path not in loaded and path.suffix == ".js":
            imported = re.findall(r"^(?:import|\} from|.* from) '(\.[^']+)'", path.read_text(), re.MULTILINE)
            waiting += [path.parent / name for name in imported]
        loaded.add(path)
    assert STATIC / "vendor" / "lit.js" in loaded
    assert STATIC / "control" / "mode-dialog.js" not in loaded
    return loaded


def test_our_scripts_have_no_inline_html_and_no_eval() -> None:
    for path in find(("control", "devices")).values():
        if path.suffix == ".js":
            assert not re.search(
                r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|unsafeHTML", path.read_text()
            )


def palettes() -> dict[str, dict[str, str]]:
    text = (STATIC / "control" / "palette.css").read_text()
    day_text, night_text = text.split(':root[data-theme="night"]')
    day = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", day_text))
    return {"day": day, "night": {**day, **dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", night_text))}}


def luminance(colour: str) -> float:
    shares = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["day", "night"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        ("text", "field"), ("text", "panel"), ("text2", "panel"), ("text2", "field"), ("value", "panel"),
        ("stale", "panel"), ("text2", "road"), ("text2", "hollow"), ("text", "hollow"), ("primary-text", "primary"),
        ("p1-text", "p1"), ("p2-text", "p2"), ("p3-text", "p3"), ("p4-text", "p4"),
        ("lamp-text", "lamp-red"), ("lamp-text", "lamp-green"),
    ],
)  # fmt: skip
def test_every_text_can_be_read_by_day_and_by_night(theme: str, ink: str, ground: str) -> None:
    palette = palettes()[theme]
    assert contrast(palette[ink], palette[ground]) >= 4.5
