"""The public side of a lane: the page behind the QR code of the live passage.

A token belongs to one passage and dies with it. What a driver may claim is only what the plant has
offered to that token; and where the car's plate was read and has a stay of its own, no other stay is
offered: he might choose the cheaper one. Then a person looks. A car without a plate comes in by a ticket and leaves
by it; a car whose plate was read never does.
"""

import base64
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn, cast

from scada.clock import Clock
from scada.config import Config
from scada.engine.doors.asked import optional
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.doors.pictures import PictureRoom
from scada.engine.doors.tickets import Guesses, Tickets
from scada.engine.lane.perform import Found
from scada.engine.lanes import LaneRunner, stands_elsewhere
from scada.model.appearance import NO_LOOK, Appearance
from scada.model.lane import events as e
from scada.model.lane.leave import due_of
from scada.model.lane.stage import Stage, stage_of, told_of
from scada.model.lane.words import Direction
from scada.model.names import LaneName, PassageId, PictureId, StayId
from scada.model.plate import Plate, PlateRead, ReadBy, is_plausible, is_unplated, normal_form
from scada.ports import Cashier, Journal, JournalEntry, OpenStay, PictureError
from scada.store.helpcalls import HelpCall

MOST_CLAIMS = 8
"""Plates one token may try: a driver mistypes, he does not go through the car park."""
HELP_MOST = 10
"""Times that one token may call for help; a further press of an open call is counted, and nothing more."""
FOLLOW_MOST = 240
"""Times a minute that the pages of one token may ask whether anything has changed: eight phones that follow it."""
_KEPT = 64


@dataclass(slots=True)
class _Claim:
    """What one token may do and has done.

    `named`: the stay that a ticket or a typed plate has named here; `code`: that of the ticket which was made here;
    `followed`: how often its pages have asked within this minute.
    """

    lane: LaneName
    passage: PassageId
    guesses: Guesses
    tries: int = 0
    calls: int = 0
    offered: set[StayId] = field(default_factory=set)
    named: StayId | None = None
    code: str = field(default="", repr=False)
    minute: int = 0
    followed: int = 0


class Claims:
    """The tokens of all lanes, and the verbs of the public bridge that take one."""

    def __init__(
        self,
        config: Config,
        clock: Clock,
        cashier: Cashier,
        pictures: PictureRoom,
        journal: Journal,
        match: Callable[[PlateRead, Sequence[OpenStay]], Found],
        typed: Callable[[Plate], PlateRead],
        call: Callable[[LaneName], Awaitable[str]],
        call_of: Callable[[PassageId], HelpCall | None],
        fee_token: Callable[[StayId], str],
        tickets: Tickets,
    ) -> None:
        """`call` calls a person to a lane, and names the page on which that is followed; `fee_token` that of paying.

        `call_of` gives the open call of the car that stands there.
        """
        self._config = config
        self._clock = clock
        self._cashier = cashier
        self._pictures = pictures
        self._journal = journal
        self._match = match
        self._typed = typed
        self._call = call
        self._call_of = call_of
        self._fee_token = fee_token
        self._tickets = tickets
        self._claims: dict[str, _Claim] = {}
        self._runners: Mapping[LaneName, LaneRunner] = {}

    def serve(self, runners: Mapping[LaneName, LaneRunner]) -> None:
        """Take the lanes, once they are built."""
        self._runners = runners

    def url(self, lane: LaneName, passage: PassageId) -> str:
        """Give the address behind the QR code of a passage; the same one as long as it lives."""
        for token, claim in self._claims.items():
            if claim.passage == passage:
                return self._address(token)
        while len(self._claims) >= _KEPT:
            del self._claims[next(iter(self._claims))]
        token = secrets.token_urlsafe(16)
        self._claims[token] = _Claim(lane, passage, Guesses(lane, passage))
        return self._address(token)

    def code_of(self, passage: PassageId) -> str:
        """Give the digits of the ticket that the car of a passage was given here; empty if it has none."""
        return next((claim.code for claim in self._claims.values() if claim.passage == passage), "")

    def _address(self, token: str) -> str:
        return f"{self._config.web.public.url}/c/{token}"

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        return {
            "claim_view": self._view,
            "claim_state": self._state,
            "claim_plate": self._plate,
            "claim_stay": self._stay,
            "claim_unplated": self._unplated,
            "claim_ticket": self._ticket,
            "call_help": self._help,
        }

    async def _view(self, ask: Ask) -> object:
        claim, runner = self._live(ask)
        lane, told, version = self._config.lane(claim.lane), told_of(runner.lane), self._version(claim, runner)
        kept = await self._tickets.kept(optional(ask, "ticket"))
        return {
            "code": kept.code if kept is not None and kept.passage == claim.passage else "",
            "unplated": "" if _is_read(runner) else runner.lane.direction.value,
            "candidates": await self._named(claim, runner) or await self._near(claim, runner, told.offer),
            "lane": lane.name,
            "title": lane.title,
            "title_en": lane.title_en,
            "direction": lane.direction,
            "plate": told.plate,
            "state": "asking" if _asks(runner) else "done",
            "stage": told.stage.value,
            "paid": told.paid,
            "known": told.stay is not None,
            "version": version,
            **self._help_of(claim),
            **await self._to_pay(claim, runner),
        }

    async def _state(self, ask: Ask) -> object:
        """Say whether what a page shows is still so: from memory alone, and without any picture."""
        claim, runner = self._live(ask)
        minute = int(self._clock.seconds() // 60)
        claim.followed = claim.followed + 1 if minute == claim.minute else 1
        claim.minute = minute
        if claim.followed > FOLLOW_MOST:
            raise BridgeRefusal("slow", "Too many tries. Please wait a minute.")
        return {"version": self._version(claim, runner)}

    def _version(self, claim: _Claim, runner: LaneRunner) -> str:
        """Hash what a change of would matter to the driver."""
        shown = (told_of(runner.lane), claim.named, _is_read(runner), self._help_of(claim))
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]

    def _help_of(self, claim: _Claim) -> dict[str, str]:
        """Say since when this car's driver calls for help, or since when somebody has answered."""
        call = self._call_of(claim.passage)
        if call is None:
            return {"help": "", "help_at": ""}
        at = call.answered_at or call.called_at
        return {"help": "answered" if call.answered_at else "calling", "help_at": at.isoformat()}

    async def _to_pay(self, claim: _Claim, runner: LaneRunner) -> dict[str, object]:
        """Let the driver of the live passage, and nobody else, see his car's entry picture and pay for it here."""
        live, due = runner.lane.live, due_of(runner.lane)
        if live is None or live.stay is None or due is None or due.quote.due_fen <= 0:
            return {}
        stay = next((one for one in await self._cashier.open_stays() if one.id == live.stay), None)
        shown = [] if stay is None else [await self._candidate(claim, stay)]
        return {"state": "paying", "due_fen": due.quote.due_fen, "fee": self._fee_token(live.stay), "own": shown}

    async def _named(self, claim: _Claim, runner: LaneRunner) -> list[object]:
        """Offer again what this driver has named before, as long as his lane asks."""
        return await self._near(claim, runner, claim.named) if _asks(runner) else []

    async def _near(self, claim: _Claim, runner: LaneRunner, near: StayId | None) -> list[object]:
        """Offer one stay: near the plate which was read, or named by a ticket or a plate."""
        stays = [stay for stay in await self._cashier.open_stays() if stay.id == near] if near is not None else []
        no_ticket = _is_read(runner)
        fitting = [
            stay
            for stay in stays
            if not self._is_elsewhere(claim, stay.id) and not (no_ticket and is_unplated(stay.plate))
        ]
        claim.offered |= {stay.id for stay in fitting}
        return [await self._candidate(claim, stay) for stay in fitting]

    async def _plate(self, ask: Ask) -> object:
        claim, runner = self._asking(ask)
        plate = _plausible(ask)
        claim.tries += 1
        if claim.tries > MOST_CLAIMS:
            raise BridgeRefusal("refused", "too many plates were tried; call for help")
        await self._tell(claim, "claimed plate", {"plate": plate})
        if runner.lane.direction is Direction.ENTRY:
            return self._posted(claim, runner, e.PlateCorrected(claim.passage, self._typed(plate), **self._now()))
        return await self._offer(claim, runner, plate)

    async def _offer(self, claim: _Claim, runner: LaneRunner, plate: Plate) -> object:
        """Offer the stay under the typed plate, or the only near one: several would show strangers to a guesser."""
        stays = {stay.id: stay for stay in await self._cashier.open_stays()}
        own = _stay_of_read(runner, stays.values())
        if own is not None and own.plate != plate:
            await self._doubt(claim, runner)
        found = self._match(replace(self._typed(plate), appearance=_look_of(runner)), list(stays.values()))
        near = found.near if len(found.near) == 1 and not found.doubt else ()
        fitting = [stay for stay in ((found.exact,) if found.exact else near) if not self._is_elsewhere(claim, stay)]
        claim.offered |= set(fitting)
        claim.named = fitting[0] if fitting else claim.named
        return {
            "accepted": bool(fitting),
            "candidates": [await self._candidate(claim, stays[stay]) for stay in fitting],
        }

    def _is_elsewhere(self, claim: _Claim, stay: StayId) -> bool:
        """Say whether the stay's car stands at another boom: whoever claims it here would leave on its payment."""
        return stands_elsewhere(self._runners, claim.lane, stay)

    async def _doubt(self, claim: _Claim, runner: LaneRunner) -> NoReturn:
        """Call a person; tell the driver no more than that."""
        await self._tell(claim, "claim doubted", {})
        runner.post(e.HelpCalled(claim.passage, **self._now()))
        raise BridgeRefusal("refused", "another plate was read here; a person will look at it")

    async def _candidate(self, claim: _Claim, stay: OpenStay) -> dict[str, object]:
        return {
            "stay": stay.id,
            "plate": stay.plate,
            "entered_at": stay.entered_at.isoformat(),
            "minutes": int((self._clock.now() - stay.entered_at).total_seconds() // 60),
            "jpeg_b64": await self._picture(claim, stay),
        }

    async def _picture(self, claim: _Claim, stay: OpenStay) -> str | None:
        if stay.picture is None:
            return None
        try:
            content = await self._pictures.show_driver(stay.picture, claim.passage)
        except PictureError:
            return None
        return base64.b64encode(content).decode("ascii")

    async def _unplated(self, ask: Ask) -> object:
        """Let the car at an entry in without a plate, by a ticket for this phone and a code for any other."""
        claim, runner = self._asking(ask)
        if runner.lane.direction is not Direction.ENTRY:
            raise BridgeRefusal("bad_args", "tickets are made at entries")
        if _is_read(runner):
            await self._doubt(claim, runner)
        made = await self._tickets.make(claim.passage, str(ask.args.get("phone", "")))
        if made is None:
            raise BridgeRefusal("refused", "no ticket can be made for this car; call for help")
        claim.code = made.code
        await self._tell(claim, "took a ticket", {"ticket": made.id, "plate": made.plate})
        seen = replace(self._typed(made.plate), picture=_picture_of(runner), appearance=_look_of(runner))
        done = self._posted(claim, runner, e.PlateCorrected(claim.passage, seen, **self._now()))
        return {**done, "code": made.code, "ticket": self._tickets.sign(made)}

    async def _ticket(self, ask: Ask) -> object:
        """Offer the stay of this phone's ticket, or the one to which the typed code belongs."""
        claim, runner = self._asking(ask)
        if runner.lane.direction is not Direction.EXIT:
            raise BridgeRefusal("bad_args", "tickets are taken at exits")
        if _is_read(runner):
            await self._doubt(claim, runner)
        stays = {stay.id: stay for stay in await self._cashier.open_stays()}
        code = optional(ask, "code")
        found = await (self._by_code(claim, code, stays) if code else self._by_phone(claim, ask, stays))
        if found is None:
            return {"candidates": []}
        claim.named = found
        claim.offered.add(found)
        await self._tell(claim, "showed a ticket", {"stay": found, "by": "code" if code else "phone"})
        return {"candidates": [await self._candidate(claim, stays[found])]}

    async def _by_code(self, claim: _Claim, code: str, stays: Mapping[StayId, OpenStay]) -> StayId | None:
        return await self._tickets.by_code(
            claim.guesses, code, lambda stay: stay in stays and not self._is_elsewhere(claim, stay)
        )

    async def _by_phone(self, claim: _Claim, ask: Ask, stays: Mapping[StayId, OpenStay]) -> StayId | None:
        named = await self._tickets.of_phone(optional(ask, "ticket"), str(ask.args.get("phone", "")))
        fitting = [stay for stay in named if stay in stays and not self._is_elsewhere(claim, stay)]
        return fitting[0] if len(fitting) == 1 else None

    async def _stay(self, ask: Ask) -> object:
        claim, runner = self._asking(ask)
        stay = StayId(str(ask.args.get("stay", "")))
        if stay not in claim.offered:
            raise BridgeRefusal("refused", "this stay was not offered to you")
        stays = await self._cashier.open_stays()
        own = _stay_of_read(runner, stays)
        by_ticket = any(one.id == stay and is_unplated(one.plate) for one in stays)
        if (own is not None and own.id != stay) or (by_ticket and _is_read(runner)):
            await self._doubt(claim, runner)
        await self._tell(claim, "claimed stay", {"stay": stay})
        if by_ticket:
            await self._tickets.used(stay)
        read = runner.lane.live.read if runner.lane.live else None
        doubt = await self._cashier.doubt(claim.lane, claim.passage, stay, read)
        return self._posted(claim, runner, e.StayFound(claim.passage, stay, ReadBy.DRIVER.value, doubt, **self._now()))

    def _posted(self, claim: _Claim, runner: LaneRunner, event: e.Event) -> dict[str, object]:
        """Tell the lane what the driver has said; his page follows from what was shown before it."""
        version = self._version(claim, runner)
        runner.post(event)
        return {"accepted": True, "version": version}

    async def _help(self, ask: Ask) -> object:
        claim, _ = self._live(ask)
        claim.calls += 1
        if claim.calls > HELP_MOST:
            raise BridgeRefusal("slow", "Help is called already. Please stay at the boom.")
        await self._tell(claim, "called for help", {})
        return {"help": await self._call(claim.lane)}

    def _asking(self, ask: Ask) -> tuple[_Claim, LaneRunner]:
        """Give the lane, if it still asks for anything. Raises BridgeRefusal."""
        claim, runner = self._live(ask)
        if not _asks(runner):
            raise BridgeRefusal("refused", "Nothing more to do here. Look at the display.")
        return claim, runner

    def _live(self, ask: Ask) -> tuple[_Claim, LaneRunner]:
        claim = self._claims.get(str(ask.args.get("token", "")))
        runner = self._runners.get(claim.lane) if claim else None
        if claim is None or runner is None or runner.live != claim.passage:
            raise BridgeRefusal("gone", "this code has expired: the car it was made for is gone")
        return claim, runner

    async def _tell(self, claim: _Claim, what: str, body: Mapping[str, object]) -> None:
        entry = JournalEntry("person", "driver", what, claim.lane, claim.passage, cast(dict[str, object], body))
        await self._journal.append([entry])

    def _now(self) -> e.Now:
        return {"at": self._clock.now(), "at_s": self._clock.seconds()}


def _asks(runner: LaneRunner) -> bool:
    return stage_of(runner.lane.state) is Stage.ASKS


def _stay_of_read(runner: LaneRunner, stays: Iterable[OpenStay]) -> OpenStay | None:
    """Give the stay under exactly the plate that was surely read here; weak reads never become the passage's."""
    read = runner.lane.live.read if runner.lane.live else None
    return next((stay for stay in stays if read is not None and stay.plate == read.text), None)


def _is_read(runner: LaneRunner) -> bool:
    """Say whether a camera has surely read this car's plate, or a person has said it: then no ticket is for it."""
    read = runner.lane.live.read if runner.lane.live else None
    return read is not None and read.by is not ReadBy.DRIVER


def _picture_of(runner: LaneRunner) -> PictureId | None:
    """Give the last picture of the car that stands here, whether its plate was read or not."""
    reads = runner.lane.live.reads if runner.lane.live else ()
    return next((one.picture for one in reversed(reads) if one.picture is not None), None)


def _look_of(runner: LaneRunner) -> Appearance:
    """Give what the car that stands here looked like to the cameras, whether its plate was read or not."""
    seen = runner.lane.live.glimpse if runner.lane.live else None
    return NO_LOOK if seen is None else seen.appearance


def _plausible(ask: Ask) -> Plate:
    """Take a typed plate. Raises BridgeRefusal if no plate looks like that."""
    plate = normal_form(str(ask.args.get("plate", "")))
    if not is_plausible(plate):
        raise BridgeRefusal("bad_args", "this is not a plate: province, letter, then five or six signs")
    return plate
