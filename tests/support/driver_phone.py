"""A driver's phone in a real browser: WeChat's own, before the simulated WeChat of a site."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from playwright.sync_api import Browser, Page

from lpr.sim.qr import decode
from tests.support.site import LiveSite

CAR_MS: Final = 60_000
WECHAT: Final = (
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126 Mobile Safari/537.36 MicroMessenger/8.0.50"
)


def bank(site: LiveSite) -> str:
    assert site.config.sim is not None
    return f"http://127.0.0.1:{site.config.sim.wechat_port}"


def got(url: str, openid: str = "") -> str:
    request = urllib.request.Request(url, headers={"Accept": "application/json", "Cookie": f"openid={openid}"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return str(answer.read().decode())


@contextmanager
def phone(chromium: Browser, site: LiveSite, openid: str, locale: str) -> Iterator[Page]:
    """Open WeChat's own browser on a phone: its bridge is there, and the visitor is who he is."""
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, user_agent=WECHAT, locale=locale, bypass_csp=True, has_touch=True
    )
    context.add_cookies([{"name": "openid", "value": openid, "url": bank(site)}])
    context.add_init_script(got(f"{bank(site)}/phone/bridge.js", openid))
    page = context.new_page()
    page.set_default_timeout(CAR_MS)
    try:
        yield page
    finally:
        context.close()


def got_bytes(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310
        return bytes(answer.read())


def posted(site: LiveSite, path: str, **told: str) -> dict[str, object]:
    """Do on a page of the simulated WeChat what a phone would; a refusal's own words are the answer."""
    body, headers = json.dumps(told).encode(), {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{bank(site)}{path}", body, headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return dict(json.loads(answer.read() or b"{}"))
    except urllib.error.HTTPError as error:
        return {"status": error.code}


def displays(site: LiveSite) -> str:
    return f"http://{site.config.web.devices.host}:{site.config.web.devices.port}"


def screen(site: LiveSite, lane: str) -> dict[str, Any]:
    """Give what the lane's display shows."""
    told: dict[str, Any] = json.loads(got(f"{displays(site)}/display/{lane}/state"))
    return told


def scanned(page: Page, site: LiveSite, lane: str, begins: str) -> str:
    """Scan the code on the lane's display, once it shows one that begins so."""
    for _ in range(240):
        if screen(site, lane)["qr_version"]:
            code = decode(got_bytes(f"{displays(site)}/display/{lane}/qr.png")) or ""
            if code.startswith(begins):
                return code
        page.wait_for_timeout(250)
    raise AssertionError(f"{lane} shows no code that begins with {begins}")
