"""The trainer's assistant: puts the lanes right at the control room after a lesson, as a person at the desk would."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import structlog

from scada.model.handshake import Mode
from scada.model.names import LaneName
from scada.model.plate import Plate
from scada.sim.people.operator import Desk
from scada.sim.people.pages import PageError

log = structlog.get_logger()

LOOK_S = 1.0
PATIENCE_LOOKS = 8
"""Looks until an opening takes the place of a plate that has not helped."""
NAME = "assistant"


class Assistant:
    """Signed in at the control room of the training."""

    def __init__(self, desk: Desk, lanes: Sequence[LaneName]) -> None:
        self._desk = desk
        self._lanes = lanes
        self._is_in = False

    async def put_right(self) -> None:
        """Do what the lanes want until all are idle in AUTO; whoever waits has a limit of his own."""
        while True:
            try:
                if await asyncio.to_thread(self._look_and_do):
                    return
            except PageError as error:
                log.info("the assistant sees nothing", why=str(error))
                self._is_in = False
            await asyncio.sleep(LOOK_S)

    async def lets_in(self, lane: LaneName, plate: Plate) -> None:
        """Help a car in that waits for a person while a lesson is prepared, under its own plate; until cancelled."""
        tried = Counter[str]()
        await self._helps(lambda: self._let_in(lane, plate, tried))

    async def lets_out(self, lane: LaneName) -> None:
        """Open for whoever waits for a person in a lane, until cancelled."""
        await self._helps(lambda: self._let_out(lane))

    async def _helps(self, look: Callable[[], None]) -> None:
        while True:
            try:
                await asyncio.to_thread(look)
            except PageError as error:
                log.info("the assistant sees nothing", why=str(error))
                self._is_in = False
            await asyncio.sleep(LOOK_S)

    def _let_out(self, lane: LaneName) -> None:
        """Open as for a special vehicle: no stay's fee is asked for."""
        self._sign_in()
        tags = self._desk.tags()
        passage = str(tags.get(f"{lane}.passage") or "")
        if passage and tags.get(f"{lane}.case"):
            self._desk.tell(lane, "open", {"passage": passage, "reason": "SPECIAL", "note": "before the lesson"})

    def _let_in(self, lane: LaneName, plate: Plate, tried: Counter[str]) -> None:
        """Say which plate it is; where that has not helped, open."""
        self._sign_in()
        tags = self._desk.tags()
        passage = str(tags.get(f"{lane}.passage") or "")
        if not passage or not tags.get(f"{lane}.case"):
            return
        tried[passage] += 1
        if tried[passage] == 1:
            self._desk.tell(lane, "plate", {"passage": passage, "plate": plate})
        elif tried[passage] > PATIENCE_LOOKS:
            self._desk.tell(lane, "open", {"passage": passage, "reason": "EQUIPMENT", "note": "before the lesson"})

    def _sign_in(self) -> None:
        if not self._is_in:
            self._desk.sign_in()
            self._is_in = True

    def _look_and_do(self) -> bool:
        self._sign_in()
        tags = self._desk.tags()
        todo = {lane: wanted(tags, lane) for lane in self._lanes}
        for lane, order in todo.items():
            if order:
                self._desk.tell(lane, order, {"stands": "nothing", "note": "after the lesson"})
        return all(order == "" for order in todo.values())


def wanted(tags: Mapping[str, object], lane: LaneName) -> str | None:
    """Say what a lane wants: an order, nothing (empty), or that one waits (none)."""
    mode, state = tags.get(f"{lane}.mode.now"), tags.get(f"{lane}.lane.state")
    match mode:
        case Mode.RESYNC:
            return "leave-resync"
        case Mode.HOLD_OPEN | Mode.LOCKED:
            return "auto"
        case Mode.AUTO if state == "idle":
            return ""
        case Mode.AUTO if state == "faulted":
            return "confirm-fault"
        case _:
            return None
