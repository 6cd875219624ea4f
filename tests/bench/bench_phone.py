"""The drivers' pages on a slow phone: bytes, requests, and the time until there is something to read.

Chromium's own emulation: 400 kbit/s, 400 ms there and back, a quarter of this computer's speed, nothing cached.
"""

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.bench import support
from tests.support.browser import started_chromium
from tests.support.phones import PAGES, phone_pages, sign_in

BYTES_MOST = 60_000
REQUESTS_MOST = 4
TEXT_MOST_S = 3.0
LIMIT_S = 180
_NETWORK = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
_TEXT = """() => new Promise((done) => new PerformanceObserver((list) => {
  const text = list.getEntriesByName('first-contentful-paint')[0];
  if (text) done(text.startTime / 1000);
}).observe({type: 'paint', buffered: true}))"""


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="dz-") as name, phone_pages(Path(name)) as url, sync_playwright() as play:
        browser = started_chromium(play)
        rows = [_row(browser, url, page, path) for page, path in PAGES.items()]
        browser.close()
    heads = (
        "page",
        "bytes",
        f"limit {BYTES_MOST:,}",
        "requests",
        "limit 4",
        "first text, s",
        f"limit {TEXT_MOST_S:g} s",
    )
    support.show("A driver's slow phone", heads, rows, "400 kbit/s, 400 ms there and back, CPU × 4, nothing cached")


def _row(browser: Browser, url: str, name: str, path: str) -> tuple[str, ...]:
    size, requests, text_s = _visit(browser, url, path)
    verdicts = size <= BYTES_MOST, requests <= REQUESTS_MOST, text_s <= TEXT_MOST_S
    told = ["kept" if kept else "BROKEN" for kept in verdicts]
    return name, f"{size:,}", told[0], str(requests), told[1], f"{text_s:.2f}", told[2]


def _visit(browser: Browser, url: str, path: str) -> tuple[int, int, float]:
    """Open a page as a phone that has never been here; gives bytes, requests and seconds to the first text."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN", has_touch=True)
    sign_in(context, path, url)
    page = context.new_page()
    wire, sizes = context.new_cdp_session(page), list[int]()
    wire.on("Network.loadingFinished", lambda told: sizes.append(int(told["encodedDataLength"])))
    wire.send("Network.enable")
    wire.send("Network.emulateNetworkConditions", _NETWORK)
    wire.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.goto(url + path, wait_until="load")
    text_s = float(page.evaluate(_TEXT))
    context.close()
    return sum(sizes), len(sizes), text_s


if __name__ == "__main__":
    support.run(main, LIMIT_S)
