"""People of a live site who have chosen their passwords already."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from playwright.sync_api import Page, expect

from scada.clock import SystemClock
from scada.store.db import Database, database_url
from scada.store.operators import Operators
from tests.support.site import LiveSite

PASSWORD: Final = "correct horse battery"
TRIES: Final = 6


def settled(site: LiveSite, name: str, role: str) -> None:
    """Make a person; in a thread, since a browser's loop may run in this one."""

    async def add() -> None:
        async with Database(database_url(site.config)) as db:
            people = Operators(db, site.config.site_id, SystemClock())
            await people.add(name, role, PASSWORD, must_change=False)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, add()).result(120)


def signed_in(page: Page, site: LiveSite, name: str) -> None:
    """Sign in; whom a busy plant does not answer tries again."""
    for _ in range(TRIES):
        page.goto(f"{site.url}/sign-in")
        page.fill("[name=name]", name)
        page.fill("[name=password]", PASSWORD)
        with page.expect_navigation():
            page.click("button.primary")
        if not page.locator("body.door").count():
            expect(page.locator("#link")).to_have_attribute("role", "status")
            return
    raise AssertionError(f"{name} is not let in: {page.inner_text('body')}")
