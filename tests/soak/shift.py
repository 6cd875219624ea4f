"""A shift at the desk in a real browser: every kind of case, by mouse and by keyboard, in both languages and themes.

Each kind is resolved twice on a live virtual car park: once by mouse, once by keyboard alone; the second time in the
other language and the other theme. Prints how long each case stood, and what was wrong with any picture; 1 if anything
was.
"""

import argparse
import itertools
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from scada.model.desk.cases import Kind
from tests.support.browser import started_chromium
from tests.support.people import settled
from tests.support.shift.hands import Hand, Keys, Mouse
from tests.support.shift.looks import Album
from tests.support.shift.plays import PLAYS, a_till_is_short
from tests.support.shift.turn import Timed, Turn, album_in, at_desk, sitting
from tests.support.site import LiveSite

LANGUAGES = ("zh", "en")
THEMES = ("day", "night")
PEOPLE = {"li": "operator", "wang": "administrator"}
T_HELP_S, T_PASS_S = 6.0, 4.0


@dataclass(frozen=True, slots=True)
class Way:
    """How one play is played."""

    hand: Hand
    language: str
    theme: str


def ways(number: int) -> tuple[Way, Way]:
    """Give the two ways of a play: of two plays each hand has each language, of four each theme, too."""
    one, other = number % 2, number // 2 % 2
    first = Way(Mouse(), LANGUAGES[one], THEMES[other])
    return first, Way(Keys(), LANGUAGES[1 - one], THEMES[1 - other])


def schedule(names: Sequence[str]) -> list[tuple[Callable[[Turn], None], Way]]:
    """Give what is played, and how: everything once, then everything the other way."""
    wanted = [(play, ways(number)) for number, play in enumerate(PLAYS) if play.__name__ in (names or [play.__name__])]
    return [(play, both[turn]) for turn in (0, 1) for play, both in wanted]


def shift(site: LiveSite, browser: Browser, album: Album, names: Sequence[str]) -> Iterator[Timed | str]:
    """Play everything; gives how long each case stood, and what a play failed by."""
    numbers = itertools.count(1)
    with ExitStack() as stack:
        for name, role in PEOPLE.items():
            settled(site, name, role)
        desks = {name: stack.enter_context(at_desk(browser, site, name, album, numbers)) for name in PEOPLE}
        with sitting(desks["li"], Mouse(), "zh", "day") as begins:
            begins.order("/api/v1/money/open-till", float_fen=20_000)
        for play, way in schedule(names):
            desk = desks["wang" if play is a_till_is_short else "li"]
            with sitting(desk, way.hand, way.language, way.theme) as now:
                yield from played(play, now)


def played(play: Callable[[Turn], None], now: Turn) -> Iterator[Timed | str]:
    """Play one play in one way."""
    sys.stderr.write(f"{play.__name__} … {now.way}\n")
    try:
        play(now)
        now.clear()
    except (AssertionError, PlaywrightError) as error:
        now.page.screenshot(path=now.desk.album.folder / f"failed-{play.__name__}-{now.way}.png")
        yield f"{play.__name__} by {now.way}: {str(error)[:1500]}"
        now.clear()
    yield from now.times


def told(one: Timed) -> str:
    """Give a line of the table."""
    return f"{one.kind} | {one.way} | {one.shown_s:.1f} | {one.answered_s:.1f} | {one.closed_s:.1f}"


def middle(times: Sequence[Timed]) -> str:
    """Give the last line of the table."""
    found = [median(getattr(one, name) for one in times) for name in ("shown_s", "answered_s", "closed_s")]
    return " | ".join([f"median of {len(times)}", "", *(f"{seconds:.1f}" for seconds in found)])


def main() -> int:
    """Play the shift."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--screens", type=Path, help="where pictures of every step are kept; else nowhere")
    parser.add_argument("plays", nargs="*", help="only these plays")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with (
        tempfile.TemporaryDirectory(prefix="dz-") as folder,
        LiveSite(Path(folder) / "site", t_help_s=T_HELP_S, t_pass_s=T_PASS_S) as site,
        sync_playwright() as playwright,
    ):
        album = album_in(asked.screens or Path(folder) / "screens")
        found = []
        _say("kind | way | on screen s | answered s | closed s", "--- | --- | --- | --- | ---")
        for one in shift(site, started_chromium(playwright), album, asked.plays):
            found.append(one)
            _say(told(one) if isinstance(one, Timed) else f"FAILED {one}")
    times = [one for one in found if isinstance(one, Timed)]
    missing = [] if asked.plays else _missing(times)
    wrong = [*(one for one in found if isinstance(one, str)), *missing, *album.wrong]
    _say(*([middle(times)] if times else []), f"{album.taken} pictures, {len(wrong)} faults", *dict.fromkeys(wrong))
    return int(bool(wrong))


def _say(*lines: str) -> None:
    """A play takes a while: what is known is told at once."""
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


def _missing(times: Sequence[Timed]) -> list[str]:
    """Say which kinds of case were not resolved in every way."""
    wanted = {(kind.value, word) for kind in Kind for word in ("mouse", "keyboard", *LANGUAGES, *THEMES)}
    seen = {(one.kind, word) for one in times for word in one.way.split()}
    return [f"not seen: {kind} in the way {word}" for kind, word in sorted(wanted - seen)]


if __name__ == "__main__":
    sys.exit(main())
