"""Chromium of the system, and pages that fail a test by any error or violation of the content policy."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, WebError, expect

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
)
EXPECTED_WITHIN_MS = 40_000
"""How long a page may take to show what a test expects: its processes share the machine with other tests."""
WATCH = """document.addEventListener('securitypolicyviolation',
  (event) => console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`))"""


def started_chromium(playwright: Playwright) -> Browser:
    """Start the system's Chromium; a test that needs it fails where there is none."""
    expect.set_options(timeout=EXPECTED_WITHIN_MS)
    path = shutil.which("chromium")
    assert path is not None, "install Debian's chromium and fonts-noto-cjk"
    return playwright.chromium.launch(executable_path=path, args=list(FLAGS))


@contextmanager
def open_page(browser: Browser, language: str) -> Iterator[Page]:
    """Open a page of 1280 x 800 in a browser of its own; at the end it must have had no error."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, locale=language, timezone_id="Asia/Shanghai", reduced_motion="reduce"
    )
    context.add_init_script(WATCH)
    wrong: list[str] = []

    def on_error(error: WebError) -> None:
        wrong.append(str(error.error))

    def on_console(message: ConsoleMessage) -> None:
        if "policy" in message.text.lower():
            wrong.append(message.text)

    context.on("weberror", on_error)
    context.on("console", on_console)
    try:
        yield context.new_page()
    finally:
        context.close()
    assert wrong == []


def sign_in(page: Page, url: str, name: str, path: str = "") -> None:
    """Sign in to the control room, wait until the plant is heard, and go to one of its pages by its link."""
    page.goto(url)
    page.fill("[name=name]", name)
    page.fill("[name=password]", "correct horse")
    page.click("button.primary")
    _is_live(page)
    if path:
        link = page.locator(f"a[href='{path}']")
        menu = page.locator("nav details", has=link)
        if menu.count():
            menu.locator("summary").click()
        page.click(f"nav a[href='{path}']")
        page.wait_for_url(f"**{path}")
        _is_live(page)


def _is_live(page: Page) -> None:
    expect(page.locator("body")).to_have_attribute("data-link", "live")
    expect(page.locator("#link")).to_have_text(re.compile("Live|实时"))
    expect(page.locator("#link")).to_have_attribute("role", "status")
