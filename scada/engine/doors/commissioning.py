"""The control room's verbs for setting a lane up: what a drive through it tells, and the sheet that accepts it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from scada.clock import Clock
from scada.engine.doors.asked import optional, text_of
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.doors.second import second_person
from scada.engine.doors.shown import as_json
from scada.model.acceptance import ANSWERS, ITEMS, KEYS, Answer, Seen, facts, why_not_signed
from scada.model.lane.learning import CONTACTS, DOWN, SAFETY, UP, Edge, Learned, learn, proposals
from scada.model.names import LaneName, SiteId
from scada.model.tag import TagName
from scada.model.trend import Sample
from scada.ports import HistoryReader, Journal, JournalEntry
from scada.store import acceptance
from scada.store.db import Database, StoreError
from scada.store.operators import Operators

MOST_DRIVES = 20
LONGEST_S = 600.0
MOST_POINTS = 5000
LOOKED_BACK = timedelta(days=7)
SECOND = "an acceptance sheet needs a second person"


@dataclass(frozen=True, slots=True)
class CommissioningDesk:
    """Answers about setting lanes up; the desk checks the rights. `waits` gives a lane's waits as they are set."""

    site: SiteId
    db: Database
    clock: Clock
    journal: Journal
    operators: Operators
    history: HistoryReader
    waits: Mapping[LaneName, Mapping[str, float]]

    def verbs(self) -> Mapping[str, Handler]:
        """Give the verbs by name."""
        return {"learn_lane": self._learn, "acceptance": self._sheet, "sign_acceptance": self._sign}

    async def _learn(self, ask: Ask) -> object:
        """Read drives out of the history of a lane's contacts, and say which waits they speak for."""
        lane = self._lane(ask)
        drives = [await self._drive(lane, since, until) for since, until in _ranges(ask)]
        waits = self.waits[lane]
        return {
            "drives": [as_json(drive) for drive in drives],
            "proposals": [{**asdict(one), "differs": one.differs} for one in proposals(drives, waits)],
        }

    async def _drive(self, lane: LaneName, since: datetime, until: datetime) -> Learned:
        edges = [
            Edge(sample.at.timestamp(), contact, on=bool(sample.value))
            for contact in CONTACTS
            for sample in await self._turns(TagName(f"{lane}.{contact}"), since, until)
        ]
        return learn(edges)

    async def _turns(self, tag: TagName, since: datetime, until: datetime) -> Sequence[Sample]:
        """Give the points at which a contact turned: it is told again at times, and that is no turn."""
        try:
            before = await self.history.trend([tag], since, since + timedelta(milliseconds=1), 1)
            points = await self.history.query(tag, since, until, MOST_POINTS)
        except StoreError as error:
            raise BridgeRefusal("failed", f"the history does not answer: {error}") from error
        was = before[0].first[0] if before and len(before[0]) else None
        turns = []
        for point in points:
            if point.value is not None and was is not None and bool(point.value) != bool(was):
                turns.append(point)
            was = point.value if point.value is not None else was
        return turns

    async def _sheet(self, ask: Ask) -> object:
        """Give what is to be looked at in a lane, what the system saw of it, and the sheets that were signed."""
        lane = self._lane(ask)
        sheets = await self.db.read(lambda conn: acceptance.of_lane(conn, self.site, lane))
        return {"items": [asdict(item) for item in ITEMS], "facts": await self._facts(lane), "sheets": sheets}

    async def _facts(self, lane: LaneName) -> Mapping[str, Mapping[str, float]]:
        until = self.clock.now()
        since = until - LOOKED_BACK
        tags = {contact: TagName(f"{lane}.{contact}") for contact in (SAFETY, UP, DOWN)}
        points = {contact: await self._turns(tag, since, until) for contact, tag in tags.items()}
        boots = await self._turns(TagName(f"{lane}.plc.boot"), since, until)
        fires = await self.db.read(lambda conn: acceptance.fires(conn, self.site, lane, since))
        rises = await self.db.read(lambda conn: acceptance.rises_by(conn, self.site, lane, since))
        stands = learn([Edge(one.at.timestamp(), SAFETY, on=bool(one.value)) for one in points[SAFETY]])
        ups, downs = (sum(1 for one in points[contact] if one.value) for contact in (UP, DOWN))
        return facts(Seen(stands.under_s, ups, downs, fires, len(boots), rises))

    async def _sign(self, ask: Ask) -> object:
        """Keep a sheet that two people have signed, with what the system saw at that moment. It is never changed."""
        lane, answers = self._lane(ask), _answers(ask.args.get("answers"))
        if why := why_not_signed(answers):
            raise BridgeRefusal("refused", why)
        second = await second_person(self.operators, ask, SECOND)
        content = {
            "answers": [asdict(answers[key]) for key in KEYS],
            "facts": {key: dict(told) for key, told in (await self._facts(lane)).items()},
            "note": optional(ask, "note"),
        }
        at = self.clock.now()
        number = await self.db.write(
            lambda conn: acceptance.keep(conn, self.site, lane, at, (ask.user, second), content)
        )
        failed = [one.key for one in answers.values() if one.answer == "failed"]
        body = {"sheet": number, "second": second, "failed": failed}
        await self.journal.append([JournalEntry("person", ask.user, "acceptance signed", lane, None, body)])
        return {"sheet": number}

    def _lane(self, ask: Ask) -> LaneName:
        lane = LaneName(text_of(ask, "lane"))
        if lane not in self.waits:
            raise BridgeRefusal("bad_args", f"there is no lane {lane!r}")
        return lane


def _ranges(ask: Ask) -> list[tuple[datetime, datetime]]:
    """Take the drives' times. Raises BridgeRefusal."""
    told = ask.args.get("drives")
    if not isinstance(told, list) or not 1 <= len(told) <= MOST_DRIVES:
        raise BridgeRefusal("bad_args", f"drives: from 1 to {MOST_DRIVES} of them")
    return [_range(one) for one in told]


def _range(told: object) -> tuple[datetime, datetime]:
    match told:
        case {"since": str() as since, "until": str() as until}:
            try:
                first, last = datetime.fromisoformat(since), datetime.fromisoformat(until)
            except ValueError as error:
                raise BridgeRefusal("bad_args", "drives: times in ISO 8601") from error
            aware = first.tzinfo is not None and last.tzinfo is not None
            if aware and 0 < (last - first).total_seconds() <= LONGEST_S:
                return first, last
        case _:
            pass
    raise BridgeRefusal("bad_args", f"drives: since and until with their zones, at most {LONGEST_S:.0f} s apart")


def _answers(told: object) -> Mapping[str, Answer]:
    """Take what was found of each item. Raises BridgeRefusal."""
    found = {}
    for one in told if isinstance(told, list) and len(told) <= len(KEYS) else []:
        match one:
            case {"key": str() as key, "answer": str() as answer, "note": str() as note} if (
                key in KEYS and answer in ANSWERS
            ):
                found[key] = Answer(key, answer, note.strip()[:200])
            case _:
                raise BridgeRefusal("bad_args", f"answers: one of {', '.join(ANSWERS)} for each item")
    return found
