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
from tests.support.tour.looks import laid_out_wrongly, said_wrongly
from tests.support.tour.stops import Stop

LOCALES: Final = {"zh": "zh-CN", "en": "en-GB"}
HEIGHTS: Final = {390: 844, 1280: 800, 1920: 1080}
LOAD_MS: Final = 30_000
SETTLE_MS: Final = 700
LOOK_MS: Final = 150
_REFUSED: Final = "Failed to load resource"
"""A console says so of every refusal; each is noted with its address instead."""
PHONE_LOOKS: Final = ("zh", "en")
PHONE_NAMES: Final = frozenset(("书店", "月卡", "家庭卡", "夜间月卡", "无牌", "东门大厦物业"))
"""What merchants and cards of the phones' plant are called in every language."""


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
    folder: Path | None
    names: frozenset[str] = frozenset()
    heard: list[str] = field(default_factory=list)
    """What the page has said since it was opened: errors, violations, refusals."""

    def listen(self) -> None:
        """Hear what goes wrong from now on."""
        _listen(self.context, self.heard)
        self.context.on("response", self._on_response)

    def sees(self, stop: Stop, role: Role, found: Mapping[str, str], looks: Sequence[Look]) -> Iterator[Finding]:
        """Open a page and look at it in every look; gives what is wrong, each thing once a page."""
        known: set[str] = set()
        for language in dict.fromkeys(look.language for look in looks):
            of = [look for look in looks if look.language == language]
            for look, what in self._in_language(stop, role, found, of):
                if what not in known:
                    known.add(what)
                    yield Finding(role.value, stop.path, str(look), what)

    def _in_language(
        self, stop: Stop, role: Role, found: Mapping[str, str], looks: Sequence[Look]
    ) -> Iterator[tuple[Look, str]]:
        """Open a page once. Words are the same by day and night, a layout in both themes, colours in both widths."""
        first = looks[0]
        try:
            yield from ((first, what) for what in self._opens(stop, role, stop.at(found), first))
            yield from ((first, what) for what in said_wrongly(self.page, first.language, self.names | stop.names))
            for look in looks:
                self._shown(stop, role, look)
                if look.theme == first.theme:
                    yield from ((look, what) for what in laid_out_wrongly(self.page))
                if look.width == first.width and len(looks) > 1:
                    yield from ((look, f"axe: {one[:300]}") for one in axe_finds(self.page))
        except PlaywrightError as error:
            yield first, str(error).partition("\n")[0][:200]
        yield from ((first, what) for what in self.heard)

    def _opens(self, stop: Stop, role: Role, path: str, look: Look) -> Iterator[str]:
        cookies = {"daozha_control_language": look.language, "daozha_control_theme": look.theme}
        for name, value in cookies.items():
            self.context.add_cookies([{"name": name, "value": value, "url": self.site.url}])
        self._sized(look)
        self.heard.clear()
        answer = self.page.goto(f"{self.site.url}{path}", timeout=LOAD_MS)
        status, wanted = answer.status if answer else 0, stop.status(role)
        if status != wanted:
            yield f"answers {status}, not {wanted}"
        if status == 200 and stop.is_live:
            self.page.locator("body[data-link=live]").wait_for(timeout=LOAD_MS)
        self.page.wait_for_timeout(SETTLE_MS)
        if stop.opens and status == 200:
            self.page.locator(stop.opens).first.click()
            self.page.wait_for_timeout(SETTLE_MS)

    def _shown(self, stop: Stop, role: Role, look: Look) -> None:
        """Change to a look, and keep a picture of it if any are kept."""
        self._sized(look)
        self.page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", look.theme)
        self.page.wait_for_timeout(LOOK_MS)
        if self.folder is not None:
            name = "-".join([stop.name, role.value, *str(look).split()])
            self.page.screenshot(path=self.folder / f"{name}.png", animations="disabled")

    def _sized(self, look: Look) -> None:
        self.page.set_viewport_size({"width": look.width, "height": HEIGHTS[look.width]})

    def _on_response(self, response: Response) -> None:
        if response.status >= 400 and not response.request.is_navigation_request():
            at = urlsplit(response.url)
            self.heard.append(f"asked for {at.path} and got {response.status}")


def _listen(context: BrowserContext, heard: list[str]) -> None:
    """Note what scripts and the content policy of any page complain of."""

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(_REFUSED):
            heard.append(f"console: {message.text[:200]}")

    def on_error(error: WebError) -> None:
        heard.append(f"script: {str(error.error)[:200]}")

    context.on("console", on_console)
    context.on("weberror", on_error)


@contextmanager
def visiting(
    browser: Browser, site: LiveSite, name: str, names: frozenset[str], folder: Path | None
) -> Iterator[Visitor]:
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


def phones(browser: Browser, url: str, folder: Path | None) -> Iterator[Finding]:
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
            if folder is not None:
                page.screenshot(path=folder / f"phone-{name.replace(' ', '-')}-{language}.png", full_page=True)
            axe = [f"axe: {one[:300]}" for one in axe_finds(page)]
            wrong = [*said_wrongly(page, language, PHONE_NAMES), *laid_out_wrongly(page), *axe, *heard]
            yield from (Finding("driver", path, language, what) for what in wrong)
        finally:
            context.close()
