"""The control room's verbs for alarms: the list that explains itself, and what a person may do with an alarm."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from scada.engine.alarms.engine import AlarmEngine
from scada.engine.doors.asked import limit_of, optional, text_of, whole_number
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.model.alarm.definition import AlarmId, Beyond, Counts, Holds, Source, Told, cause
from scada.model.alarm.figures import Figures, Mark, figures
from scada.model.alarm.kept import Kept
from scada.model.alarm.machine import Acknowledge, Event, NotNow, Reset, Shelve, TakeOut, Unshelve
from scada.model.alarm.memory import State
from scada.model.lane.codec import Json, to_json
from scada.model.names import SiteId
from scada.store import alarmbook
from scada.store.db import Database

MOST: Final = 100
"""So many alarms are acknowledged at once: a page of them, never a site's."""
DAYS: Final = 30


class AlarmDesk:
    """Shows the alarms and takes people's orders; the rights are checked by who calls it."""

    def __init__(self, site: SiteId, db: Database, engine: AlarmEngine) -> None:
        self._site = site
        self._db = db
        self._engine = engine

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        return {
            "alarms": self._list,
            "alarm_events": self._events,
            "alarm_figures": self._figures,
            "acknowledge_alarms": self._acknowledge,
            "comment_alarm": self._comment,
            "shelve_alarm": self._shelve,
            "unshelve_alarm": self._unshelve,
            "reset_alarm": self._reset,
            "silence_alarms": self._silence,
            "take_alarm_out": self._take_out,
            "place_alarm_back": self._place_back,
        }

    async def _list(self, _: Ask) -> object:
        kept = self._engine.kept
        rows = [self._row(one) for one in _sorted(kept.values()) if _is_listed(one)]
        return {"at": self._engine.now().at.isoformat(), "alarms": rows}

    def _row(self, one: Kept) -> Json:
        definition = self._engine.definitions[one.id]
        memory = one.memory
        told = to_json(one, Kept)
        assert isinstance(told, dict)  # noqa: S101 - a dataclass is an object
        del told["memory"], told["source_n"]
        words = to_json(definition.words, type(definition.words))
        assert isinstance(words, dict)  # noqa: S101 - a dataclass is an object
        shelf = memory.shelf
        return {
            **told,
            **words,
            "state": memory.state.value,
            "shown": memory.shown.value,
            "unknown": memory.unknown,
            "tab": _tab(one),
            "shelved": shelf is not None,
            "shelved_until": shelf.until.isoformat() if shelf else None,
            "shelved_once": shelf is not None and shelf.one_shot,
            "suppressed_by": [name for name in definition.parents if self._is_active(name)],
            "limit": _limit(definition.source),
            "why": cause(definition.source),
            "inputs": [list(value) for value in self._engine.conditions.values(definition)],
            "within_s": definition.within_s,
            "link": definition.link,
            "shelve_most_min": round(definition.design.shelve_most.total_seconds() / 60),
        }

    def _is_active(self, name: AlarmId) -> bool:
        found = self._engine.kept.get(name)
        return found is not None and found.memory.active

    async def _events(self, ask: Ask) -> object:
        before = None if ask.args.get("before") is None else whole_number(ask, "before", 1, 2**53)
        limit, alarm = limit_of(ask), optional(ask, "alarm")
        rows = await self._db.read(lambda conn: alarmbook.page(conn, self._site, before, limit, alarm))
        return {"events": [{**row, "at": str(row["at"].isoformat())} for row in rows]}  # type: ignore[attr-defined]

    async def _figures(self, ask: Ask) -> object:
        days = whole_number(ask, "days", 1, DAYS) if "days" in ask.args else DAYS
        until = self._engine.now().at
        since = until - timedelta(days=days)
        rows = await self._db.read(lambda conn: alarmbook.announced(conn, self._site, since))
        marks = [Mark(**{name: row[name] for name in Mark.__dataclass_fields__}) for row in rows]
        active = {str(one.id): one.since for one in self._engine.kept.values() if one.memory.active and one.since}
        return to_json(figures(marks, active, since, until), Figures)

    async def _acknowledge(self, ask: Ask) -> object:
        names, comment = _names(ask), optional(ask, "comment")
        done, refused = [], ""
        for name in names:
            why = self._done(name, Acknowledge(), ask.user, comment)
            done += [] if why else [name]
            refused = why or refused
        if not done:
            raise BridgeRefusal("refused", refused)
        await self._engine.written()
        return {"done": done}

    async def _comment(self, ask: Ask) -> object:
        name = self._name(ask)
        self._engine.note(name, ask.user, text_of(ask, "comment")[:200])
        return await self._kept()

    async def _shelve(self, ask: Ask) -> object:
        """Shelve for some minutes, or (`one_shot`) until it has returned; always with a reason."""
        reason = text_of(ask, "reason")[:200]
        is_one_shot = ask.args.get("one_shot") is True
        now = self._engine.now().at
        until = None if is_one_shot else now + timedelta(minutes=whole_number(ask, "minutes", 1, 7 * 1440))
        return await self._order(ask, Shelve(until), reason)

    async def _unshelve(self, ask: Ask) -> object:
        return await self._order(ask, Unshelve(), optional(ask, "comment"))

    async def _reset(self, ask: Ask) -> object:
        return await self._order(ask, Reset(), optional(ask, "comment"))

    async def _take_out(self, ask: Ask) -> object:
        return await self._order(ask, TakeOut(on=True), text_of(ask, "work_order")[:64])

    async def _place_back(self, ask: Ask) -> object:
        return await self._order(ask, TakeOut(on=False), optional(ask, "comment"))

    async def _silence(self, ask: Ask) -> object:
        """Stop the sound at all consoles; what stands goes on standing, and anything new sounds again."""
        self._engine.silence(ask.user)
        return await self._kept()

    async def _order(self, ask: Ask, event: Event, note: str) -> object:
        why = self._done(self._name(ask), event, ask.user, note)
        if why:
            raise BridgeRefusal("refused", why)
        return await self._kept()

    async def _kept(self) -> object:
        await self._engine.written()
        return {"accepted": True}

    def _name(self, ask: Ask) -> AlarmId:
        name = AlarmId(text_of(ask, "alarm"))
        if name not in self._engine.definitions:
            raise BridgeRefusal("bad_args", f"there is no alarm {name[:96]!r}")
        return name

    def _done(self, name: AlarmId, event: Event, by: str, note: str) -> str:
        """Do it; gives why not, if it is not possible."""
        if name not in self._engine.definitions:
            return f"there is no alarm {name[:96]!r}"
        done = self._engine.act(name, event, by, note)
        return done.why if isinstance(done, NotNow) else ""


def _names(ask: Ask) -> list[AlarmId]:
    names = ask.args.get("alarms")
    if not isinstance(names, list) or not 1 <= len(names) <= MOST or not all(isinstance(one, str) for one in names):
        raise BridgeRefusal("bad_args", f"alarms: 1 to {MOST} names")
    return [AlarmId(one) for one in names]


def _is_listed(one: Kept) -> bool:
    return one.memory.retain or one.memory.shelf is not None or one.memory.out_of_service


def _tab(one: Kept) -> str:
    """Say in which list it stands: what is out of service is nowhere else, then what is suppressed, then shelved."""
    match one.memory.shown:
        case State.OOSRV:
            return "out"
        case State.DSUPR:
            return "suppressed"
        case State.SHLVD:
            return "shelved"
        case _:
            return "active"


def _sorted(kept: Iterable[Kept]) -> list[Kept]:
    """Unacknowledged first, then by priority, then the newest."""
    newest = sorted(kept, key=lambda one: one.since.timestamp() if one.since else 0.0, reverse=True)
    return sorted(newest, key=lambda one: (not one.memory.unacked, one.priority))


def _limit(source: Source) -> Json:
    match source:
        case Beyond(limit=limit):
            return limit
        case Holds() | Counts() | Told():
            return None
