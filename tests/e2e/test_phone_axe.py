"""axe, which nobody here wrote, looks at every page of a driver's phone in both languages."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.peers import PEERS
from tests.support.phones import PAGES, phone_pages, sign_in

AXE = PEERS / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module", autouse=True)
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the pages, before a browser keeps a loop running in this thread."""
    with phone_pages(tmp_path_factory.mktemp("phones")) as base:
        yield base


def faults(chromium: Browser, url: str, path: str, language: str, axe: str) -> list[str]:
    """Give the serious faults of one page, each with the first thing that has it."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale=language, has_touch=True)
    try:
        sign_in(context, path, url)
        page = context.new_page()
        page.goto(url + path)
        page.evaluate(axe)
        found = page.evaluate("axe.run()")["violations"]
        return [f"{path}: {one['id']} {one['nodes'][0]['html']}" for one in found if one["impact"] in SERIOUS]
    finally:
        context.close()


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
def test_axe_finds_no_serious_fault_on_any_page_of_a_phone(chromium: Browser, url: str, language: str) -> None:
    axe = Path(AXE).read_text(encoding="utf-8")
    assert [fault for path in PAGES.values() for fault in faults(chromium, url, path, language, axe)] == []
