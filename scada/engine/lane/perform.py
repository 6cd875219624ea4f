"""Carry out what a lane commands.

Questions run beside the lane and come back as events; the books are written in order, before the
lane hears anything more.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import assert_never
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from scada.clock import Clock
from scada.engine.lanetags import display_content
from scada.engine.tags import TagTable
from scada.model.handshake import Done, NotDone, Unknowable
from scada.model.lane import commands as c
from scada.model.lane import events as e
from scada.model.lane.states import Lane
from scada.model.lane.words import Direction, Reason, Refused, Taken
from scada.model.names import CaseId, LaneName, PassageId, SiteId, StayId
from scada.model.plate import PlateRead, ReadBy
from scada.model.tag import TagName, Value
from scada.ports import (
    BillingError,
    Cameras,
    Cashier,
    Gatekeeper,
    Journal,
    JournalEntry,
    OpenStay,
    Requests,
)
from scada.store import books
from scada.store.db import Database

NO_STAY = "NO_STAY"
"""The note of a passage at an exit whose car had no stay."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Found:
    """What matching says of a plate: the one stay under exactly it, and near ones, likeliest first.

    `doubt`: why the only near one must not be offered to the driver; empty if it may.
    """

    exact: StayId | None
    near: tuple[StayId, ...]
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class LaneParts:
    """What a lane works with. `watched`: the tags of its PLC and its request tag."""

    site: SiteId
    zone: ZoneInfo
    clock: Clock
    db: Database
    journal: Journal
    tags: TagTable
    watched: frozenset[TagName]
    gatekeeper: Gatekeeper
    cameras: Cameras
    cashier: Cashier
    requests: Requests
    match: Callable[[PlateRead, Sequence[OpenStay]], Found]
    no_stay_a_day: int
    claim_url: Callable[[PassageId], str]
    claim_code: Callable[[PassageId], str]
    """The four digits of a passage's ticket, for the display alone; empty if it has none."""
    pays_by_page: bool
    """The lane's code leads to our page, which shows the fee, and not straight to WeChat."""
    new_id: Callable[[], str]
    elsewhere: Callable[[LaneName, StayId], bool]
    """Does the car of this stay, as it seems, stand at another lane's boom than this one's?"""
    paid_s: Callable[[StayId], float | None]
    """When a stay's payment was settled, in monotonic seconds, if this process saw it."""
    hold_open: Callable[[str], Coroutine[None, None, None]]
    """Have the lane held open because of this, in the owner's name."""


class Performer:
    """The hands of one lane."""

    def __init__(self, lane: LaneName, parts: LaneParts, post: Callable[[e.Event], None]) -> None:
        self._lane = lane
        self._parts = parts
        self._post = post
        self._began: tuple[PassageId, float] | None = None
        self.group: asyncio.TaskGroup | None = None

    def passage_began(self, passage: PassageId, at_s: float) -> None:
        """Note when the car was first seen on the loop."""
        self._began = (passage, at_s)

    async def perform(self, command: c.Command, lane: Lane) -> None:
        """Carry one command out, or begin to."""
        match command:
            case c.Show():
                self._set("display", json.dumps(self.display(command, lane), ensure_ascii=False))
            case c.AnswerRequest():
                await self._answer(command)
            case c.BeginStay() | c.EndStay() | c.AnnulStay():
                await self._stay(command)
            case c.RecordPassage() | c.RecordRise() | c.OpenCase() | c.CloseCase():
                await self._book(command)
            case c.NoteConflict():
                await self._note(command)
            case c.RaiseAlarm(text=text):
                log.warning("alarm", lane=self._lane, code=command.code, text=text)
            case _:
                self._begin(self._question(command, lane), type(command).__name__)

    def _begin(self, work: Coroutine[None, None, None], what: str) -> None:
        if self.group is None:
            raise RuntimeError("the lane does not run")
        self.group.create_task(work, name=f"{what} of {self._lane}")

    def _question(self, command: "Question", lane: Lane) -> Coroutine[None, None, None]:
        match command:
            case c.Capture():
                return self._capture(command, lane.direction)
            case c.KeepPicture():
                return self._keep_picture(command)
            case c.AskAdmission():
                return self._ask(command.passage, "admission", self._admission(command))
            case c.FindStay():
                return self._ask(command.passage, "stay", self._find_stay(command))
            case c.AskQuote():
                return self._ask(command.passage, "quote", self._quote(command))
            case c.AskOrder():
                return self._ask(command.passage, "order", self._order(command))
            case c.AskAcceptance():
                return self._ask(command.passage, "acceptance", self._acceptance(command))
            case c.CloseOrder():
                return self._close_order(command)
            case c.OpenGate():
                return self._open_gate(command, lane)
            case c.RevokeGate():
                return self._revoke_gate(command)
            case c.HoldOpen(why=why):
                return self._parts.hold_open(why)
            case _:
                assert_never(command)

    def _set(self, point: str, value: Value) -> None:
        self._parts.tags.set(TagName(f"{self._lane}.{point}"), value)

    def _now(self) -> e.Now:
        return {"at": self._parts.clock.now(), "at_s": self._parts.clock.seconds()}

    def display(self, show: c.Show, lane: Lane) -> dict[str, object]:
        """Say what the display shows, with the address of the live passage's claim page where it shows one."""
        is_asked_to_pay = show.message is c.Message.SCAN_PAY
        by_page = show.claim or (is_asked_to_pay and (self._parts.pays_by_page or not show.code_url))
        claim_url = self._parts.claim_url(lane.live.id) if by_page and lane.live else ""
        return display_content(show, claim_url)

    async def _answer(self, command: c.AnswerRequest) -> None:
        match command.answer:
            case Taken():
                taken, why = True, ""
            case Refused(why=why):
                taken = False
        self._set("gate.open_answer", answer_text(command.request, taken, why))
        await self._parts.requests.answered(command.request, command.answer)

    async def _stay(self, command: c.BeginStay | c.EndStay | c.AnnulStay) -> None:
        cashier = self._parts.cashier
        match command:
            case c.BeginStay(passage, reason, by):
                await cashier.begin_stay(self._lane, passage, reason, by)
            case c.EndStay(stay, passage, reason, by, ending):
                await cashier.end_stay(self._lane, stay, passage, reason, by, ending)
            case c.AnnulStay(passage_id):
                await cashier.annul_stay(self._lane, passage_id)

    async def _note(self, command: c.NoteConflict) -> None:
        read = command.read
        body: dict[str, object] = {"plate": read.text, "confidence": read.confidence, "picture": read.picture}
        entry = JournalEntry("event", "camera", "another plate", self._lane, command.passage, body)
        await self._parts.journal.append([entry])

    async def _book(self, command: c.RecordPassage | c.RecordRise | c.OpenCase | c.CloseCase) -> None:
        site, lane, at = self._parts.site, self._lane, self._parts.clock.now()

        def write(conn: Connection) -> None:
            match command:
                case c.RecordPassage(passage, outcome, note):
                    books.record_passage(conn, site, lane, passage, outcome, note, at)
                case c.RecordRise(count, cause, passage, number):
                    books.record_rise(conn, site, lane, count, cause, passage, number, at)
                case c.OpenCase(passage, why):
                    books.open_case(conn, site, lane, passage, why, at, CaseId(self._parts.new_id()))
                case c.CloseCase(passage, outcome):
                    books.close_case(conn, site, passage, outcome, at)

        await self._parts.db.write(write)
        if isinstance(command, c.OpenCase | c.CloseCase):
            self._set("case", command.why if isinstance(command, c.OpenCase) else "")
        elif isinstance(command, c.RecordPassage) and command.note == NO_STAY:
            await self._watch_no_stay(command.passage.id)

    async def _watch_no_stay(self, passage: PassageId) -> None:
        """Alarm when more cars than the owner allows have left today without a stay (path G): never silent."""
        parts = self._parts
        midnight = parts.clock.now().astimezone(parts.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        count = await parts.db.read(lambda conn: books.count_noted(conn, parts.site, self._lane, NO_STAY, midnight))
        if count <= parts.no_stay_a_day:
            return
        text = f"{count} cars have left today without a stay"
        entry = JournalEntry("alarm", "lane", "no_stay_budget", self._lane, passage, {"text": text})
        await parts.journal.append([entry])

    async def _capture(self, command: c.Capture, way: Direction) -> None:
        reading = await self._parts.cameras.capture(self._lane, command.passage, way)
        self._post(e.PlateSeen(command.passage, reading, **self._now()))

    async def _keep_picture(self, command: c.KeepPicture) -> None:
        picture = await self._parts.cameras.snapshot(self._lane, command.passage)
        body: dict[str, object] = {"picture": picture, "why": command.why}
        await self._parts.journal.append(
            [JournalEntry("picture", "camera", "kept" if picture else "missing", self._lane, command.passage, body)]
        )

    async def _ask(self, passage: PassageId, what: str, answer: Awaitable[e.Event]) -> None:
        try:
            self._post(await answer)
        except BillingError as error:
            log.warning("billing cannot answer", lane=self._lane, asked=what, error=str(error))
            self._post(e.BillingFailed(passage, what, str(error), **self._now()))

    async def _admission(self, command: c.AskAdmission) -> e.Event:
        admission = await self._parts.cashier.admit(self._lane, command.passage, command.read)
        if admission.reason is None:
            why, again, person = admission.why, admission.again, admission.person
            return e.NotAdmitted(command.passage, why, again, person, command.read.text, **self._now())
        return e.Admitted(command.passage, admission.reason, command.read.text, **self._now())

    async def _find_stay(self, command: c.FindStay) -> e.Event:
        read = command.read
        found = self._parts.match(read, await self._parts.cashier.open_stays())
        if found.exact is not None:
            doubt = await self._parts.cashier.doubt(self._lane, command.passage, found.exact, read)
            doubt = doubt or self._twice(found.exact)
            by, plate = read.by.value, read.text
            return e.StayFound(command.passage, found.exact, by, doubt=doubt, plate=plate, **self._now())
        return e.StayNotFound(command.passage, found.near, read.text, found.doubt, **self._now())

    async def _quote(self, command: c.AskQuote) -> e.Event:
        quote = await self._parts.cashier.quote(self._lane, command.passage, command.stay)
        doubted = replace(quote, doubt=quote.doubt or self._twice(command.stay))
        return e.Quoted(command.passage, doubted, **self._now())

    def _twice(self, stay: StayId) -> str:
        """Say so where a car of the same stay stands at another boom: one of the two is not it."""
        return "the same stay stands at another boom, too" if self._parts.elsewhere(self._lane, stay) else ""

    async def _order(self, command: c.AskOrder) -> e.Event:
        order = await self._parts.cashier.order(self._lane, command.passage, command.quote)
        until_s = self._parts.clock.seconds_at(command.quote.valid_until)
        return e.OrderMade(command.passage, command.quote, order, until_s, **self._now())

    async def _acceptance(self, command: c.AskAcceptance) -> e.Event:
        """Ask WeChat to deduct; when it does, the gate-open request is the answer, and here only time has passed."""
        why = await self._parts.cashier.accept(self._lane, command.passage, command.quote)
        return e.AcceptanceRefused(command.passage, why, **self._now()) if why else e.TimePassed(**self._now())

    async def _close_order(self, command: c.CloseOrder) -> None:
        try:
            await self._parts.cashier.close_order(command.order, command.why)
        except BillingError as error:
            log.warning("an order stays open until it expires", order=command.order, error=str(error))

    async def _open_gate(self, command: c.OpenGate, lane: Lane) -> None:
        leave = command.authorisation
        decided_s = self._parts.clock.seconds()
        verdict = await self._parts.gatekeeper.open(leave.passage, command.number, leave.reason.value)
        answer_ms = _ms(decided_s, self._parts.clock.seconds())
        self._set("gate.verdict", type(verdict).__name__)
        self._set("gate.answer_ms", answer_ms)
        body: dict[str, object] = {
            "verdict": type(verdict).__name__,
            "reason": leave.reason.value,
            "stay": leave.stay,
            "number": command.number,
            "command_to_answer_ms": answer_ms,
            **self._latency(leave.passage, leave.reason, leave.stay, lane),
        }
        await self._parts.journal.append(
            [JournalEntry("command", leave.by, "OpenGate", self._lane, leave.passage, body)]
        )
        self._post(self._outcome(leave.passage, verdict))

    async def _revoke_gate(self, command: c.RevokeGate) -> None:
        """Take a leave back; nothing waits for it: the lane has stopped already."""
        await self._parts.gatekeeper.cancel(command.passage, command.number, command.why)

    def _latency(self, passage: PassageId, reason: Reason, stay: StayId | None, lane: Lane) -> dict[str, object]:
        """From the loop to the answered command where no person took part; from the payment where one paid."""
        now_s = self._parts.clock.seconds()
        if reason is Reason.PAID and stay is not None:
            paid_s = self._parts.paid_s(stay)
            return {} if paid_s is None else {"payment_to_command_ms": _ms(paid_s, now_s)}
        by_camera = lane.live is not None and lane.live.read is not None and lane.live.read.by is ReadBy.CAMERA
        alone = by_camera and reason in (Reason.ADMITTED, Reason.FREE, Reason.PREPAID)
        if not alone or self._began is None or self._began[0] != passage:
            return {}
        return {"loop_to_command_ms": _ms(self._began[1], now_s)}

    def _outcome(self, passage: PassageId, verdict: Done | NotDone | Unknowable) -> e.Event:
        match verdict:
            case Done():
                return e.CommandDone(passage, **self._now())
            case NotDone(why, lost):
                return e.CommandRefused(passage, why, lost=lost, **self._now())
            case Unknowable(why):
                return e.CommandUnknown(passage, why, **self._now())


Question = (
    c.Capture
    | c.KeepPicture
    | c.AskAdmission
    | c.FindStay
    | c.AskQuote
    | c.AskOrder
    | c.AskAcceptance
    | c.CloseOrder
    | c.OpenGate
    | c.RevokeGate
    | c.HoldOpen
)


def answer_text(request: str, taken: bool, why: str) -> str:
    """Write the answer to a gate-open request as the text of its tag."""
    return json.dumps({"id": request, "taken": taken, "why": why}, ensure_ascii=False)


def _ms(since_s: float, until_s: float) -> float:
    return round((until_s - since_s) * 1000, 1)
