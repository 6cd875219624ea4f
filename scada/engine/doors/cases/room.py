"""The queue of cases: looked through twice a second, put on record with who answered and when, and rung on.

The list itself is `scada.model.desk.cases`. Pages ask for it when `site.cases_seq` has changed.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from statistics import median, quantiles
from typing import Final

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from scada.clock import Clock
from scada.engine.doors.asked import optional, text_of
from scada.engine.doors.help import HelpCalls, call_ref
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.doors.shown import as_json
from scada.engine.lanes import LaneRunner
from scada.engine.tags import TagTable
from scada.model.desk.cases import PAPERS, Case, Hold, Kind, case_of_lane, listed, passage_ref
from scada.model.desk.seats import Ringing, Seat, offered
from scada.model.lane.codec import Json
from scada.model.lane.words import Direction
from scada.model.names import LaneName, PassageId, SiteId
from scada.model.tag import TagName
from scada.ports import Journal, JournalEntry
from scada.store import deskcases
from scada.store.db import Database, StoreError
from scada.store.helpcalls import HelpCall

TICK_S: Final = 0.5
BOOKS_S: Final = 2.0
"""How often the books are looked at: no car waits for what stands only there."""
TAKE_OVER_S: Final = 10.0
"""So long a new server's lanes may need to say again what they wait for."""
SETTLE: Final = timedelta(seconds=5)
"""A PLC that leaves RESYNC by itself within so long is nobody's case."""
DAY: Final = timedelta(hours=24)
ANSWER_S, RESOLVE_S = 10.0, 45.0
"""Within which a car's case is to be answered and resolved (`operations.md` §2)."""
ENDED: Final = "this case has ended"

log = structlog.get_logger()


class CaseRoom:
    """All that waits for a person, and who has taken what."""

    def __init__(
        self,
        site: SiteId,
        clock: Clock,
        db: Database,
        journal: Journal,
        tags: TagTable,
        runners: Mapping[LaneName, LaneRunner],
        calls: HelpCalls,
        ringing: Ringing,
        new_id: Callable[[], str],
    ) -> None:
        self._site = site
        self._clock = clock
        self._db = db
        self._journal = journal
        self._tags = tags
        self._runners = runners
        self._calls = calls
        self._ringing = ringing
        self._new_id = new_id
        self._seats: dict[str, Seat] = {}
        self._holds: dict[str, Hold] = {}
        self._first_seen: dict[str, datetime] = {}
        self._papers: list[Case] = []
        self._began_s = clock.seconds()
        self._papers_s: float | None = None
        self._cases: tuple[Case, ...] = ()
        self._rung: set[str] = set()
        self._seq = 0
        self._turn = asyncio.Lock()

    def verbs(self) -> dict[str, Handler]:
        """Give the control room's verbs by name."""
        return {
            "desk_cases": self._list,
            "desk_here": self._here,
            "take_desk_case": self._take,
            "give_back_case": self._give_back,
            "settle_desk_case": self._settle,
        }

    @property
    def cases(self) -> tuple[Case, ...]:
        """The list as it stands."""
        return self._cases

    async def run(self) -> None:
        """Look through what stands open until cancelled."""
        self._holds = await self._db.read(lambda conn: deskcases.holds(conn, self._site))
        while True:
            await self._look_safely()
            await asyncio.sleep(TICK_S)

    async def _look_safely(self) -> None:
        """A database that does not answer costs a case its record, never a lane its work."""
        try:
            await self.look()
        except (StoreError, SQLAlchemyError) as error:
            log.error("cases are not written down", error=str(error)[:200])

    async def look(self) -> None:
        """Make the list anew; what is new goes on record, and what has gone has ended."""
        async with self._turn:
            await self._look()

    async def _look(self) -> None:
        """Whoever changes what is on record meanwhile waits for his turn: no case begins twice, or again."""
        now = self._clock.now()
        if self._papers_s is None or self._clock.seconds() - self._papers_s >= BOOKS_S:
            self._papers_s = self._clock.seconds()
            self._papers = await self._db.read(lambda conn: deskcases.papers(conn, self._site, now))
        waiting = [*self._of_lanes(now), *(self._of_call(call) for call in self._calls.open_calls()), *self._papers]
        found = listed(waiting, self._holds)
        await self._put_on_record(found, now)
        await self._adopt(found, now)
        self._show(offered(found, list(self._seats.values()), self._ringing, now))
        await self._ring()

    def _of_lanes(self, now: datetime) -> list[Case]:
        found = [case for runner in self._runners.values() if (case := case_of_lane(runner.lane, now)) is not None]
        refs = {case.ref for case in found}
        self._first_seen = {ref: at for ref, at in self._first_seen.items() if ref in refs}
        for case in found:
            self._first_seen.setdefault(case.ref, now)
        return [one for one in found if one.kind is not Kind.RESYNC or now - self._first_seen[one.ref] >= SETTLE]

    def _of_call(self, call: HelpCall) -> Case:
        """A call is the case of its car, where it is known which one calls."""
        lane = self._runners[call.lane].lane
        ref = call_ref(call) if call.passage is None else passage_ref(call.passage)
        stay = lane.live.stay if lane.live is not None and lane.live.id == call.passage else None
        return Case(
            ref,
            Kind.CALL,
            call.called_at,
            "a driver calls for help",
            call.lane,
            call.passage or "",
            stay or "",
            lane.direction is Direction.EXIT,
            call.answered_by,
            call.answered_at,
        )

    async def _put_on_record(self, found: tuple[Case, ...], now: datetime) -> None:
        new = [case for case in found if case.ref not in self._holds]
        there = {case.ref for case in found}
        gone = [case for case in self._cases if case.ref not in there and case.ref in self._holds]
        lost = set(self._holds) - there - {case.ref for case in gone}
        gone += [Case(ref, Kind.OTHER, self._holds[ref].opened_at, "") for ref in lost if self._all_known]
        if not new and not gone:
            return
        ids = [self._new_id() for _ in new]
        owners = {case.ref: self._holds[case.ref].owner for case in gone}

        def work(conn: Connection) -> None:
            if new:
                deskcases.begin(conn, self._site, ids, new)
            for case in gone:
                deskcases.end(conn, self._site, case, owners[case.ref], now, deskcases.BY_ITSELF)

        await self._db.write(work)
        for case in new:
            self._holds[case.ref] = Hold(case.since)
        for case in gone:
            self._holds.pop(case.ref, None)

    async def _adopt(self, found: tuple[Case, ...], now: datetime) -> None:
        """Put on record who has taken a case elsewhere: a call at its lane, a case about money on its own page."""
        for case in found:
            if case.owner and self._holds[case.ref].answered_at is None:
                at = case.answered_at or now
                await self._db.write(partial(deskcases.take, site=self._site, case=case, by=case.owner, at=at))
                self._holds[case.ref] = Hold(self._holds[case.ref].opened_at, case.owner, at)

    @property
    def _all_known(self) -> bool:
        """Lanes have taken over, and books were looked at: what is on record and not among them has ended meanwhile."""
        return self._clock.seconds() - self._began_s >= TAKE_OVER_S

    def _show(self, found: tuple[Case, ...]) -> None:
        if found == self._cases and self._seq:
            return
        self._cases = found
        self._seq += 1
        unanswered = sum(case.on_call for case in found)
        oldest = min((case.since for case in found), default=None)
        self._tags.set_all(
            {
                TagName("site.cases_seq"): self._seq,
                TagName("site.cases_open"): len(found),
                TagName("site.cases_unanswered"): unanswered,
                TagName("site.cases_oldest"): oldest.isoformat() if oldest else "",
            }
        )

    async def _ring(self) -> None:
        """Write down, once a case, that it has gone on to the person on call."""
        now_on_call = {case.ref: case for case in self._cases if case.on_call}
        self._rung &= set(now_on_call)
        for ref, case in now_on_call.items():
            if ref not in self._rung:
                car = PassageId(case.passage) if case.passage else None
                body: dict[str, object] = {"case": ref, "on_call": list(self._ringing.on_call)}
                entry = JournalEntry("alarm", "plant", "nobody takes a case", LaneName(case.lane), car, body)
                await self._journal.append([entry])
                self._rung.add(ref)

    async def _list(self, _: Ask) -> object:
        since = self._clock.now() - DAY
        cars = [kind.value for kind in Kind if kind not in PAPERS]
        done = await self._db.read(lambda conn: deskcases.times(conn, self._site, since, cars))
        return {
            "seq": self._seq,
            "at": self._clock.now().isoformat(),
            "cases": [shown(case) for case in self._cases],
            "figures": figures(done),
            "seats": sorted(self._seats),
        }

    async def _here(self, ask: Ask) -> object:
        """Hear that a person sits at the desk."""
        now = self._clock.now()
        self._seats = {name: seat for name, seat in self._seats.items() if now - seat.heard_at < DAY}
        known = self._seats.get(ask.user)
        self._seats[ask.user] = Seat(ask.user, now if known is None else known.since, now)
        return {"seats": sorted(self._seats)}

    def leaves(self, name: str) -> None:
        """Take a person's seat away: the shift was handed over."""
        self._seats.pop(name, None)

    def handed_over(self, name: str, to: str) -> None:
        """Give a person's cases to who has taken the shift over."""
        self._holds = {
            ref: Hold(hold.opened_at, to, hold.answered_at) if hold.owner == name else hold
            for ref, hold in self._holds.items()
        }

    async def _take(self, ask: Ask) -> object:
        """Take a case; a driver's call in it is answered by that."""
        async with self._turn:
            case, at = self._case(ask), self._clock.now()
            if not await self._db.write(lambda conn: deskcases.take(conn, self._site, case, ask.user, at)):
                raise BridgeRefusal("refused", f"{case.owner or 'somebody'} has taken this case")
            hold = self._holds[case.ref]
            self._holds[case.ref] = Hold(hold.opened_at, ask.user, hold.answered_at or at)
        await self._calls.answered_with(case.ref, PassageId(case.passage) if case.passage else None, ask.user)
        await self._look_safely()
        return {"taken": True, "case": shown(self._case(ask))}

    async def _give_back(self, ask: Ask) -> object:
        async with self._turn:
            case, at = self._case(ask), self._clock.now()
            if not await self._db.write(lambda conn: deskcases.give_back(conn, self._site, case, ask.user, at)):
                raise BridgeRefusal("refused", "this case is not yours")
            hold = self._holds[case.ref]
            self._holds[case.ref] = Hold(hold.opened_at, "", hold.answered_at)
        await self._look_safely()
        return {"given_back": True}

    async def _settle(self, ask: Ask) -> object:
        """End a case that only wants to be looked at, with one of the fixed words."""
        async with self._turn:
            await self._settled(ask)
        await self._look_safely()
        return {"settled": True}

    async def _settled(self, ask: Ask) -> None:
        case, outcome, at = self._case(ask), text_of(ask, "outcome"), self._clock.now()
        if not case.outcomes:
            raise BridgeRefusal("refused", "this case ends by what is done about it")
        if outcome not in case.outcomes:
            raise BridgeRefusal("bad_args", "a case ends with one of the fixed words")
        self._check_owner(case, ask.user)
        note = optional(ask, "note")
        said = f"{outcome}: {note}" if note else outcome
        if not await self._db.write(lambda conn: deskcases.end(conn, self._site, case, ask.user, at, said)):
            raise BridgeRefusal("gone", ENDED)
        self._holds.pop(case.ref, None)
        self._papers = [one for one in self._papers if one.ref != case.ref]
        if case.is_from_elsewhere:
            await self._calls.settled(case.ref, ask.user, said)

    def _check_owner(self, case: Case, name: str) -> None:
        """Let a case be settled by who has taken it. Raises BridgeRefusal."""
        hold = self._holds.get(case.ref)
        if hold is None:
            raise BridgeRefusal("gone", ENDED)
        if hold.owner != name:
            raise BridgeRefusal(
                "refused", f"{hold.owner} has taken this case" if hold.owner else "take this case first"
            )

    def _case(self, ask: Ask) -> Case:
        ref = text_of(ask, "case")
        for case in self._cases:
            if case.ref == ref:
                return case
        raise BridgeRefusal("gone", ENDED)


def shown(case: Case) -> Json:
    """Write a case as the page shows it."""
    written = as_json(case)
    assert isinstance(written, dict)  # noqa: S101 - a dataclass is an object
    return {**written, "kind": case.kind.value, "paper": case.is_paper, "outcomes": list(case.outcomes)}


def figures(done: list[tuple[float | None, float]]) -> Json:
    """Say how fast cases were answered and resolved, and how many within the targets."""
    answered = [after for after, _ in done if after is not None]
    resolved = [after for _, after in done]
    return {
        "cases": len(done),
        "answer_median_s": _rounded(median(answered)) if answered else None,
        "answer_p95_s": _p95(answered),
        "answered_in_time": sum(after <= ANSWER_S for after in answered),
        "answered": len(answered),
        "resolve_median_s": _rounded(median(resolved)) if resolved else None,
        "resolve_p95_s": _p95(resolved),
        "resolved_in_time": sum(after <= RESOLVE_S for after in resolved),
    }


def _p95(values: list[float]) -> float | None:
    if not values:
        return None
    return _rounded(quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0])


def _rounded(value: float) -> float:
    return round(value, 1)
