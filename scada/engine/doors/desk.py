"""The control room's verbs: what a person may see and do, checked here again and written down with his name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from sqlalchemy import Connection, select

from scada.clock import Clock
from scada.engine.doors.asked import limit_of, text_of
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.doors.plates import shown_to
from scada.engine.doors.second import second_person
from scada.engine.doors.shown import as_json
from scada.engine.lanes import LaneRunner
from scada.model.desk import legal
from scada.model.lane import events as e
from scada.model.lane import goodwill
from scada.model.lane.codec import Json
from scada.model.lane.states import Lane
from scada.model.lane.words import OPERATOR_REASONS, Reason, Refused, Taken
from scada.model.money import Fen
from scada.model.names import LaneName, PassageId, StayId
from scada.model.plate import Plate, PlateRead, is_plausible, normal_form
from scada.model.rights import CHANGE, changes, token_of
from scada.ports import Cashier, Journal, JournalEntry, OpenStay, Requests
from scada.store.db import Database
from scada.store.journal import recent
from scada.store.operators import Operators, PasswordRefused, SignInRefused
from scada.store.schema import stay as stay_table

Rank = Callable[[PlateRead, Sequence[OpenStay]], Sequence[tuple[OpenStay, float | None]]]


def as_they_came(_: PlateRead, stays: Sequence[OpenStay]) -> list[tuple[OpenStay, float | None]]:
    """Leave the stays in the order in which they began."""
    return [(stay, None) for stay in stays]


class Desk:
    """The verbs of the control bridge: its own, and `more` of other rooms; every right is checked here.

    Above `goodwill_fen` nobody lets a driver off alone.
    """

    def __init__(
        self,
        clock: Clock,
        db: Database,
        journal: Journal,
        operators: Operators,
        cashier: Cashier,
        requests: Requests,
        runners: Mapping[LaneName, LaneRunner],
        typed: Callable[[Plate], PlateRead],
        goodwill_fen: Fen,
        more: Mapping[str, Handler],
        rank: Rank = as_they_came,
        open_verbs: Mapping[str, Handler] | None = None,
    ) -> None:
        """`rank`: the open stays for a car, the likeliest first, each with how much its car looks alike.

        `open_verbs` ask for no right: they find out who it is.
        """
        self._clock = clock
        self._db = db
        self._journal = journal
        self._operators = operators
        self._cashier = cashier
        self._requests = requests
        self._runners = runners
        self._typed = typed
        self._goodwill_fen = goodwill_fen
        self._more = more
        self._rank = rank
        self._open_verbs = open_verbs or {}

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name; all but those that find out who it is ask for a right."""
        rights: dict[str, Handler] = {
            "open_gate": self._open_gate,
            "correct_plate": self._correct_plate,
            "pick_stay": self._pick_stay,
            "send_back": self._send_back,
            "send_fee": self._send_fee,
            "open_stays": self._open_stays,
            "recent_stays": self._recent_stays,
            "journal": self._recent_journal,
            CHANGE: self._change_password,
            **self._more,
        }
        checked = {verb: self._checked(handler) for verb, handler in rights.items()}
        return {"sign_in": self._sign_in, "bearer": self._bearer, **self._open_verbs, **checked}

    def _checked(self, handler: Handler) -> Handler:
        async def check_and_do(ask: Ask) -> object:
            if not await self._operators.may_now(ask.user, ask.verb):
                raise BridgeRefusal("forbidden", f"{ask.user or 'nobody'} may not {ask.verb.replace('_', ' ')}")
            if token := token_of(ask.session):
                await self._check_token(ask, token)
            return await shown_to(self._operators, ask, await handler(ask))

        return check_and_do

    async def _check_token(self, ask: Ask, token: str) -> None:
        """Let a program do what its token holds, and write down with the person which token it was."""
        if not await self._operators.tokens.may(token, ask.user, ask.verb):
            raise BridgeRefusal("forbidden", f"this token may not {ask.verb.replace('_', ' ')}")
        if changes(ask.verb):
            await self._operators.note(ask.user, "by token", {"token": token, "verb": ask.verb})

    async def _bearer(self, ask: Ask) -> object:
        """Say whom a token stands for, by its hash; the token itself never comes here."""
        found = await self._operators.tokens.bearer(text_of(ask, "hash"))
        if found is None:
            raise BridgeRefusal("refused", "this token is not good, or no longer")
        return {"token": found.token, "name": found.name, "role": found.role, "rights": sorted(found.rights)}

    async def _sign_in(self, ask: Ask) -> object:
        found = await self._operators.sign_in(
            text_of(ask, "name"), text_of(ask, "password"), str(ask.args.get("address", ""))
        )
        if isinstance(found, SignInRefused):
            raise BridgeRefusal("refused", found.why)
        return asdict(found)

    async def _change_password(self, ask: Ask) -> object:
        """Change the asking person's own password; nobody else's, whatever the web says."""
        if ask.args.get("name") != ask.user:
            raise BridgeRefusal("forbidden", f"{ask.user} may change only the own password")
        done = await self._operators.change_password(text_of(ask, "name"), text_of(ask, "old"), text_of(ask, "new"))
        if isinstance(done, PasswordRefused):
            raise BridgeRefusal("refused", done.why)
        return {"changed": True}

    async def _open_gate(self, ask: Ask) -> object:
        """Ask the lane to open for the car of one passage; the lane alone decides (THE RULE)."""
        runner, passage = self._place(ask)
        reason = _reason(text_of(ask, "reason"))
        note = str(ask.args.get("note", ""))[:200]
        waiver = await self._waiver(ask, runner) if reason is Reason.GOODWILL else {}
        await self._person(ask, "open gate", {"reason": reason.value, "note": note, **waiver})
        answer = await self._requests.ask_and_wait(runner.name, passage, reason, ask.user, note)
        return {"taken": isinstance(answer, Taken), "why": answer.why if isinstance(answer, Refused) else ""}

    async def _waiver(self, ask: Ask, runner: LaneRunner) -> dict[str, object]:
        """Say what goodwill waives, if that is known, and who stands for it besides. Raises BridgeRefusal."""
        amount = goodwill.waived(runner.lane, self._clock.now())
        why = goodwill.why_second(amount, self._goodwill_fen)
        second = {"second": await second_person(self._operators, ask, why)} if why else {}
        return {**({} if amount is None else {"waived_fen": amount}), **second}

    async def _correct_plate(self, ask: Ask) -> object:
        runner, passage = self._place(ask, legal.why_not_plate)
        plate = normal_form(text_of(ask, "plate"))
        if not is_plausible(plate):
            raise BridgeRefusal("bad_args", "this is not a plate: province, letter, then five or six signs")
        await self._person(ask, "correct plate", {"plate": plate})
        runner.post(e.PlateCorrected(passage, self._typed(plate), **self._now()))
        return {"accepted": True}

    async def _pick_stay(self, ask: Ask) -> object:
        runner, passage = self._place(ask, legal.why_not_stay)
        stay = StayId(text_of(ask, "stay"))
        if stay not in {found.id for found in await self._cashier.open_stays()}:
            raise BridgeRefusal("refused", "this stay is not open")
        await self._person(ask, "pick stay", {"stay": stay})
        runner.post(e.StayFound(passage, stay, ask.user, person=True, **self._now()))
        return {"accepted": True}

    async def _send_back(self, ask: Ask) -> object:
        runner, passage = self._place(ask, legal.why_not_back)
        reason = text_of(ask, "reason")[:200]
        await self._person(ask, "send back", {"reason": reason})
        runner.post(e.Rejected(passage, ask.user, reason, **self._now()))
        return {"accepted": True}

    async def _send_fee(self, ask: Ask) -> object:
        """Have the car's stay priced anew and asked for by a new order on the lane's display."""
        runner, passage = self._place(ask, legal.why_not_fee)
        live = runner.lane.live
        assert live is not None  # noqa: S101 - it is the car of the passage
        assert live.stay is not None  # noqa: S101 - else the fee may not be sent
        await self._person(ask, "send fee", {"stay": live.stay})
        runner.post(e.CreditChanged(passage, live.stay, **self._now()))
        return {"accepted": True}

    async def _open_stays(self, ask: Ask) -> object:
        """Give the open stays; for the car that stands in `lane`, the likeliest first: a person picks, nobody else."""
        stays, runner = await self._cashier.open_stays(), self._runners.get(LaneName(str(ask.args.get("lane", ""))))
        live = runner.lane.live if runner is not None else None
        seen = live.glimpse if live is not None else None
        offered = [(stay, None) for stay in stays] if seen is None else self._rank(seen, stays)
        return [
            {
                "stay": stay.id,
                "plate": stay.plate,
                "entered_at": stay.entered_at.isoformat(),
                "lane": stay.lane,
                "picture": stay.picture,
                "alike": None if alike is None else round(100 * alike),
            }
            for stay, alike in offered
        ]

    async def _recent_stays(self, ask: Ask) -> object:
        limit = limit_of(ask)
        return await self._db.read(lambda conn: recent_stays(conn, limit))

    async def _recent_journal(self, ask: Ask) -> object:
        limit, lane = limit_of(ask), ask.args.get("lane")
        of = LaneName(lane) if isinstance(lane, str) and lane else None
        kind = str(ask.args.get("kind", "")) or None
        rows = await self._db.read(lambda conn: recent(conn, limit, of, kind))
        return as_json(rows)

    def _place(self, ask: Ask, why_not: Callable[[Lane], str] | None = None) -> tuple[LaneRunner, PassageId]:
        """Find lane and passage. Raises BridgeRefusal unless that passage's car stands there now, and it is legal."""
        runner = self._runners.get(LaneName(text_of(ask, "lane")))
        if runner is None:
            raise BridgeRefusal("bad_args", f"there is no lane {ask.args.get('lane')!r}")
        passage = PassageId(text_of(ask, "passage"))
        if runner.live != passage:
            raise BridgeRefusal("gone", legal.GONE)
        if why_not is not None and (why := why_not(runner.lane)):
            raise BridgeRefusal("refused", why)
        return runner, passage

    async def _person(self, ask: Ask, what: str, body: dict[str, object]) -> None:
        lane, passage = LaneName(str(ask.args["lane"])), PassageId(str(ask.args["passage"]))
        await self._journal.append([JournalEntry("person", ask.user, what, lane, passage, body)])

    def _now(self) -> e.Now:
        return {"at": self._clock.now(), "at_s": self._clock.seconds()}


def recent_stays(conn: Connection, limit: int) -> list[Json]:
    """Give the last stays, newest first: those that ended last and those that began last, by their last change."""
    table = stay_table
    columns = [
        table.c.id.label("stay"),
        table.c.plate,
        table.c.entered_at,
        table.c.exited_at,
        table.c.ending,
        table.c.fee_fen,
        table.c.paid_fen,
        table.c.arrears_fen,
        table.c.entry_picture,
        table.c.exit_picture,
        table.c.entry_passage,
        table.c.exit_passage,
        table.c.exit_reason,
    ]
    rows = conn.execute(select(*columns).order_by(table.c.entered_at.desc()).limit(limit)).mappings()
    return [as_json(row) for row in rows]


def _reason(text: str) -> Reason:
    """Take an operator's reason from the fixed list. Raises BridgeRefusal."""
    for reason in OPERATOR_REASONS:
        if reason.value == text:
            return reason
    raise BridgeRefusal("bad_args", "an opening needs one of the fixed reasons")
