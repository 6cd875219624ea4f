"""`daozha check` on scanners and on fees that WeChat deducts: what is missing, where, and what to do."""

from functools import partial
from pathlib import Path

import pytest

from scada.check import Severity, check
from scada.config import load
from tests.support.house import site_beside

HISTORY = "[history]  "


def with_section(folder: Path, text: str, *more: tuple[str, str]) -> Path:
    return partial(site_beside, folder)((HISTORY, f"{text}\n\n{HISTORY}"), *more)


def scanner(lane: str, source: str = "tcp://127.0.0.1:4001") -> str:
    return f'[[scanners]]\nlane = "{lane}"\nsource = "{source}"'


def test_a_scanner_at_an_exit_and_deductions_are_good(tmp_path: Path) -> None:
    file = with_section(tmp_path, f"[wechat.parking]\nenabled = true\n\n{scanner('out1')}")
    assert [one for one in check(file) if one.severity is Severity.ERROR] == []
    config = load(file)
    assert (config.wechat.parking.enabled, config.scanners[0].lane) == (True, "out1")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (scanner("in1"), "no lane that leads out"),
        (scanner("out9"), "no lane that leads out"),
        (f"{scanner('out1')}\n{scanner('out1')}", "two scanners"),
        (scanner("out1", "http://127.0.0.1"), "tcp://HOST:PORT"),
    ],
)
def test_a_scanner_where_it_cannot_work_is_a_mistake(tmp_path: Path, text: str, word: str) -> None:
    found = [one for one in check(with_section(tmp_path, text)) if one.severity is Severity.ERROR]
    assert any(word in one.what and one.key.startswith("scanners[") for one in found), found


def test_a_name_that_wechat_would_cut_is_a_warning_until_a_short_one_is_written(tmp_path: Path) -> None:
    long = ('name = "道闸示范停车场"', f'name = "{"停车场" * 12}"')
    found = check(with_section(tmp_path, "[wechat.parking]\nenabled = true", long))
    assert [one.severity for one in found if one.key == "wechat.parking.enabled"] == [Severity.WARNING]
    short = '[wechat.parking]\nenabled = true\nname = "停车场"'
    assert not [one for one in check(with_section(tmp_path, short, long)) if one.key.startswith("wechat.parking")]
