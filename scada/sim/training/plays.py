"""How each lesson comes about at the virtual car park, and what its driver does once somebody has answered him."""

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Final

from scada.model.names import LaneName
from scada.model.plate import Plate
from scada.model.training import lessons as w
from scada.sim.road import Habit, Manner, What
from scada.sim.scenario import Person
from scada.sim.stage.guests import Guest, How
from scada.sim.stage.stage import Missed
from scada.sim.training.deeds import Told
from scada.sim.training.scene import Scene

PATIENCE_S: Final = 600.0
"""Nobody drives away from a lesson; it is over when its time is."""
LISTENS_S: Final = 6.0
"""How long a driver listens before he does what he is told."""
MENDS_S: Final = 12.0
"""How long a technician needs."""
NO_PHONE: Final = Person(dead_phone=True, patience_s=PATIENCE_S)
KEEPS: Final = Person(keeps_code=True, patience_s=PATIENCE_S)
PAYS: Final = Person(patience_s=PATIENCE_S)
_DIRTY: Final = Manner(dirty=True)


class Play:
    """One lesson as it is played, once."""

    guest: Guest | None = None

    @abstractmethod
    async def begin(self, scene: Scene) -> None:
        """Let it come about. Raises Missed."""

    async def react(self, scene: Scene, told: Told) -> None:
        """Do what the driver or the technician does by now; called twice a second. Raises Missed."""

    def is_over(self, scene: Scene, told: Told) -> bool:
        """Say whether nothing waits for a person any more, and the car has gone."""
        if told.arose_at is None or told.is_open:
            return False
        return self.guest is None or any(scene.is_gone(self.guest, LaneName(lane)) for lane in scene.asked.lanes)


def other_sign(plate: Plate, place: int, *, but: str = "") -> Plate:
    """Change one sign of a plate into a digit that is neither what it was nor one of `but`."""
    sign = next(one for one in "7146925803" if one != plate[place] and one not in but)
    return Plate(plate[:place] + sign + plate[place + 1 :])


class AtTheEntry(Play):
    """A car that no camera reads, or may not come in, stands at the entry without a phone."""

    def __init__(self, *, dirty: bool = True, dark: bool = False, right: str = "", tiny: bool = False) -> None:
        self._manner = _DIRTY if dirty else Manner()
        self._dark, self._right, self._tiny = dark, right, tiny

    async def begin(self, scene: Scene) -> None:
        """Come and call."""
        if self._tiny:
            await scene.park("inside")
            await scene.shrink(to=1)
        if self._dark:
            await scene.unplug("feed")
        how = How(entry=self._manner, person=NO_PHONE, plate=scene.a_plate() if self._right else None)
        if how.plate is not None:
            await scene.gives_right(how.plate, self._right)
        self.guest = scene.stage.bring("car", how)
        scene.about(scene.way_in, self.guest.plate)
        await scene.stage.stands(self.guest, scene.way_in)
        await asyncio.sleep(LISTENS_S / 2)
        await scene.press_help(scene.way_in)

    async def react(self, scene: Scene, told: Told) -> None:
        """Drive back when he is sent back, or when he has been told that there is no room."""
        if self.guest is None or told.course.answered_s is None:
            return
        answered_s = told.course.answered_s
        if w.BACK in told.course.deeds or (self._tiny and scene.since(told) - answered_s > MENDS_S):
            scene.goes_home(self.guest)


class AtTheExit(Play):
    """A car at the exit whose plate is read as another one, or cannot be paid for."""

    def __init__(
        self, shows: Callable[[Plate], Plate] | None = None, *, person: Person = PAYS, right: str = ""
    ) -> None:
        self._shows, self._person, self._right = shows, person, right

    async def begin(self, scene: Scene) -> None:
        """Come in clean, and out as another one."""
        plate = scene.a_plate() if self._right else None
        if plate is not None:
            await scene.gives_right(plate, self._right)
        guest = self.guest = await scene.park("car", How(person=NO_PHONE, plate=plate))
        scene.about(scene.way_out, guest.plate)
        await scene.owns(guest.plate)
        shown = self._shows(guest.plate) if self._shows is not None else None
        await scene.comes_out(guest, Manner(shows=shown))
        await scene.waits_for_help(scene.way_out)
        await scene.press_help(scene.way_out)

    async def react(self, scene: Scene, told: Told) -> None:
        """Take out the phone once a person is asked: what the display then asks for is paid."""
        if self.guest is not None and told.arose_at is not None:
            scene.becomes(self.guest, PAYS)


class TwoAlike(AtTheExit):
    """Two stays, one sign apart; the car is read as a third."""

    async def begin(self, scene: Scene) -> None:
        """Two in, one out."""
        first = self.guest = await scene.park("one", How(person=NO_PHONE))
        second = await scene.park("two", How(plate=other_sign(first.plate, 5), person=NO_PHONE))
        scene.about(scene.way_out, first.plate)
        await scene.owns(first.plate)
        third = other_sign(first.plate, 5, but=second.plate[5])
        await scene.comes_out(first, Manner(shows=third))
        await scene.waits_for_help(scene.way_out)
        await scene.press_help(scene.way_out)


class Argues(Play):
    """A driver at the exit who calls instead of paying, and pays when it has been explained."""

    async def before(self, scene: Scene, guest: Guest) -> None:
        """Do what is to be done while the car is parked."""

    async def begin(self, scene: Scene) -> None:
        """Come out, see the fee, call."""
        guest = self.guest = await scene.park("car", How(person=KEEPS))
        scene.about(scene.way_out, guest.plate)
        await scene.owns(guest.plate)
        await self.before(scene, guest)
        scene.stage.call(guest)
        await scene.stage.code(guest)
        await scene.press_help(scene.way_out)

    async def react(self, scene: Scene, told: Told) -> None:
        """Pay, after having listened."""
        answered_s = told.course.answered_s
        if self.guest is None or answered_s is None or scene.since(told) - answered_s < LISTENS_S:
            return
        if scene.is_here(self.guest):
            await scene.stage.pays_any(self.guest)


class CardOver(Argues):
    """He had a month card, which has ended."""

    async def before(self, scene: Scene, guest: Guest) -> None:
        """Have the office give him a card, and end it."""
        await scene.gives_right(guest.plate, "month")
        await scene.takes_right(guest.plate, "month")


class WrongCarPaid(Argues):
    """Somebody has paid and backed away; the car that stands there now owes its own fee."""

    async def begin(self, scene: Scene) -> None:
        """One pays from aside while the other stands at the boom, and calls."""
        stage = scene.stage
        payer = await scene.park("payer", How(person=KEEPS))
        guest = self.guest = await scene.park("car", How(person=KEEPS))
        scene.about(scene.way_out, guest.plate)
        await scene.owns(guest.plate)
        await asyncio.to_thread(stage.wechat.answers, "drop_before", "/close", 50)
        stage.call(payer)
        code = await stage.code(payer)
        stage.back_out(payer)
        await stage.until("the payer backs out", lambda: stage.did(payer, What.BACKED_OUT, scene.way_out) == 1)
        scene.goes_home(payer)
        stage.call(guest)
        await stage.code(guest)
        await stage.pay(payer, code)
        await asyncio.to_thread(stage.wechat.clear)
        await scene.press_help(scene.way_out)


class WantsBack(Argues):
    """He has forgotten something and wants back in."""

    async def react(self, scene: Scene, told: Told) -> None:
        """Drive back when he is told to."""
        if self.guest is not None and w.BACK in told.course.deeds:
            scene.stage.back_out(self.guest)


class NotPaid(Play):
    """A car at the exit whose fee is not paid, as far as the lane knows; nobody presses anything."""

    def __init__(self, *, paid: bool) -> None:
        self._paid = paid

    async def begin(self, scene: Scene) -> None:
        """Come out; the lane gives up waiting."""
        guest = self.guest = await scene.park("car", How(person=KEEPS if self._paid else NO_PHONE))
        scene.about(scene.way_out, guest.plate)
        await scene.owns(guest.plate)
        if not self._paid:
            await scene.comes_out(guest)
            return
        await asyncio.to_thread(scene.stage.wechat.notices, "drop", 50)
        await asyncio.to_thread(scene.stage.wechat.answers, "drop_before", "out-trade-no", 500)
        scene.stage.call(guest)
        await scene.stage.pay(guest, await scene.stage.code(guest))


class Tailgated(Play):
    """A car goes out right behind one that has paid."""

    async def begin(self, scene: Scene) -> None:
        """Both out through one opening."""
        leader, follower = await scene.park("leader"), await scene.park("follower")
        scene.about(scene.way_out, paper="tailgate")
        scene.stage.call(leader)
        scene.stage.call(follower, Manner(Habit.TAILGATES))
        for guest in (leader, follower):
            await scene.stage.passed(guest, scene.way_out)


class BoomBroken(Play):
    """A car breaks through the boom; a technician puts it back."""

    async def begin(self, scene: Scene) -> None:
        """Break it."""
        guest = await scene.park("car", How(person=KEEPS, leave=Manner(Habit.RAMS, patience_s=3.0)))
        scene.about(scene.way_out)
        scene.stage.call(guest)
        await scene.stage.passed(guest, scene.way_out)
        if not scene.stage.did(guest, What.RAMMED):
            raise Missed("the boom was not broken")

    async def react(self, scene: Scene, told: Told) -> None:
        """Put it back."""
        if told.arose_at is not None and scene.since(told) > MENDS_S and not scene.is_mended:
            scene.mends(scene.way_out)


class StuckLoop(Play):
    """A loop feels a car where none is."""

    async def begin(self, scene: Scene) -> None:
        """Let it stick."""
        scene.about(scene.way_out)
        scene.stage.field(scene.way_out, stuck="approach")
        await scene.waits_for_help(scene.way_out)

    async def react(self, scene: Scene, told: Told) -> None:
        """Mend it once somebody has looked."""
        answered_s = told.course.answered_s
        if answered_s is not None and scene.since(told) - answered_s > MENDS_S and not scene.is_mended:
            scene.mends(scene.way_out)


class PlcRestarted(Play):
    """The exit's PLC restarts with a car before the boom."""

    async def begin(self, scene: Scene) -> None:
        """Wait to pay, and lose the PLC."""
        guest = await scene.park("car", How(person=KEEPS))
        scene.about(scene.way_out, guest.plate)
        scene.stage.call(guest)
        await scene.stage.code(guest)
        await scene.kill(scene.stage.plc_of(scene.way_out))


class Lingers(Play):
    """The boom is up, and the driver at the entry looks at something else."""

    async def begin(self, scene: Scene) -> None:
        """Come in, and stay before the open boom."""
        manner = Manner(Habit.DAWDLES, patience_s=PATIENCE_S)
        self.guest = scene.stage.bring("car", How(entry=manner, person=NO_PHONE))
        scene.about(scene.way_in, self.guest.plate)
        await scene.stage.stands(self.guest, scene.way_in)

    async def react(self, scene: Scene, told: Told) -> None:
        """Drive on, once he has been spoken to."""
        answered_s = told.course.answered_s
        if self.guest is not None and answered_s is not None and scene.since(told) - answered_s > LISTENS_S:
            scene.behaves(self.guest, Manner())


class LeftOnPaper(Play):
    """A car that somebody let out: what is left of it stands on paper."""

    def __init__(self, paper: str, shows: Callable[[Plate], Plate] | None = None, *, right: str = "") -> None:
        self._paper, self._shows, self._right = paper, shows, right

    async def begin(self, scene: Scene) -> None:
        """Come in, and be let out by the one who had the shift before."""
        guest = await scene.park("car", How(person=NO_PHONE))
        if self._right:
            await scene.gives_right(guest.plate, self._right)
        scene.about(scene.way_out, guest.plate, paper=self._paper)
        await scene.comes_out(guest, Manner(shows=self._shows(guest.plate) if self._shows is not None else None))
        await scene.is_let_out(guest)


class PaidAmiss(Play):
    """WeChat tells of another amount than was asked for, and then of the right one."""

    async def begin(self, scene: Scene) -> None:
        """Pay, and leave."""
        guest = await scene.park("car", How(person=KEEPS))
        scene.about(scene.way_out, guest.plate, paper="money")
        scene.stage.call(guest)
        code = await scene.stage.code(guest)
        await asyncio.to_thread(scene.stage.wechat.notices, "other_amount")
        await scene.stage.pay(guest, code)
        await scene.stage.passed(guest, scene.way_out)


def _swapped(plate: Plate) -> Plate:
    """Give the plate that somebody put on instead."""
    return other_sign(other_sign(other_sign(plate, 3), 4), 5)


def _misread(plate: Plate) -> Plate:
    return other_sign(plate, 5)


def _badly(plate: Plate) -> Plate:
    return other_sign(other_sign(plate, 3), 5)


PLAYS: Final[Mapping[str, Callable[[], Play]]] = {
    "unread-plate": AtTheEntry,
    "camera-dead": lambda: AtTheEntry(dark=True),
    "locked-plate": lambda: AtTheEntry(dirty=False, right="locked"),
    "full": lambda: AtTheEntry(dirty=False, tiny=True),
    "misread": lambda: AtTheExit(_misread),
    "swapped-plate": lambda: AtTheExit(_swapped),
    "two-alike": TwoAlike,
    "month-card-misread": lambda: AtTheExit(_badly, right="month"),
    "month-card-over": CardOver,
    "too-expensive": Argues,
    "phone-dead": lambda: NotPaid(paid=False),
    "paid-not-arrived": lambda: NotPaid(paid=True),
    "wrong-car-paid": WrongCarPaid,
    "reverse-out": WantsBack,
    "ambulance": AtTheEntry,
    "tailgater": Tailgated,
    "boom-broken": BoomBroken,
    "loop-stuck": StuckLoop,
    "plc-restarted": PlcRestarted,
    "lingering-car": Lingers,
    "uncertain-stay": lambda: LeftOnPaper("uncertain", right="black"),
    "left-without-stay": lambda: LeftOnPaper("left_no_stay", _swapped),
    "payment-differs": PaidAmiss,
}
"""By the names of `scada.model.training.lessons`."""
