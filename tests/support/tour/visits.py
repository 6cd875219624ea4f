"""A person who walks through the pages in a browser, and what is noted on the way."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, WebError
from playwright.sync_api import Error as PlaywrightError

from scada.model.rights import Role
from tests.support.axe import axe_finds
from tests.support.browser import WATCH
from tests.support.people import signed_in
from tests.support.phones import PAGES, sign_in
from tests.support.site import LiveSite
from tests.support.tour.looks import faults
from tests.support.tour.stops import Stop

LOCALES: Final = {"zh": "zh-CN", "en": "en-GB"}
HEIGHTS: Final = {390: 844, 1280: 800, 1920: 1080}
LOAD_MS: Final = 30_000
SETTLE_MS: Final = 700
LOOK_MS: Final = 150
_REFUSED: Final = "Failed to load resource"
"""A console says so of every refusal; each is noted with its address instead."""
PHONE_LOOKS: Final = "zh", "en"


@dataclass(frozen=True, slots=True)
class Look:
    """What a page is seen in."""

    language: str
    theme: str
    width: int

    def __str__(self) -> str:
        return f"{self.language} {self.theme} {self.width}"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with a page."""

    who: str
    path: str
    look: str
    what: str

    def __str__(self) -> str:
        return f"{self.path} as {self.who}, {self.look}: {self.what}"


@dataclass
class Visitor:
    """A signed-in person's browser."""

    site: LiveSite
    context: BrowserContext
    page: Page
    folder: Path
    names: frozenset[str] = frozenset()
    heard: list[str] = field(default_factory=list)
    """What the page has said since it was opened: errors, violations, refusals."""
    _opened: str = ""

    def listen(self) -> None:
        """Hear what goes wrong from now on."""
        _listen(self.context, self.heard)
        self.context.on("response", self._on_response)

    def sees(self, stop: Stop, role: Role, found: Mapping[str, str], looks: Sequence[Look]) -> Iterator[Finding]:
        """Open a page and look at it in every look; gives what is wrong, each thing once a page."""
        known: set[str] = set()
        for language in dict.fromkeys(look.language for look in looks):
            of = [look for look in looks if look.language == language]
            try:
                said = [(str(of[0]), what) for what in self._opens(stop, role, stop.at(found), of[0])]
                said += [(str(look), what) for look in of for what in self._looks(stop, role, look, axe=len(looks) > 1)]
                said += [(language, what) for what in self.heard]
            except PlaywrightError as error:
                said = [(language, str(error).partition("\n")[0][:200])]
            for look_of, what in said:
                if what not in known:
                    known.add(what)
                    yield Finding(role.value, stop.path, look_of, what)

    def _opens(self, stop: Stop, role: Role, path: str, look: Look) -> Iterator[str]:
        cookies = {"daozha_control_language": look.language, "daozha_control_theme": look.theme}
        for name, value in cookies.items():
            self.context.add_cookies([{"name": name, "value": value, "url": self.site.url}])
        self._sized(look)
        self.heard.clear()
        self._opened = f"{self.site.url}{path}"
        answer = self.page.goto(self._opened, timeout=LOAD_MS)
        status, wanted = answer.status if answer else 0, stop.status(role)
        if status != wanted:
            yield f"answers {status}, not {wanted}"
        if status == 200 and stop.is_live:
            self.page.locator("body[data-link=live]").wait_for(timeout=LOAD_MS)
        self.page.wait_for_timeout(SETTLE_MS)
        if stop.opens and status == 200:
            self.page.locator(stop.opens).first.click()
            self.page.wait_for_timeout(SETTLE_MS)

    def _looks(self, stop: Stop, role: Role, look: Look, *, axe: bool) -> Iterator[str]:
        self._sized(look)
        self.page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", look.theme)
        self.page.wait_for_timeout(LOOK_MS)
        name = "-".join([stop.name, role.value, *str(look).split()])
        self.page.screenshot(path=self.folder / f"{name}.png", animations="disabled")
        yield from faults(self.page, look.language, self.names)
        if axe and look.width == 1280:
            yield from (f"axe: {one[:300]}" for one in axe_finds(self.page))

    def _sized(self, look: Look) -> None:
        self.page.set_viewport_size({"width": look.width, "height": HEIGHTS[look.width]})

    def _on_response(self, response: Response) -> None:
        if response.status >= 400 and response.url != self._opened:
            at = urlsplit(response.url)
            self.heard.append(f"asked for {at.path} and got {response.status}")


def _listen(context: BrowserContext, heard: list[str]) -> None:
    """Note what scripts and the content policy of any page complain of."""

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(_REFUSED):
            heard.append(f"console: {message.text[:200]}")

    def on_error(error: WebError) -> None:
        heard.append(f"script: {str(error.error)[:200]}")

    context.on("console", on_console)
    context.on("weberror", on_error)


@contextmanager
def visiting(browser: Browser, site: LiveSite, name: str, names: frozenset[str], folder: Path) -> Iterator[Visitor]:
    """Let a person sign in."""
    context = browser.new_context(timezone_id="Asia/Shanghai", locale="zh-CN", reduced_motion="reduce")
    context.add_init_script(WATCH)
    try:
        page = context.new_page()
        signed_in(page, site, name)
        visitor = Visitor(site, context, page, folder, names)
        visitor.listen()
        yield visitor
    finally:
        context.close()


def phones(browser: Browser, url: str, folder: Path) -> Iterator[Finding]:
    """See every page of a driver's phone, in both languages."""
    for (name, path), language in ((one, two) for one in PAGES.items() for two in PHONE_LOOKS):
        context = browser.new_context(
            viewport={"width": 390, "height": HEIGHTS[390]}, locale=LOCALES[language], has_touch=True
        )
        heard: list[str] = []
        context.add_init_script(WATCH)
        _listen(context, heard)
        try:
            sign_in(context, path, url)
            page = context.new_page()
            page.goto(url + path, timeout=LOAD_MS)
            page.wait_for_timeout(LOOK_MS)
            page.screenshot(path=folder / f"phone-{name.replace(' ', '-')}-{language}.png", full_page=True)
            axe = [f"axe: {one[:300]}" for one in axe_finds(page)]
            wrong = [*faults(page, language, frozenset()), *axe, *heard]
            yield from (Finding("driver", path, language, what) for what in wrong)
        finally:
            context.close()
