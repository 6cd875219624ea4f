"""The car that a person has chosen: all that is known of it, what may be done now, and what its lane looks like.

The buttons of the page and the refusals of the plant have their words from one place (`scada.model.desk.legal`).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from scada.clock import Clock
from scada.engine.doors.asked import optional, text_of
from scada.engine.doors.cases.room import CaseRoom
from scada.engine.doors.desk import Rank
from scada.engine.doors.modes import ModeDesk
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.doors.shown import as_json
from scada.engine.lanes import LaneRunner
from scada.model.desk.legal import Act, Scene, why_not
from scada.model.lane.codec import Json
from scada.model.lane.leave import due_of
from scada.model.lane.states import NAMES
from scada.model.lane.step import case_of
from scada.model.lane.words import Direction
from scada.model.names import LaneName, PassageId, SiteId, StayId
from scada.model.plate import Plate, is_plausible, normal_form
from scada.ports import Cashier, Journal, JournalEntry, OpenStay
from scada.store import carfile, doubts
from scada.store.carfile import Row
from scada.store.db import Database
from scada.store.doubts import Doubt

FAKE_EXITS_SINCE: Final = timedelta(days=30)
CANDIDATES: Final = 8
LOOKS_KEPT: Final = 500

Glance = Callable[[LaneName], Awaitable[tuple[str, float] | None]]


@dataclass(frozen=True, slots=True)
class _Books:
    """What the database has of a chosen car."""

    reads: list[Row]
    ended: Row | None
    stay: Row | None
    paid: bool
    fake_exits: list[Row]
    in_doubt: list[Row]
    """The UNCERTAIN entries by which it may have come in."""


class ChosenDesk:
    """The verbs about one car."""

    def __init__(
        self,
        site: SiteId,
        clock: Clock,
        db: Database,
        journal: Journal,
        cashier: Cashier,
        runners: Mapping[LaneName, LaneRunner],
        modes: ModeDesk,
        cases: CaseRoom,
        rank: Rank,
        glance: Glance,
        ways_in: frozenset[LaneName],
    ) -> None:
        """`rank` orders the open stays for a car; `glance` shows what a lane's camera sees now."""
        self._site = site
        self._clock = clock
        self._db = db
        self._journal = journal
        self._cashier = cashier
        self._runners = runners
        self._modes = modes
        self._cases = cases
        self._rank = rank
        self._glance = glance
        self._ways_in = ways_in
        self._looked: dict[tuple[str, str, str], None] = {}

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        return {"desk_car": self._car, "plate_history": self._history, "live_picture": self._live}

    async def _car(self, ask: Ask) -> object:
        """Tell all about a car: the one that stands in a lane, or one that has gone, or a stay alone."""
        runner = self._runners.get(LaneName(optional(ask, "lane")))
        live = None if runner is None else runner.lane.live
        named = optional(ask, "passage") or ("" if live is None else live.id)
        is_live = live is not None and live.id == named
        stay = StayId(live.stay or "" if is_live and live is not None else optional(ask, "stay"))
        books = await self._read(PassageId(named), stay, self._worn(runner) if is_live and not stay else frozenset())
        told: dict[str, Json] = {
            "lane": "" if runner is None else runner.name,
            "passage": named,
            "live": is_live,
            **self._of_lane(runner, is_live=is_live),
            "reads": as_json(books.reads),
            "ended": as_json(books.ended),
            "stay": as_json(books.stay),
            "fake_exits": as_json(books.fake_exits),
            "in_doubt": as_json(books.in_doubt),
            "candidates": await self._candidates(runner) if is_live else [],
            "at": self._clock.now().isoformat(),
        }
        scene = self._scene(runner, PassageId(named) if named else None, books, optional(ask, "case"))
        return {**told, "legal": [{"act": act.value, "why": why_not(act, scene)} for act in Act]}

    def _worn(self, runner: LaneRunner | None) -> frozenset[Plate]:
        """Give what the plate of a car at a way out may be: what it is taken for, and what the cameras made of it."""
        live = runner.lane.live if runner is not None else None
        if live is None or runner is None or runner.lane.direction is not Direction.EXIT:
            return frozenset()
        return frozenset(read.text for read in (live.read, live.glimpse) if read is not None)

    async def _read(self, car: PassageId, stay: StayId, worn: frozenset[Plate]) -> _Books:
        since = self._clock.now() - FAKE_EXITS_SINCE

        def work(conn: Connection) -> _Books:
            ended = carfile.ended(conn, self._site, car) if car else None
            known = stay or (StayId(str(ended["stay"])) if ended is not None and ended["stay"] else None)
            found = carfile.visit(conn, self._site, known) if known else None
            plate = str(found["plate"]) if found is not None else ""
            fakes = carfile.fake_exits(conn, self._site, plate, known, since) if known else []
            reads = carfile.reads(conn, self._site, car) if car else []
            paid = bool(known and carfile.was_paid(conn, self._site, known))
            in_doubt = [_entry(conn, self._site, one) for one in doubts.may_be(conn, self._site, self._ways_in, worn)]
            return _Books(reads, ended, found, paid, fakes, in_doubt)

        return await self._db.read(work)

    def _of_lane(self, runner: LaneRunner | None, *, is_live: bool) -> dict[str, Json]:
        if runner is None:
            return {"state": "", "why": "", "direction": "", "due": None}
        lane, due = runner.lane, due_of(runner.lane)
        asked: Json = None
        if is_live and due is not None:
            quote = due.quote
            asked = {"due_fen": quote.due_fen, "total_fen": quote.total_fen, "older_fen": quote.older_fen,
                     "credit_fen": quote.credit_fen, "minutes": quote.minutes, "order": due.order.id,
                     "valid_until": quote.valid_until.isoformat()}  # fmt: skip
        return {
            "state": NAMES[type(lane.state)],
            "why": case_of(lane) or (lane.live.doubt if lane.live is not None else ""),
            "direction": lane.direction.value,
            "began_at": lane.live.began_at.isoformat() if lane.live is not None and is_live else None,
            "due": asked,
        }

    async def _candidates(self, runner: LaneRunner | None) -> list[Json]:
        """Give the likeliest stays of a car, each with how much its car looks alike."""
        live = runner.lane.live if runner is not None else None
        if live is None or runner is None or runner.lane.direction is not Direction.EXIT:
            return []
        stays, seen = await self._cashier.open_stays(), live.glimpse
        offered = [(stay, None) for stay in stays[-CANDIDATES:]] if seen is None else self._rank(seen, stays)
        return [_candidate(stay, alike) for stay, alike in offered[:CANDIDATES]]

    def _scene(self, runner: LaneRunner | None, passage: PassageId | None, books: _Books, case: str) -> Scene:
        stay = None if books.stay is None else StayId(str(books.stay["id"]))
        told = Scene(
            passage=passage,
            stay=stay,
            is_open=books.stay is not None and books.stay["ending"] is None,
            stands=stay is not None and stands(self._runners, stay),
            paid=books.paid,
            in_doubt=bool(books.in_doubt),
            case=case if any(one.ref == case for one in self._cases.cases) else "",
        )
        return told if runner is None else self._modes.scene(runner.name, runner.lane, told)

    async def _history(self, ask: Ask) -> object:
        """Tell where a plate was before: with an open case and a purpose only, and written down first."""
        plate, purpose, case = normal_form(text_of(ask, "plate")), text_of(ask, "purpose")[:200], text_of(ask, "case")
        if not is_plausible(plate):
            raise BridgeRefusal("bad_args", "this is not a plate: province, letter, then five or six signs")
        known = any(one.ref == case for one in self._cases.cases)
        if why := why_not(Act.HISTORY, Scene(case=case if known else "")):
            raise BridgeRefusal("refused", why)
        body: dict[str, object] = {"plate": plate, "purpose": purpose, "case": case}
        await self._journal.append([JournalEntry("person", ask.user, "plate query", body=body)])
        return as_json(await self._db.read(lambda conn: carfile.visits_of(conn, self._site, plate)))

    async def _live(self, ask: Ask) -> object:
        """Show what a lane's camera sees now; who looked at which car is written down once."""
        lane = LaneName(text_of(ask, "lane"))
        runner = self._runners.get(lane)
        if runner is None:
            raise BridgeRefusal("bad_args", f"there is no lane {lane!r}")
        look = (ask.user, str(lane), runner.live or "")
        if look not in self._looked:
            while len(self._looked) >= LOOKS_KEPT:
                del self._looked[next(iter(self._looked))]
            self._looked[look] = None
            await self._journal.append([JournalEntry("look", ask.user, "live picture", lane, runner.live)])
        seen = await self._glance(lane)
        return {"jpeg_b64": "" if seen is None else seen[0], "age_s": None if seen is None else round(seen[1], 2)}


def stands(runners: Mapping[LaneName, LaneRunner], stay: StayId) -> bool:
    """Say whether the car of a stay stands at a boom now."""
    return any(runner.lane.live is not None and runner.lane.live.stay == stay for runner in runners.values())


def _entry(conn: Connection, site: SiteId, one: Doubt) -> Row:
    picture = doubts.picture_of(conn, site, one.passage)
    return {"id": one.id, "plate": one.plate, "at": one.at, "lane": one.lane, "why": one.why, "picture": picture}


def _candidate(stay: OpenStay, alike: float | None) -> Json:
    return {
        "stay": stay.id,
        "plate": stay.plate,
        "entered_at": stay.entered_at.isoformat(),
        "lane": stay.lane,
        "picture": stay.picture,
        "alike": None if alike is None else round(100 * alike),
    }
