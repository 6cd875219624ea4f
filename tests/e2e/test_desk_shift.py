"""Two kinds of case of a live site, each resolved from the desk alone in a real browser: once by mouse, once by keys.

Every kind of case, both ways, is `tests/soak/shift.py`; how the page itself behaves is `test_hmi_desk.py`.
"""

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.support.browser import started_chromium
from tests.support.people import settled
from tests.support.shift.hands import Keys, Mouse
from tests.support.shift.plays import a_driver_does_not_pay, a_plate_is_not_read
from tests.support.shift.turn import album_in, at_desk, sitting
from tests.support.site import LiveSite


@pytest.fixture(scope="module")
def site() -> Iterator[LiveSite]:
    with tempfile.TemporaryDirectory(prefix="dz-") as folder, LiveSite(Path(folder), t_help_s=6.0) as running:
        yield running


@pytest.fixture(scope="module")
def chromium(site: LiveSite) -> Iterator[Browser]:
    """Chromium, started after the site: its driver keeps a loop running in this thread."""
    with sync_playwright() as playwright:
        browser = started_chromium(playwright)
        yield browser
        browser.close()


@pytest.mark.timeout(900)
def test_a_car_is_let_in_by_mouse_in_chinese_and_one_pays_cash_by_keyboard_in_english_at_night(
    chromium: Browser, site: LiveSite, tmp_path: Path
) -> None:
    album, numbers, times = album_in(tmp_path / "screens"), itertools.count(1), []
    settled(site, "li", "operator")
    with at_desk(chromium, site, "li", album, numbers) as desk:
        with sitting(desk, Mouse(), "zh", "day") as now:
            now.order("/api/v1/money/open-till", float_fen=20_000)
            a_plate_is_not_read(now)
            now.clear()
            times += now.times
        with sitting(desk, Keys(), "en", "night") as now:
            a_driver_does_not_pay(now)
            now.clear()
            times += now.times
    assert [one.kind for one in times] == ["unread", "payment"]
    assert album.wrong == []
    *_, typed = (row for row in site.journal("person") if row.what == "correct plate")
    [taken] = [row for row in site.journal("money") if row.what == "cash taken"]
    assert (typed.actor, taken.body["given_fen"]) == ("li", 2000)
