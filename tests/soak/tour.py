"""A tour of every page of the control room and of a driver's phone, in a real browser: tells what is wrong with any.

A live virtual car park has something on every page. The administrator sees each page in both languages, by day and by
night, 1280 and 1920 wide; everybody else sees it once: in a language, a theme and a width of their own. Looked at are
the answer for the role, errors of scripts and of the content policy, requests that were refused, words of another
language, what is cut off, beyond the screen or too small, values of a program, and what axe finds serious. One JSON
object; 1 if anything is wrong.
"""

import argparse
import itertools
import json
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import monotonic

from playwright.sync_api import Browser, sync_playwright

from scada.model.rights import Role
from tests.support.browser import started_chromium
from tests.support.people import settled
from tests.support.phones import phone_pages
from tests.support.shift.hands import Mouse
from tests.support.shift.turn import album_in, at_desk, sitting
from tests.support.site import LiveSite
from tests.support.tour.scene import NAMES, set_up
from tests.support.tour.stops import RICHEST, ROLES, STOPS, Stop
from tests.support.tour.visits import Finding, Look, Visitor, phones, visiting

PEOPLE = {Role.OPERATOR: "li", RICHEST: "wang", Role.TECHNICIAN: "tan", Role.MANAGER: "mu", Role.AUDITOR: "shen"}
DRIVER = "driver"
T_HELP_S = 6.0
ONE_LOOK: Mapping[Role, Look] = {
    Role.OPERATOR: Look("zh", "night", 1280),
    Role.TECHNICIAN: Look("en", "day", 1280),
    Role.MANAGER: Look("zh", "day", 1920),
    Role.AUDITOR: Look("en", "night", 1920),
}
EVERY_LOOK = tuple(itertools.starmap(Look, itertools.product(("zh", "en"), ("day", "night"), (1280, 1920))))


def toured(visitor: Visitor, role: Role, stops: Sequence[Stop], found: Mapping[str, str]) -> Iterator[Finding]:
    """See every page as one role."""
    for stop in stops:
        if stop.is_text and role is not RICHEST:
            continue
        sys.stderr.write(f"{role.value} {stop.path}\n")
        yield from visitor.sees(stop, role, found, looks_of(stop, role))


def looks_of(stop: Stop, role: Role) -> Sequence[Look]:
    """Say in which looks a role sees a page."""
    if role is not RICHEST:
        return (ONE_LOOK[role],)
    return (EVERY_LOOK[0], EVERY_LOOK[-1]) if stop.is_text else EVERY_LOOK


def stops_of(words: Sequence[str]) -> Sequence[Stop]:
    """Choose pages by the beginning of their addresses; all if none is named."""
    return [stop for stop in STOPS if not words or any(_begins(stop.path, word) for word in words)]


def _begins(path: str, word: str) -> bool:
    return path == word or (word != "/" and path.startswith(word))


def tour(
    site: LiveSite, browser: Browser, folder: Path, screens: Path | None, roles: Sequence[Role], pages: Sequence[str]
) -> Iterator[Finding]:
    """Let things happen at the site, and look at all of it."""
    for role, name in PEOPLE.items():
        settled(site, name, role.value)
    with (
        at_desk(browser, site, PEOPLE[RICHEST], album_in(folder / "scene"), itertools.count(1)) as desk,
        sitting(desk, Mouse(), "zh", "day") as now,
    ):
        found = set_up(now, PEOPLE[Role.OPERATOR])
    for role in roles:
        with visiting(browser, site, PEOPLE[role], NAMES | frozenset(PEOPLE.values()), screens) as visitor:
            yield from toured(visitor, role, stops_of(pages), found)


def main() -> int:
    """Make the tour."""
    asked = _asked()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began_s = monotonic()
    roles = [role for role in ROLES if role.value in asked.roles]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dz-")))
        screens = None if asked.screens is None else _made(asked.screens)
        pages = stack.enter_context(phone_pages(_made(folder / "phones"))) if DRIVER in asked.roles else ""
        site = stack.enter_context(LiveSite(folder / "site", t_help_s=T_HELP_S)) if roles else None
        browser = started_chromium(stack.enter_context(sync_playwright()))
        wrong: list[Finding] = []
        if site is not None:
            wrong += _told(tour(site, browser, folder, screens, roles, asked.pages))
        if pages:
            wrong += _told(phones(browser, pages, screens))
    told = {"minutes": round((monotonic() - began_s) / 60, 1), "wrong": [str(one) for one in wrong]}
    sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=1) + "\n")
    return int(bool(wrong))


def _asked() -> argparse.Namespace:
    everybody = [*(role.value for role in ROLES), DRIVER]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--screens", type=Path, metavar="FOLDER", help="where pictures of every page are kept")
    parser.add_argument("--roles", nargs="+", choices=everybody, default=everybody, help="only as these")
    parser.add_argument("--pages", nargs="+", default=(), metavar="PATH", help="only pages whose address begins so")
    return parser.parse_args()


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _told(findings: Iterator[Finding]) -> Iterator[Finding]:
    """A tour takes a while: what is wrong is told at once."""
    for one in findings:
        sys.stderr.write(f"  {one}\n")
        yield one


if __name__ == "__main__":
    sys.exit(main())
