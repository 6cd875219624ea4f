"""One turn at the desk: a page, a hand, and the watch that times each case from its beginning to its end."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, time
from typing import Any, Final

from playwright.sync_api import Browser, Page, expect

from tests.support.browser import open_page
from tests.support.driver_phone import posted, scanned
from tests.support.people import signed_in
from tests.support.shift.hands import Hand, dialog, row
from tests.support.shift.looks import WATCH, Album, in_theme
from tests.support.site import LiveSite

CAR_MS: Final = 150_000
LOOK_MS: Final = 100
_SEND: Final = """async ([path, body]) => {
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const headers = {'Content-Type': 'application/json', 'X-CSRFToken': token};
  const posted = body === null ? {} : {method: 'POST', body: JSON.stringify(body)};
  const answer = await fetch(path, {headers, ...posted});
  return [answer.status, await answer.json()];
}"""
_SINCE: Final = """ref => {
  const {cases} = document.querySelector('desk-queue').told;
  return Date.parse(cases.find((one) => one.ref === ref).since);
}"""
_PROVINCES: Final = "京沪粤苏浙川鄂湘皖鲁津豫闽赣云"


@dataclass(frozen=True, slots=True)
class Timed:
    """How long a case stood: on the screen, taken with something to be done about it, and over."""

    kind: str
    way: str
    shown_s: float
    answered_s: float
    closed_s: float


@dataclass
class Desk:
    """A person's page."""

    site: LiveSite
    page: Page
    album: Album
    numbers: Iterator[int]


@dataclass
class Turn:
    """One kind of case resolved in one way."""

    desk: Desk
    hand: Hand
    language: str
    theme: str
    kind: str = ""
    looked: list[tuple[float, float]] = field(default_factory=list)
    """When pictures were taken: from, to, by the wall clock; that time is nobody's."""
    times: list[Timed] = field(default_factory=list)
    worn: dict[str, str] = field(default_factory=dict)
    """What the cameras of each lane ought to read now."""
    _taken: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def page(self) -> Page:
        """The page."""
        return self.desk.page

    @property
    def site(self) -> LiveSite:
        """The site."""
        return self.desk.site

    @property
    def way(self) -> str:
        """How the person works, and what the page looks like."""
        return f"{self.hand.name} {self.language} {self.theme}"

    def number(self, leaves_as: str = "", *, read: bool = True) -> tuple[int, str]:
        """Give the next car: its number, and a plate that no other is like; and say what ought to be read of it."""
        number = next(self.desk.numbers)
        sign = _PROVINCES[number % len(_PROVINCES)]
        plate = f"{sign}{'ABCDEFGH'[number % 8]}{(number * 61_357 + 10_203) % 100_000:05d}"
        self.worn = {"in1": plate, "out1": leaves_as or plate} if read else {}
        return number, plate

    # --- what happens at the site ---

    def tag(self, name: str) -> object:
        """Give a tag's value."""
        return self._asked("/api/v1/snapshot")["tags"].get(name, {}).get("value")

    def until_tag(self, name: str, *wanted: object) -> None:
        """Wait for a tag to be so."""
        self.until(lambda: self.tag(name) in wanted, f"{name} is one of {wanted}")

    def until(self, so: Callable[[], bool], what: str) -> None:
        """Wait for something at the site; where a camera has failed, its plate is typed. Raises AssertionError."""
        end_s = monotonic() + CAR_MS / 1000
        while not so():
            assert monotonic() < end_s, f"it did not come to this: {what}"
            self.page.wait_for_timeout(LOOK_MS)
            self._stand_in()

    def _stand_in(self) -> None:
        """On a busy machine a camera may be silent just now: say what it would have read."""
        waiting = self.page.locator("[data-case][data-kind=unread]").evaluate_all(
            "all => all.map((one) => one.dataset.case)"
        )
        for ref in waiting if self.worn else ():
            tags = self._asked("/api/v1/snapshot")["tags"]
            for lane, plate in self.worn.items():
                if ref == f"passage:{tags[f'{lane}.passage']['value']}":
                    body = {"passage": tags[f"{lane}.passage"]["value"], "plate": plate}
                    self.page.evaluate(_SEND, [f"/api/v1/lanes/{lane}/plate", body])

    def stay_of(self, plate: str) -> str:
        """Wait until the car of a plate is inside; gives its stay."""
        found: list[str] = []

        def inside() -> bool:
            found[:] = [one["stay"] for one in self._asked("/api/v1/open-stays") if one["plate"] == plate]
            return bool(found)

        self.until(inside, f"{plate} is inside")
        return found[0]

    def order(self, path: str, **body: object) -> object:
        """Tell the plant something that is not the play's own: it is accepted."""
        status, told = self.page.evaluate(_SEND, [path, body])
        assert status == 200, (path, body, status, told)
        return told

    def pays(self, lane: str) -> None:
        """Pay what a lane's display asks for, with somebody's phone; a code that was just replaced is scanned anew."""

        def is_paid() -> bool:
            code = scanned(self.page, self.site, lane, "weixin://")
            return posted(self.site, "/phone/pay", code_url=code, openid="oPasser").get("result") in ("ok", "paid")

        self.until(is_paid, f"what {lane} asks for is paid")

    def clear(self) -> None:
        """Mend what still stands broken, and wait until nobody stands in a lane; who still waits there is let out."""
        for lane in ("in1", "out1"):
            self.site.field(lane)
        self.until(self._is_clear, "both lanes are empty")

    def _is_clear(self) -> bool:
        tags = self._asked("/api/v1/snapshot")["tags"]
        waits = [lane for lane in ("in1", "out1") if tags[f"{lane}.lane.state"]["value"] != "idle"]
        for lane in waits:
            if tags[f"{lane}.lane.state"]["value"] in ("awaiting_operator", "awaiting_payment"):
                body = {"passage": tags[f"{lane}.passage"]["value"], "reason": "EQUIPMENT", "note": ""}
                self.page.evaluate(_SEND, [f"/api/v1/lanes/{lane}/open", body])
        return not waits and all(tags[f"{lane}.gate.down"]["value"] for lane in ("in1", "out1"))

    def _asked(self, path: str) -> Any:  # noqa: ANN401 - JSON
        return self.page.evaluate(_SEND, [path, None])[1]

    # --- what the person does ---

    def appears(self, kind: str) -> str:
        """Wait until a case of a kind is on the screen; gives its name."""
        one = self.page.locator(f"[data-case][data-kind={kind}]").last
        self.until(one.is_visible, f"a case {kind} is on the screen")
        return str(one.get_attribute("data-case"))

    def takes(self, kind: str) -> str:
        """Take a case as soon as it is there: whose it is now, and that something may be done, is on the screen."""
        self.kind, ref = kind, self.appears(kind)
        since_ms = self.page.evaluate(
            "ref => Date.parse(document.querySelector('desk-queue').told.cases.find((one) => one.ref === ref).since)",
            ref,
        )
        self.hand.choose(self.page, ref)
        owner = row(self.page, ref).locator(".owner")
        if not owner.count():
            self.hand.deal(self.page, ref, "take")
        expect(owner).to_have_text("我的" if self.language.startswith("zh") else "mine")
        is_paper = "paper" in (row(self.page, ref).get_attribute("class") or "")
        deed = "[data-deed=settle]" if is_paper else "[data-act][aria-disabled=false]"
        expect(self.page.locator(deed).first).to_be_visible()
        shown_ms = self.page.evaluate("key => casesSeen[key].at", f"{ref} {kind}")
        self._taken = (since_ms, shown_ms, self.page.evaluate("Date.now()"))
        self.looked.clear()
        self.looks("1-taken")
        return ref

    def does(self, act: str, **said: str) -> None:
        """Do one of the deeds: the dialog is answered, confirmed and closed."""
        self.hand.act(self.page, act)
        self.answers(act, **said)

    def settles(self, ref: str, **said: str) -> None:
        """Settle a case that only wants to be looked at."""
        self.hand.deal(self.page, ref, "settle")
        expect(dialog(self.page)).to_be_visible()
        self.answers("settle", **said)

    def answers(self, act: str, **said: str) -> None:
        """Fill the dialog that is open, confirm it, close it."""
        for name, value in said.items():
            field = dialog(self.page).locator(f"[name={name}]").first
            expect(field).to_be_visible()
            is_choice = field.get_attribute("type") == "radio"
            (self.hand.pick if is_choice else self.hand.write)(self.page, name, value)
        self.looks(f"2-{act}")
        self.hand.confirm(self.page)
        self.looks(f"3-{act}-done")
        self.hand.close(self.page)

    def ends(self, ref: str) -> None:
        """See the case go, and keep how long it stood."""
        gone = f"{ref} {self.kind}"
        self.page.wait_for_function("key => casesSeen[key].gone !== null", arg=gone, timeout=CAR_MS)
        gone_ms = self.page.evaluate("key => casesSeen[key].gone", gone)
        since_ms, shown_ms, answered_ms = self._taken
        closed_s = (gone_ms - since_ms) / 1000 - looking_s(self.looked, gone_ms / 1000)
        self.times.append(
            Timed(self.kind, self.way, (shown_ms - since_ms) / 1000, (answered_ms - since_ms) / 1000, closed_s)
        )
        self.looks("4-over")

    def looks(self, moment: str) -> None:
        """Look at the page; the time that takes is nobody's."""
        began_s = time()
        name = "-".join([self.kind, *self.way.split(), moment])
        self.desk.album.look(self.page, name, self.language)
        self.looked.append((began_s, time()))


def looking_s(looked: Sequence[tuple[float, float]], until_s: float) -> float:
    """Say how long pictures were taken before a moment: what is looked at after a case has gone costs it nothing."""
    return sum(max(0.0, min(ended_s, until_s) - began_s) for began_s, ended_s in looked)


def office(site: LiveSite, *words: str) -> str:
    """Give a command of `daozha` at the office's terminal; gives what it says."""
    command = [sys.executable, "-m", "scada", *words, "--config", str(site.folder / "config.toml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def at_desk(browser: Browser, site: LiveSite, name: str, album: Album, numbers: Iterator[int]) -> Iterator[Desk]:
    """Let a person sit down at the desk."""
    with open_page(browser, "zh-CN") as page:
        page.add_init_script(WATCH)
        signed_in(page, site, name)
        yield Desk(site, page, album, numbers)


@contextmanager
def sitting(desk: Desk, hand: Hand, language: str, theme: str) -> Iterator[Turn]:
    """Sit at the desk for one turn, in a language and a theme; the page is left afterwards."""
    page = desk.page
    page.goto(f"{desk.site.url}/desk?lang={language}")
    expect(page.locator("html")).to_have_attribute("lang", re.compile(f"^{language}"))
    expect(page.locator("body")).to_have_attribute("data-link", "live")
    expect(page.locator("desk-queue .queue")).to_be_visible()
    in_theme(page, theme)
    yield Turn(desk, hand, language, theme)
    page.goto("about:blank")


def album_in(folder: Path) -> Album:
    """Begin an album in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return Album(folder)
