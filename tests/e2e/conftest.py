"""One browser for a module's pages."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.support.browser import started_chromium


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Chromium for this module; its driver keeps a loop running in this thread until the module ends."""
    with sync_playwright() as playwright:
        browser = started_chromium(playwright)
        yield browser
        browser.close()
