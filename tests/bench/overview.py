"""A real Chromium that stands on the overview of a bench's site, signed in and live."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page, async_playwright

from tests.bench.carsite import BenchSite
from tests.support.browser import FLAGS


@asynccontextmanager
async def overview_of(site: BenchSite) -> AsyncIterator[Page]:
    """Open the overview and give its page."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
        await page.goto(f"{site.url}/sign-in")
        await page.fill("[name=name]", site.name)
        await page.fill("[name=password]", site.password)
        await page.click("button.primary")
        await page.wait_for_selector("body[data-link=live]")
        try:
            yield page
        finally:
            await browser.close()
