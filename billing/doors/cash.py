"""The verbs of cash: taken at a boom or for arrears, taken back, and the tills it lies in."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Final, TypeVar

from billing.counter.counter import Counter
from billing.counter.words import HandedTo, NotTaken, Receipt, Shift
from scada.clock import Clock
from scada.engine.doors.asked import optional, text_of, whole_number
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.doors.second import second_person
from scada.engine.doors.shown import as_json
from scada.engine.lanes import LaneRunner
from scada.model.desk.legal import why_not_cash
from scada.model.lane.codec import Json
from scada.model.money import Fen
from scada.model.names import LaneName, PassageId, StayId
from scada.ports import BillingError
from scada.store.operators import Operators

T = TypeVar("T", Receipt, Shift)

MOST_FEN: Final = 10_000_000
SHIFTS_SINCE: Final = timedelta(days=31)


class CashDesk:
    """Cash, for the control room; the rights are checked before these are called."""

    def __init__(
        self, counter: Counter, operators: Operators, clock: Clock, runners: Mapping[LaneName, LaneRunner]
    ) -> None:
        self._counter = counter
        self._operators = operators
        self._clock = clock
        self._runners = runners

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        own: dict[str, Handler] = {
            "cash_price": self._price,
            "take_cash": self._take,
            "take_arrears_cash": self._take_arrears,
            "void_cash": self._void,
            "receipt": self._receipt,
            "till": self._till,
            "tills": self._tills,
            "open_till": self._open_till,
            "close_till": self._close_till,
            "move_safe": self._move_safe,
        }
        return {verb: _answered(handler) for verb, handler in own.items()}

    async def _price(self, ask: Ask) -> object:
        """Say what the car at a boom has to pay in cash now."""
        lane, passage, stay = self._at_the_boom(ask)
        return as_json(await self._counter.price(lane, passage, stay))

    async def _take(self, ask: Ask) -> object:
        lane, passage, stay = self._at_the_boom(ask)
        shown, given = _fen(ask, "due_fen"), _fen(ask, "given_fen")
        return receipt_json(_done(await self._counter.take(ask.user, lane, passage, stay, shown, given)))

    async def _take_arrears(self, ask: Ask) -> object:
        shown, given = _fen(ask, "due_fen"), _fen(ask, "given_fen")
        stay = StayId(text_of(ask, "stay"))
        return receipt_json(_done(await self._counter.take_arrears(ask.user, stay, shown, given)))

    async def _void(self, ask: Ask) -> object:
        number, why = text_of(ask, "receipt"), text_of(ask, "why")[:200]
        second = await second_person(self._operators, ask, "cash is taken back by two people")
        return receipt_json(_done(await self._counter.void(ask.user, second, number, why, self._live)))

    async def _receipt(self, ask: Ask) -> object:
        found = await self._counter.receipt(text_of(ask, "receipt"))
        if found is None:
            raise BridgeRefusal("bad_args", "there is no receipt of this number")
        return receipt_json(found)

    async def _till(self, ask: Ask) -> object:
        """Give the asking person's own till."""
        shift, expected, sums, taken = await self._counter.till(ask.user)
        shown = None if shift is None else shift_json(shift, sums)
        return {"shift": shown, "expected_fen": expected, "receipts": [receipt_json(one) for one in taken]}

    async def _tills(self, ask: Ask) -> object:
        """Give everybody's shifts of the last month."""
        now = self._clock.now()
        found = await self._counter.shifts_between(now - SHIFTS_SINCE, now)
        return [shift_json(shift, sums) for shift, sums in found]

    async def _open_till(self, ask: Ask) -> object:
        return shift_json(_done(await self._counter.open_till(ask.user, _fen(ask, "float_fen", 0))), {})

    async def _close_till(self, ask: Ask) -> object:
        to = text_of(ask, "to")
        if to not in HandedTo.__members__:
            raise BridgeRefusal("bad_args", "to: SAFE or BANK")
        note = optional(ask, "note")
        taken_by = await second_person(self._operators, ask, "who takes the cash over counts it, too")
        counted = _fen(ask, "counted_fen", 0)
        return shift_json(_done(await self._counter.close_till(ask.user, counted, HandedTo(to), taken_by, note)), {})

    async def _move_safe(self, ask: Ask) -> object:
        to = text_of(ask, "to")
        if to not in ("SAFE", "BANK"):
            raise BridgeRefusal("bad_args", "to: SAFE or BANK")
        await self._counter.move_safe(ask.user, _fen(ask, "amount_fen"), optional(ask, "note"), to_bank=to == "BANK")
        return {"done": True}

    def _live(self, lane: LaneName) -> PassageId | None:
        return self._runners[lane].live if lane in self._runners else None

    def _at_the_boom(self, ask: Ask) -> tuple[LaneName, PassageId, StayId]:
        """Find the stay of the car that stands at an exit. Raises BridgeRefusal unless cash can lift its boom."""
        runner = self._runners.get(LaneName(text_of(ask, "lane")))
        if runner is None:
            raise BridgeRefusal("bad_args", f"there is no lane {ask.args.get('lane')!r}")
        live = runner.lane.live
        if live is None or live.id != text_of(ask, "passage"):
            raise BridgeRefusal("gone", "that car is gone")
        stay = StayId(text_of(ask, "stay"))
        if why := why_not_cash(runner.lane, stay):
            raise BridgeRefusal("refused", why)
        return runner.name, live.id, stay


def receipt_json(receipt: Receipt) -> dict[str, Json]:
    """Write a receipt as the page shows it."""
    shown = {name: as_json(value) for name, value in asdict(receipt).items()}
    return {**shown, "receipt": receipt.text, "change_fen": receipt.change_fen}


def shift_json(shift: Shift, sums: Mapping[str, int]) -> dict[str, Json]:
    """Write a shift as the page shows it."""
    shown = {name: as_json(value) for name, value in asdict(shift).items()}
    return {**shown, "difference_fen": shift.difference_fen, **sums}


def _done(outcome: T | NotTaken) -> T:
    if isinstance(outcome, NotTaken):
        raise BridgeRefusal("refused", outcome.why)
    return outcome


def _fen(ask: Ask, name: str, least: int = 1) -> Fen:
    return Fen(whole_number(ask, name, least, MOST_FEN))


def _answered(handler: Handler) -> Handler:
    async def answer(ask: Ask) -> object:
        try:
            return await handler(ask)
        except BillingError as error:
            raise BridgeRefusal("failed", "billing's books do not answer") from error

    return answer
