"""A PLC that hangs, refuses one block, or dies, as the screens of a live site show it (`hmi.md` §6).

How soon is `make bench`'s; here it is that nothing frozen is shown as good, and that no alarm is believed to be over.
"""

import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.support.browser import open_page, started_chromium
from tests.support.freezing import stands, thaw
from tests.support.people import settled, signed_in
from tests.support.site import LiveSite

WITHIN_MS = 120_000
LOOK_MS = 100
LOOKS = WITHIN_MS // LOOK_MS
_WORDS = {
    "text_zh": "试验", "consequence": "-", "consequence_zh": "-", "response": "-", "response_zh": "-",
    "within_s": 60, "link": "/tags", "per": "site", "priority": 4,
}  # fmt: skip
ALARMS = [
    {"code": "stands", "when": "in1.plc.layout > 0", "text": "A value stands", **_WORDS},
    {"code": "stands_ua", "when": "out1.plc.layout > 0", "text": "A value stands", **_WORDS},
    {"code": "zero", "when": "in1.plc.layout < 1", "text": "A value is zero", **_WORDS},
    {"code": "zero_ua", "when": "out1.plc.layout < 1", "text": "A value is zero", **_WORDS},
]
"""What stands on a value of a PLC, and what would if no value were taken for zero."""
READS_COILS, COILS = 1, {"in1.light.green", "in1.light.red"}
OF = {
    "plc1": ("site.stands", "site.zero", "plc1.communication"),
    "ua1": ("site.stands_ua", "site.zero_ua", "ua1.communication"),
}
"""Of each device: the alarm that stands on its value, the one that would if it were zero, the one of its link."""
ANNOUNCED = ("UNACK", "ACKED")
_ROWS = """() => [...document.querySelectorAll('tr[data-tag]')].map((row) => [row.dataset.tag, row.dataset.quality])"""
_ALARMS = """() => document.getElementById('table').rows.map((row) => [row.id, [row.state, row.unknown]])"""


@pytest.fixture(scope="module")
def site() -> Iterator[LiveSite]:
    more = {"alarm": ALARMS}
    with (
        tempfile.TemporaryDirectory(prefix="dz-") as folder,
        LiveSite(Path(folder), more=more, bad_line="plc1") as site,
    ):
        yield site


@pytest.fixture(scope="module")
def screens(site: LiveSite) -> Iterator[tuple[Page, Page]]:
    """Give a screen with tags and one with alarms, of a person who has just signed in."""
    settled(site, "li", "administrator")
    with sync_playwright() as playwright, open_page(started_chromium(playwright), "en-GB") as tags:
        signed_in(tags, site, "li")
        alarms = tags.context.new_page()
        alarms.goto(f"{site.url}/alarms")
        yield tags, alarms


@contextmanager
def frozen(site: LiveSite, device: str) -> Iterator[None]:
    """Let the process of a virtual PLC stand still: its connections are there, and nobody answers."""
    process = site.pid_of_plc(device)
    os.kill(process, signal.SIGSTOP)
    try:
        for _ in range(LOOKS):
            if stands(process):
                break
        yield
    finally:
        thaw(process)


def shown(page: Page) -> dict[str, str]:
    """Give how far each tag is to be believed, as the screen says; of those that can have a value."""
    return {name: quality for name, quality in page.evaluate(_ROWS) if quality != "blank"}


def alarms_of(page: Page) -> dict[str, tuple[str, bool]]:
    """Give the alarms that the screen knows of: state, and whether its condition is unknown."""
    return {name: (state, unknown) for name, (state, unknown) in page.evaluate(_ALARMS)}


def links(page: Page) -> list[str]:
    """Give the alarms of links that are lost."""
    told = alarms_of(page).items()
    return [name for name, (state, _) in told if name.endswith(".communication") and state in ANNOUNCED]


def until(page: Page, so: Callable[[], bool]) -> None:
    for _ in range(LOOKS):
        if so():
            return
        page.wait_for_timeout(LOOK_MS)
    raise AssertionError(f"it stayed like this: {page.evaluate('document.body.innerText')[:3000]}")


def all_good(screens: tuple[Page, Page], site: LiveSite, device: str) -> None:
    """Look at one device's tags, and wait until all may be believed, and what stands on one of them stands."""
    tags, alarms = screens
    tags.goto(f"{site.url}/tags?device={device}")
    expect(tags.locator("tr[data-tag]").first).to_be_visible()
    until(tags, lambda: set(shown(tags).values()) == {"good"})
    as_ever(alarms, device)


def as_ever(alarms: Page, device: str) -> None:
    """See that the alarm on a value of the device stands, the one of zero does not, and the link is well."""
    stands_, zero, link = OF[device]
    until(alarms, lambda: alarms_of(alarms).get(stands_) == ("UNACK", False) and link not in links(alarms))
    assert alarms_of(alarms).get(zero, ("NORM", False))[0] not in ANNOUNCED


def away(alarms: Page, device: str) -> None:
    """See that one alarm says that the link is lost, and that no other is believed to be over, or to have come."""
    stands_, zero, link = OF[device]
    until(alarms, lambda: link in links(alarms) and alarms_of(alarms)[stands_][1])
    told = alarms_of(alarms)
    assert [name for name in links(alarms) if name == link] == [link]
    assert told[stands_][0] in (*ANNOUNCED, "DSUPR")
    assert told.get(zero, ("NORM", False))[0] not in ANNOUNCED


@pytest.mark.timeout(900)
@pytest.mark.parametrize("device", ["plc1", "ua1"])
def test_nothing_of_a_plc_that_hangs_is_shown_as_good_and_no_alarm_is_believed_to_be_over(
    site: LiveSite, screens: tuple[Page, Page], device: str
) -> None:
    tags, alarms = screens
    all_good(screens, site, device)
    names = set(shown(tags))
    with frozen(site, device):
        until(tags, lambda: "good" not in shown(tags).values())
        away(alarms, device)
        assert set(shown(tags)) == names
        assert "good" not in shown(tags).values()
        alarms.locator("[data-tab=suppressed]").click()
        row = alarms.locator(f"tr[data-alarm='{OF[device][0]}']")
        expect(row).to_contain_text("condition unknown")
    until(tags, lambda: set(shown(tags).values()) == {"good"})
    as_ever(alarms, device)


@pytest.mark.timeout(600)
def test_of_a_plc_that_refuses_one_block_only_that_block_is_bad(site: LiveSite, screens: tuple[Page, Page]) -> None:
    tags, alarms = screens
    all_good(screens, site, "plc1")
    site.refuse(READS_COILS)
    until(tags, lambda: {name for name, quality in shown(tags).items() if quality != "good"} == COILS)
    assert {shown(tags)[name] for name in COILS} == {"bad"}
    as_ever(alarms, "plc1")
    site.refuse()
    until(tags, lambda: set(shown(tags).values()) == {"good"})


@pytest.mark.timeout(600)
def test_a_plc_that_dies_is_bad_until_it_is_back_and_no_zero_of_it_is_believed(
    site: LiveSite, screens: tuple[Page, Page]
) -> None:
    tags, alarms = screens
    all_good(screens, site, "plc1")
    site.kill("plc1")
    until(tags, lambda: set(shown(tags).values()) == {"bad"})
    until(tags, lambda: set(shown(tags).values()) == {"good"})
    as_ever(alarms, "plc1")
