"""A list of what the product needs of a time-series server, each tried on it with points of a measurement of its own.

What it leaves behind is a handful of points of `daozha_check`, where the server cannot be told to forget them.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from time import monotonic, sleep

from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from scada.model.names import SiteId
from scada.model.tag import TagName
from scada.model.trend import HOUR_MS, Sample
from scada.store.db import StoreError
from scada.store.historian.keeping import Keeping
from scada.store.historian.points import Point, unix_ms
from scada.store.historian.remote.answers import Answer, Fate, fate
from scada.store.historian.remote.lines import TRIAL, hour_line, line
from scada.store.historian.remote.places import CALLED
from scada.store.historian.remote.retention import Retention
from scada.store.historian.remote.routes import Found, Route
from scada.store.historian.remote.sender import Delivered, deliver
from scada.store.historian.remote.server import TimeSeriesServer, words

SITE = SiteId("check")
WITHIN_S = 15.0
WEEK_MS = 7 * 24 * 3_600_000
BAD = 0x80050000
_LOOK_S = 0.25


class Outcome(Enum):
    """What came of a promise."""

    HOLDS = "holds"
    FAILS = "fails"
    CANNOT = "cannot"
    """This kind of server cannot do it; the product goes without."""


@dataclass(frozen=True, slots=True)
class Check:
    """One promise and what came of it."""

    name: str
    outcome: Outcome
    said: str = ""
    remedy: str = ""


def tried(server: TimeSeriesServer, now: datetime, keeping: Keeping | None = None) -> tuple[str, list[Check]]:
    """Try everything, in order; without an answer or a way to write, no more. Gives what it is, and the list."""
    try:
        found = server.find()
    except (ApiException, HTTPError) as error:
        remedy = "is it running, and is the address right?"
        return "no server", [Check("it answers", Outcome.FAILS, words(error), remedy)]
    checks = [Check("it answers", Outcome.HOLDS, f"by {found.route.value}")]
    trial = _Trial(server, found, unix_ms(now))
    try:
        checks.extend(trial.run())
    except StoreError as error:
        checks.append(Check("it can be read", Outcome.FAILS, str(error), "may the token read the bucket?"))
    checks.append(trial.tidy())
    return str(found), [*checks, *_kept_long_enough(server, keeping or Keeping())]


class _Trial:
    """The promises of one run; each has a series of its own."""

    def __init__(self, server: TimeSeriesServer, found: Found, now_ms: int) -> None:
        self._server = server
        self._is_victoria = found.route is Route.VICTORIA
        self._route = found.route
        self._now_ms = now_ms - 60_000

    def run(self) -> Iterator[Check]:
        """Try one promise after the other."""
        written = self._server.write([self._line("first", 0, 1.5)])
        yield _written(written)
        if fate(written) is not Fate.STORED:
            return
        yield self._read_back()
        yield self._repeats()
        yield self._precision()
        yield self._quality()
        yield self._text()
        yield self._bad_line()
        yield self._type()
        yield self._old()
        yield self._order()
        yield self._hours()

    def tidy(self) -> Check:
        """Let the server forget the points, where it can."""
        name = "nothing is left behind"
        if self._route.is_1:
            with suppress(StoreError):
                self._server.query_series(f'DROP MEASUREMENT "{TRIAL}"', "POST")
                return Check(name, Outcome.HOLDS, "dropped")
        if self._route is Route.V2:
            with suppress(ApiException, HTTPError, StoreError):
                self._server.delete(TRIAL, self._now_ms - 2 * WEEK_MS, self._now_ms + WEEK_MS)
                return Check(name, Outcome.HOLDS, "deleted")
        left = f"a few points of {TRIAL}, which nothing reads"
        return Check(name, Outcome.CANNOT, left, "they go with the server's own retention")

    def _read_back(self) -> Check:
        samples = self._wait("first", 1)
        if [one.value for one in samples] == [1.5]:
            return Check("what is written can be read", Outcome.HOLDS)
        return Check("what is written can be read", Outcome.FAILS, _shown(samples), "may the token read the bucket?")

    def _repeats(self) -> Check:
        name = "a point that comes again is one point"
        for _ in range(2):
            self._server.write([self._line("repeat", 0, 2.0)])
        self._wait("repeat", 1)
        number = self._server.stored_times(SITE, _tag("repeat"), self._now_ms, self._now_ms + 1)
        if number == 1:
            return Check(name, Outcome.HOLDS)
        remedy = "start it with -dedup.minScrapeInterval=1ms" if self._is_victoria else ""
        return Check(name, Outcome.FAILS, f"it is there {number} times", remedy)

    def _precision(self) -> Check:
        name = "times are kept to the millisecond"
        self._server.write([self._line("precision", n, float(n)) for n in (0, 1, 999)])
        samples = self._wait("precision", 3)
        kept = [unix_ms(one.at) - self._now_ms for one in samples]
        return Check(name, Outcome.HOLDS if kept == [0, 1, 999] else Outcome.FAILS, "" if kept else _shown(samples))

    def _quality(self) -> Check:
        name = "a bad value is a point without a value"
        self._server.write([self._line("quality", 0, 1.0), self._line("quality", 1, None, BAD)])
        samples = self._wait("quality", 2)
        is_right = [(one.value, one.status_code) for one in samples] == [(1.0, 0), (None, BAD)]
        return Check(name, Outcome.HOLDS if is_right else Outcome.FAILS, "" if is_right else _shown(samples))

    def _text(self) -> Check:
        name = "states are kept in words"
        if self._is_victoria:
            return Check(name, Outcome.CANNOT, "it keeps numbers only", "trends of states show their quality alone")
        point = Point(_tag("text"), self._now_ms, None, '开闸 "a\\b"', 0)
        self._server.write([line(SITE, point)])
        samples = self._wait("text", 1)
        is_right = [one.text for one in samples] == ['开闸 "a\\b"']
        return Check(name, Outcome.HOLDS if is_right else Outcome.FAILS, "" if is_right else _shown(samples))

    def _bad_line(self) -> Check:
        return self._isolates("a line that cannot be read holds up no other", "bad", "no line at all")

    def _type(self) -> Check:
        wrong = self._line("type", 9, 1.0).replace("value=1.0", "value=true")
        return self._isolates("a value of another type holds up no other", "type", wrong)

    def _isolates(self, name: str, tag: str, bad: str) -> Check:
        good = [self._line(tag, n, float(n)) for n in range(4)]
        done = deliver([*good[:2], bad, *good[2:]], self._server.write)
        if isinstance(done, Answer):
            return Check(name, Outcome.FAILS, _answered(done), "the queue would stand still here")
        samples = [one for one in self._wait(tag, 4) if unix_ms(one.at) < self._now_ms + 9]
        if len(samples) < 4:
            return Check(name, Outcome.FAILS, f"{len(samples)} of 4 good points were stored")
        return _told(name, done)

    def _old(self) -> Check:
        name = "points a week old are taken: they may have waited so long"
        answer = self._server.write([self._line("old", -WEEK_MS, 1.0)])
        if fate(answer) is Fate.STORED and self._wait("old", 1, since_ms=-WEEK_MS):
            return Check(name, Outcome.HOLDS)
        return Check(name, Outcome.FAILS, _answered(answer), "let the server keep history for longer than a week")

    def _order(self) -> Check:
        name = "trends can be asked for, and the last value before them"
        before = self._server.last_before(SITE, _tag("precision"), self._now_ms + 999)
        some = self._server.samples(SITE, _tag("precision"), self._now_ms, self._now_ms + 1000, 2)
        is_right = before is not None and before.value == 1.0 and [one.value for one in some] == [0.0, 1.0]
        return Check(name, Outcome.HOLDS if is_right else Outcome.FAILS, "" if is_right else _shown(some))

    def _hours(self) -> Check:
        """Write an hour, then write it anew."""
        name, at_ms = "an hour that is reckoned anew takes the place of the old one", self._now_ms // HOUR_MS * HOUR_MS
        if self._is_victoria:
            return Check(name, Outcome.CANNOT, "it may keep the old one", "trends are made of points here")
        for points in (1, 2):
            answer = self._server.write([hour_line(SITE, _tag("hour"), {"points": points, "mean": 1.5}, at_ms)])
            if fate(answer) is not Fate.STORED:
                return Check(name, Outcome.FAILS, _answered(answer), "is there the place of the hours?")
        deadline = monotonic() + WITHIN_S
        while True:
            found = list(self._server.hours(SITE, _tag("hour"), ("points", "mean"), at_ms, at_ms + HOUR_MS))
            if [row[1:] for row in found] == [[2, 1.5]]:
                return Check(name, Outcome.HOLDS)
            if monotonic() > deadline:
                return Check(name, Outcome.FAILS, f"read back: {found}"[:160])
            sleep(_LOOK_S)

    def _line(self, tag: str, after_ms: int, value: float | None, quality: int = 0) -> str:
        return line(SITE, Point(_tag(tag), self._now_ms + after_ms, value, None, quality))

    def _wait(self, tag: str, number: int, since_ms: int = 0) -> Sequence[Sample]:
        """Read until so many points are there; a server may take its time to show what it has taken."""
        deadline = monotonic() + WITHIN_S
        while True:
            self._server.flush()
            start = self._now_ms + since_ms
            samples = self._server.samples(SITE, _tag(tag), start, self._now_ms + 1000, 100)
            if len(samples) >= number or monotonic() > deadline:
                return samples
            sleep(_LOOK_S)


def _kept_long_enough(server: TimeSeriesServer, keeping: Keeping) -> Iterator[Check]:
    """Say of each class of history for how long it is kept there."""
    try:
        found = Retention(server, keeping).kept()
    except (StoreError, ApiException, HTTPError) as error:
        said = str(error) if isinstance(error, StoreError) else words(error)
        yield Check(
            "it says how long it keeps history", Outcome.CANNOT, said[:120], "look at the server's own settings"
        )
        return
    for one in found:
        name = f"{CALLED[one.share]} are kept for {one.wanted} days"
        if one.days is None:
            remedy = "look at the server's own settings, or make the place by [history.influx.classes]"
            yield Check(name, Outcome.CANNOT, f"{one.bucket}: it does not say for how long", remedy)
        elif one.is_short:
            remedy = "have it kept longer, or give this class a place of its own: [history.influx.classes]"
            yield Check(name, Outcome.FAILS, f"{one.bucket}: for {one.days} days only", remedy)
        else:
            yield Check(name, Outcome.HOLDS, f"{one.bucket}: {f'for {one.days} days' if one.days else 'for ever'}")


def _tag(name: str) -> TagName:
    return TagName(f"{TRIAL}.{name}")


def _written(answer: Answer) -> Check:
    name = "points can be written"
    match fate(answer):
        case Fate.STORED:
            return Check(name, Outcome.HOLDS)
        case Fate.REFUSED:
            remedy = "is the token right, may it write, is there the bucket?"
            return Check(name, Outcome.FAILS, _answered(answer), remedy)
        case _:
            return Check(name, Outcome.FAILS, _answered(answer), "see the server's own log")


def _told(name: str, done: Delivered) -> Check:
    if len(done.dead) == 1:
        return Check(name, Outcome.HOLDS, done.dead[0].error[:120])
    return Check(name, Outcome.CANNOT, "it is dropped without a word", "such lines are no dead letters here")


def _answered(answer: Answer) -> str:
    return f"{answer.status or 'no answer'} {answer.words[:120]}".strip()


def _shown(samples: Sequence[Sample]) -> str:
    return f"read back: {[(one.value, one.text, one.status_code) for one in samples]}"[:160]
