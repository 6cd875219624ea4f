"""What goes wrong in the virtual car park: each kind so often a day, so long, somewhere; all of it is written down."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from scada.model.handshake import Mode
from scada.sim.virtual.agenda import Agenda
from scada.sim.virtual.books import Books, Period
from scada.sim.virtual.cast import DAY_MS, MINUTE_MS
from scada.sim.virtual.post import Post, Weather

SECOND_MS = 1000


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of mishap: how often a day at the whole site, how long (ms), how it begins and how it ends."""

    name: str
    a_day: float
    lasts_ms: tuple[int, int]
    begin: Callable[[Post], None]
    end: Callable[[Post], None]
    site: bool = False
    """It strikes the whole site: begin and end are called for each lane."""


def kinds(weather: Weather, restart: Callable[[bool], None]) -> tuple[Kind, ...]:
    """Name what can go wrong. `restart` stops the server (False) and starts it again (True)."""
    minutes = (5 * MINUTE_MS, 20 * MINUTE_MS)
    return (
        Kind("plc-restart", 1.0, (2 * SECOND_MS, 20 * SECOND_MS), _power_off, _power_on),
        Kind("server-restart", 0.7, (4 * SECOND_MS, 40 * SECOND_MS), lambda _: restart(False), lambda _: restart(True)),
        Kind("link-lost", 0.7, (2 * SECOND_MS, 60 * SECOND_MS), _unlink, _link),
        Kind("camera-off", 0.6, minutes, _camera_off, _camera_on),
        Kind("wechat-off", 0.3, minutes, _sets(weather, "wechat", on=False), _sets(weather, "wechat", on=True)),
        Kind("loop-approach-stuck", 0.2, minutes, _stuck("approach"), _unstuck("approach")),
        Kind("loop-safety-stuck", 0.2, minutes, _stuck("safety"), _unstuck("safety")),
        Kind("loop-approach-blind", 0.15, minutes, _blind("approach"), _seeing("approach")),
        Kind("loop-safety-blind", 0.15, minutes, _blind("safety"), _seeing("safety")),
        Kind("detector-fault", 0.3, minutes, _wires(safety_fault=True), _wires(safety_fault=False)),
        Kind("boom-hit", 0.2, minutes, _wires(detached=True), _wires(detached=False)),
        Kind("boom-jammed", 0.3, minutes, _wires(jammed=True), _repaired(jammed=False)),
        Kind("drive-fault", 0.1, minutes, _wires(drive_fault=True), _repaired(drive_fault=False)),
        Kind("hold-open", 0.2, minutes, _wants(Mode.HOLD_OPEN), _wants(Mode.AUTO)),
        Kind("locked", 0.1, minutes, _wants(Mode.LOCKED), _wants(Mode.AUTO)),
        Kind("button", 0.3, (300, 900), _wires(button=True), _wires(button=False)),
        Kind("mains-lost", 0.2, (20 * SECOND_MS, 5 * MINUTE_MS), _wires(mains_lost=True), _wires(mains_lost=False)),
        Kind("fire", 0.06, minutes, _wires(fire=True), _fire_over, site=True),
        Kind("maintenance", 0.2, (2 * MINUTE_MS, 6 * MINUTE_MS), _wires(key=True), _wires(key=False)),
        Kind("lifted-by-hand", 0.15, (30 * SECOND_MS, 120 * SECOND_MS), _lift, _let_go),
        Kind("power-cut", 0.12, (60 * SECOND_MS, 10 * MINUTE_MS), _power_off_by_hand, _power_on, site=True),
    )


class Mishaps:
    """Lets things go wrong by chance."""

    def __init__(
        self, agenda: Agenda, books: Books, posts: Sequence[Post], what: Sequence[Kind], random: Random
    ) -> None:
        self._agenda = agenda
        self._books = books
        self._posts = posts
        self._kinds = what
        self._random = random
        self._troubled: set[str] = set()

    def day(self, number: int) -> None:
        """Draw what goes wrong on one day."""
        for kind in self._kinds:
            count = int(kind.a_day) + (self._random.random() < kind.a_day % 1)
            for _ in range(count):
                moment_ms = number * DAY_MS + self._random.randrange(DAY_MS // 4, DAY_MS)
                self._agenda.after(moment_ms - self._agenda.now_ms, self._begin, kind)

    def _begin(self, kind: Kind) -> None:
        """Let it begin at a lane where nothing else is wrong."""
        sound = [post for post in self._posts if post.name not in self._troubled]
        if not sound or (kind.site and len(sound) < len(self._posts)):
            return
        struck = list(self._posts) if kind.site else [self._random.choice(sound)]
        self._troubled |= {post.name for post in struck}
        lasts_ms = self._random.randrange(*kind.lasts_ms)
        now_ms = self._agenda.now_ms
        lane = None if kind.site or kind.name in ("server-restart", "wechat-off") else struck[0].name
        self._books.periods.append(Period(kind.name, lane, now_ms, now_ms + lasts_ms))
        for post in struck:
            kind.begin(post)
        self._agenda.after(lasts_ms, self._end, kind, struck)

    def _end(self, kind: Kind, struck: list[Post]) -> None:
        for post in struck:
            kind.end(post)
        self._troubled -= {post.name for post in struck}


def _power_off(post: Post) -> None:
    post.cabinet.cut_power()


def _power_off_by_hand(post: Post) -> None:
    """Without power somebody lifts the booms and waves the cars through."""
    post.cabinet.cut_power()
    post.cabinet.lift(lifted=True)


def _power_on(post: Post) -> None:
    if post.cabinet.by_hand:
        post.cabinet.lift(lifted=False)
    post.cabinet.restore_power()
    post.road.refresh()


def _unlink(post: Post) -> None:
    post.link(linked=False)


def _link(post: Post) -> None:
    post.link(linked=True)


def _camera_off(post: Post) -> None:
    post.camera_works = False


def _camera_on(post: Post) -> None:
    post.camera_works = True


def _fire_over(post: Post) -> None:
    """The panel clears, and somebody presses the reset on site."""
    post.cabinet.wire(fire=False)
    post.cabinet.wire(fire_reset=True)
    post.cabinet.wire(fire_reset=False)


def _repaired(**contacts: bool) -> Callable[[Post], None]:
    """Repair it under the key, which frees a motor that ran too long."""

    def end(post: Post) -> None:
        post.cabinet.wire(**contacts, key=True)
        post.agenda.after(4000, _wires(key=False), post)

    return end


def _wants(mode: Mode) -> Callable[[Post], None]:
    return lambda post: post.cabinet.wire(mode_wanted=int(mode))


def _lift(post: Post) -> None:
    post.cabinet.lift(lifted=True)


def _let_go(post: Post) -> None:
    """Let go of the boom; the motor that has fought the hand is freed under the key."""
    post.cabinet.lift(lifted=False)
    _repaired()(post)


def _sets(weather: Weather, what: str, *, on: bool) -> Callable[[Post], None]:
    return lambda _post: setattr(weather, what, on)


def _wires(**contacts: bool) -> Callable[[Post], None]:
    return lambda post: post.cabinet.wire(**contacts)


def _stuck(loop: str) -> Callable[[Post], None]:
    def begin(post: Post) -> None:
        post.road.contacts.stuck.add(loop)
        post.road.refresh()

    return begin


def _unstuck(loop: str) -> Callable[[Post], None]:
    def end(post: Post) -> None:
        post.road.contacts.stuck.discard(loop)
        post.road.refresh()

    return end


def _blind(loop: str) -> Callable[[Post], None]:
    def begin(post: Post) -> None:
        post.road.contacts.blind.add(loop)
        post.road.refresh()

    return begin


def _seeing(loop: str) -> Callable[[Post], None]:
    def end(post: Post) -> None:
        post.road.contacts.blind.discard(loop)
        post.road.refresh()

    return end
