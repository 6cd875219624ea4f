"""The control room's verbs for the modes of a lane: the rules are asked here, the person is written down first."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scada.clock import Clock
from scada.engine.command.modes import ModeKeeper
from scada.engine.doors.asked import limit_of, optional, text_of, whole_number
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.doors.second import second_person
from scada.engine.doors.shown import as_json
from scada.engine.tags import TagTable
from scada.engine.writing import Confirmed, Outcome, Unknown
from scada.model import modes
from scada.model.desk.legal import Scene
from scada.model.handshake import Mode
from scada.model.interlock import Refused
from scada.model.lane import events as e
from scada.model.lane.image import LaneImage
from scada.model.lane.states import Faulted, Lane
from scada.model.lane.words import Direction
from scada.model.modes import ModeReason, Wish
from scada.model.names import LaneName, SiteId
from scada.model.tag import TagName
from scada.ports import Journal, JournalEntry
from scada.store.db import Database
from scada.store.modes import newest
from scada.store.operators import Operators

LEAVE_S = 6.0
"""How long a PLC may take to leave RESYNC."""
LOOK_S = 0.1
RECENT = 100
"""So many of a lane's last periods are looked at for those of the last hour."""
OPEN_MODES = (Mode.AUTO, Mode.HOLD_OPEN, Mode.FIRE)
"""In these a car gets out."""


@dataclass(frozen=True, slots=True)
class ModeLane:
    """One lane as its modes see it; `leads_out`: cars may leave by it; `is_tidal`: one way at a time.

    `no_auto` says why the lane is refused AUTO; nothing if it is not.
    """

    keeper: ModeKeeper
    image: Callable[[], LaneImage]
    let_claim: Callable[[], None]
    lane: Callable[[], Lane]
    post: Callable[[e.Event], None]
    leads_out: bool
    is_tidal: bool = False
    no_auto: Callable[[], str] = str


class ModeDesk:
    """The verbs about modes; the desk checks the rights."""

    def __init__(
        self,
        site: SiteId,
        clock: Clock,
        db: Database,
        journal: Journal,
        operators: Operators,
        tags: TagTable,
        lanes: Mapping[LaneName, ModeLane],
    ) -> None:
        self._site = site
        self._clock = clock
        self._db = db
        self._journal = journal
        self._operators = operators
        self._tags = tags
        self._lanes = lanes

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        return {
            "hold_open": self._hold_open,
            "test_opening": self._test_opening,
            "lock": self._lock,
            "auto": self._auto,
            "leave_resync": self._leave_resync,
            "confirm_fault": self._confirm_fault,
            "turn_tide": self._turn_tide,
            "mode_periods": self._periods,
        }

    def scene(self, lane: LaneName, now: Lane, known: Scene) -> Scene:
        """Add to what a person looks at what decides which modes a lane may take."""
        own = self._lanes.get(lane)
        if own is None:
            return replace(known, lane=now)
        return replace(
            known,
            lane=replace(now, image=own.image()),
            seen=self._tags.get(TagName(f"{lane}.camera.ok")).value is True,
            leads_out=_leads_out(own),
            other_exit_open=self._is_other_exit_open(own),
            no_auto=own.no_auto(),
        )

    async def _hold_open(self, ask: Ask) -> object:
        """Hold the boom up, always with an expiry; for long only with a second person."""
        lane, reason, note = self._lane(ask), _reason(ask, modes.HOLD_OPEN_REASONS), optional(ask, "note")
        minutes = whole_number(ask, "minutes", 1, modes.LONGEST_MIN)
        _check(modes.why_not_hold_open(lane.image()))
        why = modes.why_second(minutes, await self._held_alone(ask), self._clock.now())
        second = await second_person(self._operators, ask, why) if why else ""
        until = self._clock.now() + timedelta(minutes=minutes)
        await self._person(ask, "hold open", reason=reason.value, note=note, minutes=minutes, second=second)
        return _told(await lane.keeper.ask(Wish(Mode.HOLD_OPEN, ask.user, reason, note, second, until)))

    async def _held_alone(self, ask: Ask) -> list[tuple[datetime, datetime]]:
        """Give from when to when the lane was held open lately in one person's name."""
        lane, now = LaneName(text_of(ask, "lane")), self._clock.now()
        periods = await self._db.read(lambda conn: newest(conn, self._site, lane, RECENT))
        return [(period.began_at, period.ended_at or now) for period in periods if period.is_held_alone]

    async def _test_opening(self, ask: Ask) -> object:
        """Open for nobody, to see the boom move; it ends by itself."""
        lane, note = self._lane(ask), optional(ask, "note")
        _check(modes.why_not_test(lane.image()))
        await self._person(ask, "test opening", note=note)
        until = self._clock.ahead(modes.TEST_S)
        return _told(await lane.keeper.ask(Wish(Mode.HOLD_OPEN, ask.user, ModeReason.TEST, note, until=until)))

    async def _lock(self, ask: Ask) -> object:
        """Keep the boom down; nobody is locked in and nobody struck."""
        lane, reason, note = self._lane(ask), _reason(ask, modes.LOCK_REASONS), optional(ask, "note")
        other_exit_open = self._is_other_exit_open(lane)
        _check(modes.why_not_lock(lane.image(), leads_out=_leads_out(lane), other_exit_open=other_exit_open))
        await self._person(ask, "lock", reason=reason.value, note=note)
        return _told(await lane.keeper.ask(Wish(Mode.LOCKED, ask.user, reason, note)))

    async def _auto(self, ask: Ask) -> object:
        """End HOLD_OPEN or LOCKED."""
        lane, note = self._lane(ask), optional(ask, "note")
        _check(f"no AUTO: {why}" if (why := lane.no_auto()) else modes.why_not_auto(lane.image()))
        await self._person(ask, "auto", note=note)
        return _told(await lane.keeper.ask(Wish(Mode.AUTO, ask.user, note=note)))

    async def _leave_resync(self, ask: Ask) -> object:
        """Let the claim be asked for, once: a person says what stands in the lane."""
        lane, stands = self._lane(ask), text_of(ask, "stands")[:200]
        seen = self._tags.get(TagName(f"{text_of(ask, 'lane')}.camera.ok")).value is True
        _check(modes.why_not_leave_resync(lane.image(), is_seen=seen))
        await self._person(ask, "leave resync", note=stands, approach=lane.image().approach.is_on)
        lane.let_claim()
        until_s = self._clock.seconds() + LEAVE_S
        while self._clock.seconds() < until_s:
            if lane.image().mode is not Mode.RESYNC and lane.image().alive:
                return {"accepted": True}
            await asyncio.sleep(LOOK_S)
        raise BridgeRefusal("unknown", "the PLC has not left RESYNC yet; look at the lane")

    async def _confirm_fault(self, ask: Ask) -> object:
        """Tell the lane that somebody has looked at its barrier and found it whole."""
        lane, note = self._lane(ask), optional(ask, "note")
        _check(modes.why_not_confirm(lane.lane()))
        await self._person(ask, "confirm fault", note=note)
        lane.post(e.FaultConfirmed(ask.user, at=self._clock.now(), at_s=self._clock.seconds()))
        return {"accepted": True}

    async def _turn_tide(self, ask: Ask) -> object:
        """Turn a lane that leads one way at a time."""
        lane, way, note = self._lane(ask), text_of(ask, "way"), optional(ask, "note")
        ways = modes.TIDES.get(way)
        if ways is None:
            raise BridgeRefusal("bad_args", f"a lane leads one of these ways: {', '.join(modes.TIDES)}")
        other_exit_open = self._is_other_exit_open(lane)
        _check(modes.why_not_turn(ways, is_tidal=lane.is_tidal, other_exit_open=other_exit_open))
        await self._person(ask, "turn tide", way=way, note=note)
        lane.post(e.TideTurned(ways, ask.user, at=self._clock.now(), at_s=self._clock.seconds()))
        return {"accepted": True}

    def _is_other_exit_open(self, lane: ModeLane) -> bool:
        return any(_is_way_out(other) for other in self._lanes.values() if other is not lane)

    async def _periods(self, ask: Ask) -> object:
        limit, lane = limit_of(ask), optional(ask, "lane")
        of = LaneName(lane) if lane else None
        return as_json(await self._db.read(lambda conn: newest(conn, self._site, of, limit)))

    def _lane(self, ask: Ask) -> ModeLane:
        lane = self._lanes.get(LaneName(text_of(ask, "lane")))
        if lane is None:
            raise BridgeRefusal("bad_args", f"there is no lane {ask.args.get('lane')!r}")
        return lane

    async def _person(self, ask: Ask, what: str, **body: object) -> None:
        lane = LaneName(text_of(ask, "lane"))
        told = {name: value for name, value in body.items() if value != ""}
        await self._journal.append([JournalEntry("person", ask.user, what, lane, None, told)])


def _leads_out(lane: ModeLane) -> bool:
    """Say whether cars leave by a lane as it is turned now."""
    now = lane.lane()
    return lane.leads_out and (not now.two_way or Direction.EXIT in now.ways)


def _is_way_out(lane: ModeLane) -> bool:
    image, state = lane.image(), lane.lane().state
    return _leads_out(lane) and image.alive and image.mode in OPEN_MODES and not isinstance(state, Faulted)


def _reason(ask: Ask, known: tuple[ModeReason, ...]) -> ModeReason:
    """Take a reason of a fixed list; another one has to be told in words. Raises BridgeRefusal."""
    wanted = text_of(ask, "reason")
    for reason in known:
        if reason.value != wanted:
            continue
        if reason is ModeReason.OTHER and not optional(ask, "note"):
            raise BridgeRefusal("bad_args", "another reason needs a note")
        return reason
    raise BridgeRefusal("bad_args", "a mode needs one of the fixed reasons")


def _check(why: str) -> None:
    if why:
        raise BridgeRefusal("refused", why)


def _told(outcome: Outcome) -> dict[str, object]:
    match outcome:
        case Confirmed():
            return {"accepted": True}
        case Refused(why):
            raise BridgeRefusal("refused", why)
        case Unknown(why):
            raise BridgeRefusal("unknown", f"{why}; look at the lane")
