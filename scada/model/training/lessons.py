"""The lessons that an operator may be given at a virtual car park, each with what would be right.

A lesson is known by its name; how it comes about is played by the virtual car park (`scada.sim.training`), which the
product does not know. What somebody did is told in deeds, the words of this table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from scada.model.lane.words import Reason
from scada.model.saying import Words, say

PLATE, STAY, FEE, BACK, CASH = "plate", "stay", "send-fee", "send-back", "cash"
WRONG_PLATE, WRONG_STAY = "wrong-plate", "wrong-stay"
HOLD, LOCK, AUTO, RESYNC, CONFIRM = "hold-open", "lock", "auto", "leave-resync", "confirm-fault"
REFUND, CLOSE_MONEY = "refund", "close-money"
_OPEN, _SETTLE = "open:", "settle:"

Way = frozenset[str]
TALK: Final[Way] = frozenset()
"""Nothing but to answer and to explain: no deed is needed."""
SOMEBODY: Final = "?"
"""Stands for any lesson, which is not told before it is over."""


def opening(reason: str) -> str:
    """Name the deed of opening for a reason."""
    return f"{_OPEN}{reason}"


def settling(outcome: str) -> str:
    """Name the deed of settling a paper case by a word."""
    return f"{_SETTLE}{outcome}"


def lets_out(deed: str) -> bool:
    """Say whether a deed opens the gate by a person's word."""
    return deed.startswith(_OPEN)


def settles(deed: str) -> bool:
    """Say whether a deed ends a paper case."""
    return deed.startswith(_SETTLE)


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson. `heard` is what the person hears, with the plate in it; any of the ways in `right` is right.

    `fair`: not wrong, but there is better. `kind`: under which kind the case stands at the desk.
    """

    name: str
    kind: str
    title: Words
    heard: Words
    better: Words
    right: tuple[Way, ...]
    fair: tuple[Way, ...] = ()
    about_money: bool = False
    """Only for whoever may close a case about money."""

    @property
    def known(self) -> frozenset[str]:
        """Every deed that belongs to a way of this lesson."""
        return frozenset(deed for way in (*self.right, *self.fair) for deed in way)


def _way(*deeds: str) -> Way:
    return frozenset(deeds)


_OWING = (_way(CASH), _way(opening(Reason.EQUIPMENT.value)))
_ALL: tuple[Lesson, ...] = (
    Lesson(
        "unread-plate",
        "unread",
        say("A plate that no camera reads"),
        say("The driver at the entry: “My plate is %(plate)s; there is mud on it, and my phone is dead.”"),
        say("Type the plate that he says, looking at the car: the stay then stands under its right plate."),
        (_way(PLATE),),
        (_way(opening(Reason.MISREAD.value)), _way(opening(Reason.EQUIPMENT.value))),
    ),
    Lesson(
        "camera-dead",
        "unread",
        say("A camera shows nothing"),
        say("The driver at the entry: “Nothing happens here. My plate is %(plate)s, and I have no phone.”"),
        say("Type the plate that he says: without a picture, too, a plate is better than a car that nobody knows."),
        (_way(PLATE),),
        (_way(opening(Reason.EQUIPMENT.value)),),
    ),
    Lesson(
        "locked-plate",
        "admission",
        say("A locked plate wants in"),
        say("The driver at the entry: “Why am I not let in? My plate is %(plate)s.”"),
        say("A locked plate means that its car should stand inside: send this one back and look who it is."),
        (_way(BACK),),
    ),
    Lesson(
        "full",
        "other",
        say("The car park is full"),
        say("The driver at the entry: “I will find a space, just let me in!”"),
        say("Full is full: send him back. Whoever is let in stands in the lanes inside and nobody comes out."),
        (_way(BACK), TALK),
        (_way(opening(Reason.QUEUE.value)),),
    ),
    Lesson(
        "misread",
        "no_stay",
        say("A plate read wrongly at the exit"),
        say("The driver at the exit: “It does not find my car. My plate is %(plate)s.”"),
        say("Correct the plate, or pick the stay by the entry picture: he then pays what his own stay costs."),
        (_way(PLATE), _way(STAY), _way(PLATE, STAY)),
    ),
    Lesson(
        "swapped-plate",
        "no_stay",
        say("Another plate than at the entry"),
        say("The driver at the exit: “I came in an hour ago with this car, whatever your computer says.”"),
        say("No entry on record opens no gate: find his stay by the entry pictures and pick it."),
        (_way(STAY), _way(PLATE), _way(PLATE, STAY)),
    ),
    Lesson(
        "two-alike",
        "no_stay",
        say("Two plates that differ by one sign"),
        say("The driver at the exit: “My plate is %(plate)s.” Two stays look alike on the screen."),
        say("Compare the entry pictures of both and pick the right one: the other driver pays for a mistake."),
        (_way(PLATE), _way(STAY), _way(PLATE, STAY)),
    ),
    Lesson(
        "month-card-misread",
        "no_stay",
        say("A month card that is not recognised"),
        say("The driver at the exit: “I have a month card! Plate %(plate)s.”"),
        say("Correct the plate: his card then opens by itself. Letting him off would hide the bad read."),
        (_way(PLATE), _way(STAY), _way(PLATE, STAY)),
    ),
    Lesson(
        "month-card-over",
        "call",
        say("A month card that has ended"),
        say("The driver at the exit, plate %(plate)s: “I have a month card, and it asks me for money!”"),
        say("Look at the card: it has ended. Say so and let him pay; a free opening gives money away."),
        (TALK, _way(FEE), _way(CASH)),
    ),
    Lesson(
        "too-expensive",
        "call",
        say("“Why so expensive?”"),
        say("The driver at the exit: “That is far too much for this short time!”"),
        say("Read the lines of the fee to him and look at the entry picture; it is right, so he pays."),
        (TALK, _way(FEE), _way(CASH)),
    ),
    Lesson(
        "phone-dead",
        "payment",
        say("A dead phone at the exit"),
        say("The driver at the exit: “My phone is dead, I cannot scan anything. Plate %(plate)s.”"),
        say("Take cash, or let him out for an equipment reason: the debt then stands on his plate."),
        _OWING,
    ),
    Lesson(
        "paid-not-arrived",
        "payment",
        say("Paid, and the gate stays shut"),
        say("The driver at the exit: “I have paid! Look, here is WeChat's receipt.”"),
        say("Open as paid and not arrived: the debt is cleared by itself when WeChat's word comes."),
        (_way(opening(Reason.PAID_NOT_ARRIVED.value)),),
        (_way(opening(Reason.EQUIPMENT.value)),),
    ),
    Lesson(
        "wrong-car-paid",
        "call",
        say("Another car's fee was paid"),
        say("The driver at the exit, plate %(plate)s: “My friend has just paid, so open!” The display asks for money."),
        say("Look at the payments: his friend paid for another car. This one owes its own fee; let him pay it."),
        (TALK, _way(FEE), _way(CASH)),
    ),
    Lesson(
        "reverse-out",
        "call",
        say("He wants back in"),
        say("The driver at the exit: “I forgot something. Can I drive back in?”"),
        say("Look at the picture behind him and send him back; nothing opens, and his stay goes on."),
        (_way(BACK),),
    ),
    Lesson(
        "ambulance",
        "unread",
        say("An ambulance at the entry"),
        say("An ambulance stands at the entry with its light on, its plate unread: “Emergency, open!”"),
        say("Open at once as an emergency or a special vehicle: no debt, and it is looked at the next day."),
        (_way(opening(Reason.EMERGENCY.value)), _way(opening(Reason.SPECIAL.value))),
        (_way(opening(Reason.EQUIPMENT.value)), _way(opening(Reason.QUEUE.value)), _way(PLATE)),
    ),
    Lesson(
        "tailgater",
        "tailgate",
        say("One followed another out"),
        say("Nobody calls. The list says that a car went out behind another one without paying."),
        say("Look at its picture: a car like any other. The debt stands."),
        (_way(settling("the debt stands")),),
        (_way(settling("told to the manager")),),
    ),
    Lesson(
        "boom-broken",
        "fault",
        say("A boom is broken off"),
        say("The exit's boom was driven through. The technician says on the phone when it is back on its mount."),
        say("Wait for the technician's word, look at the boom, then say that the fault is mended: no sooner."),
        (_way(CONFIRM), _way(LOCK, CONFIRM), _way(CONFIRM, AUTO)),
        (_way(HOLD, CONFIRM), _way(HOLD, CONFIRM, AUTO)),
    ),
    Lesson(
        "loop-stuck",
        "unread",
        say("A loop that feels a car where none is"),
        say("Nobody calls. The exit says that a car stands there whose plate is not read."),
        say("Look at the live picture: there is no car. Open for nobody; the loop is the technician's."),
        (TALK, _way(LOCK), _way(BACK), _way(LOCK, AUTO)),
    ),
    Lesson(
        "plc-restarted",
        "resync",
        say("A PLC has restarted with a car before the boom"),
        say("The exit stands still: its PLC has restarted. The driver: “Hello? I am still here, before the boom.”"),
        say("Look at the lane, say what stands there and leave RESYNC: the lane then reads the car anew."),
        (_way(RESYNC),),
    ),
    Lesson(
        "lingering-car",
        "lingering",
        say("The boom is up and the car stays"),
        say("The driver at the entry, plate %(plate)s: “Is it my turn? I was on the phone.”"),
        say("Answer and tell him to drive: the boom is up for him already. Nothing is to be opened or held open."),
        (TALK,),
    ),
    Lesson(
        "uncertain-stay",
        "uncertain",
        say("Nobody knows whether a car has left"),
        say("Nobody calls. A car was let out against a doubt, and its stay is still open."),
        say("Look at the picture of the exit: the car drove out. Settle it as left, and say how you know."),
        (_way(settling("gone")),),
    ),
    Lesson(
        "left-without-stay",
        "left_no_stay",
        say("A car left of which no stay is known"),
        say("Nobody calls. The list says that a car was let out of which nobody knows when it came."),
        say(
            "Tell the manager: it owes something that nobody knows, and its own stay is still open under another plate."
        ),
        (_way(settling("told to the manager")),),
    ),
    Lesson(
        "payment-differs",
        "money",
        say("A payment that does not fit (for managers)"),
        say("Nobody calls. WeChat told of another amount than was asked for; the list has a case about money."),
        say("Look at the car's payments: by WeChat's own word all was paid. Close the case so; give nothing back."),
        (_way(CLOSE_MONEY),),
        about_money=True,
    ),
)
LESSONS: Final[Mapping[str, Lesson]] = {lesson.name: lesson for lesson in _ALL}
