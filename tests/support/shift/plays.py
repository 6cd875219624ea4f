"""Every kind of case as it happens at a car park, and how a person resolves it from the desk alone."""

from collections.abc import Callable, Mapping
from typing import Final

from scada.model.desk.cases import Kind
from scada.model.plate import Plate
from scada.sim.road import Habit, Manner
from scada.sim.scenario import Person
from tests.support.people import PASSWORD
from tests.support.shift.turn import Turn, office
from tests.support.site import PARKED_S

NO_PHONE: Final = Person(dead_phone=True)
DIRTY: Final = Manner(dirty=True)
DAWDLES_S: Final = 40.0
STRANGER: Final = "宁Z98989"
"""A plate that no car wears."""


def a_driver_calls(turn: Turn) -> None:
    """Somebody does not find the code to pay, and presses the button: the fee is sent anew, and he pays."""
    number, plate = turn.number()
    turn.site.invite(number, plate, NO_PHONE)
    turn.until_tag("out1.lane.state", "awaiting_payment")
    turn.site.field("out1", on="help")
    turn.until_tag("out1.help.state", "calling")
    turn.site.field("out1")
    ref = turn.takes("call")
    turn.does("send-fee")
    turn.pays("out1")
    turn.ends(ref)


def a_plate_is_not_read(turn: Turn) -> None:
    """Nobody can read a car that wants to come in: the plate is typed."""
    number, plate = turn.number(read=False)
    turn.site.invite(number, plate, NO_PHONE, entry=DIRTY, dwell_s=PARKED_S)
    ref = turn.takes("unread")
    turn.does("plate", plate=plate)
    turn.ends(ref)


def no_stay_is_found(turn: Turn) -> None:
    """A misread car wants to go out: its stay is picked, and it pays."""
    number, plate = turn.number(STRANGER)
    turn.site.invite(number, plate, NO_PHONE, leave=Manner(shows=Plate(STRANGER)))
    stay = turn.stay_of(plate)
    ref = turn.takes("no_stay")
    turn.does("stay", stay=stay)
    turn.ends(ref)
    turn.pays("out1")


def a_driver_claims_his_stay(turn: Turn) -> None:
    """A car is misread by one sign; its driver says which stay is his, but does not pay: a person names the plate."""
    number, plate = turn.number()
    misread = Plate(f"{plate[:-1]}{(int(plate[-1]) + 5) % 10}")
    turn.site.invite(number, plate, Person(keeps_code=True), leave=Manner(shows=misread))
    ref = turn.takes("claim")
    turn.does("plate", plate=plate)
    turn.ends(ref)
    turn.pays("out1")


def a_car_is_doubted_and_then_looked_for(turn: Turn) -> None:
    """A car of the black list stands at the exit; it is let out against the doubt, and its stay is looked for later."""
    number, plate = turn.number()
    turn.site.invite(number, plate, Person(), dwell_s=PARKED_S)
    turn.stay_of(plate)
    office(turn.site, "rights", "add", plate, "--kind", "black")
    turn.site.call(number)
    ref = turn.takes("doubt")
    turn.does("open", reason="SPECIAL", note="he shows his receipt")
    turn.ends(ref)
    ref = turn.takes("uncertain")
    turn.settles(ref, found="gone", evidence="seen on the picture of the exit")
    turn.ends(ref)


def a_driver_does_not_pay(turn: Turn) -> None:
    """A phone without power, and a wallet: cash is taken."""
    number, plate = turn.number()
    turn.site.invite(number, plate, NO_PHONE)
    ref = turn.takes("payment")
    turn.does("cash", given="20")
    turn.ends(ref)


def a_car_is_not_admitted(turn: Turn) -> None:
    """A plate that is locked wants to come in."""
    number, plate = turn.number()
    office(turn.site, "rights", "add", plate, "--kind", "locked")
    turn.site.invite(number, plate, Person(), dwell_s=PARKED_S)
    ref = turn.takes("admission")
    turn.does("open", reason="SPECIAL")
    turn.ends(ref)


def nobody_passes(turn: Turn) -> None:
    """The boom is up, and the driver looks at something else: he is spoken to, and goes."""
    number, plate = turn.number()
    turn.site.invite(number, plate, Person(), entry=Manner(Habit.DAWDLES, patience_s=DAWDLES_S), dwell_s=PARKED_S)
    ref = turn.takes("lingering")
    turn.ends(ref)


def a_lane_waits(turn: Turn) -> None:
    """Somebody turns the technician's key while a person lets a car in: when he is done, it is opened again."""
    number, plate = turn.number()
    office(turn.site, "rights", "add", plate, "--kind", "locked")
    turn.site.invite(number, plate, NO_PHONE, dwell_s=PARKED_S)
    turn.appears("admission")
    turn.order("/api/v1/lanes/in1/open", passage=turn.tag("in1.passage"), reason="SPECIAL", note="")
    turn.site.field("in1", on="key")
    ref = turn.takes("other")
    turn.site.field("in1")
    turn.does("open", reason="EQUIPMENT")
    turn.ends(ref)


def a_boom_is_broken(turn: Turn) -> None:
    """A car breaks through; the boom is put back, and a person says that it is whole."""
    number, plate = turn.number()
    turn.site.invite(number, plate, NO_PHONE, leave=Manner(Habit.RAMS, patience_s=3.0))
    ref = turn.takes("fault")
    turn.site.field("out1")
    turn.does("confirm-fault", note="put back on its mount")
    turn.ends(ref)


def a_plc_restarts_before_a_car(turn: Turn) -> None:
    """The PLC of the entry restarts before a car: a person looks, lets the lane go on, and says that nobody passed."""
    number, plate = turn.number(read=False)
    turn.site.invite(number, plate, NO_PHONE, entry=DIRTY, dwell_s=PARKED_S)
    turn.appears("unread")
    turn.site.kill("plc1")
    ref = turn.takes("resync")
    turn.does("leave-resync", stands="a car stands before the boom, nobody under it")
    turn.ends(ref)
    ref = turn.takes("uncertain")
    turn.settles(ref, found="no-car", evidence="it still stands before the boom")
    turn.ends(ref)


def a_car_follows_another(turn: Turn) -> None:
    """One pays, and one goes out behind him: what he owes stands on paper."""
    first, leads = turn.number()
    turn.site.invite(first, leads, Person(), dwell_s=PARKED_S)
    turn.stay_of(leads)
    second, follows = turn.number()
    turn.site.invite(second, follows, NO_PHONE, leave=Manner(Habit.TAILGATES), dwell_s=PARKED_S)
    turn.stay_of(follows)
    turn.until_tag("in1.lane.state", "idle")
    turn.worn["out1"] = leads
    turn.site.call(first)
    turn.site.call(second)
    ref = turn.takes("tailgate")
    turn.settles(ref, outcome="the debt stands", note="the plate is to be read")
    turn.ends(ref)


def a_car_has_left_without_a_stay(turn: Turn) -> None:
    """Nobody knows when a car came that was let out: somebody looks at that, too."""
    number, plate = turn.number(STRANGER)
    turn.site.invite(number, plate, NO_PHONE, leave=Manner(shows=Plate(STRANGER)))
    turn.appears("no_stay")
    turn.order("/api/v1/lanes/out1/open", passage=turn.tag("out1.passage"), reason="SPECIAL", note="")
    ref = turn.takes("left_no_stay")
    turn.settles(ref, outcome="told to the manager")
    turn.ends(ref)


def a_till_is_short(turn: Turn) -> None:
    """At the count a till is a yuan short: the manager says what came of it."""
    turn.order("/api/v1/money/open-till", float_fen=10_000)
    beside = {"second_name": "li", "second_password": PASSWORD}
    turn.order("/api/v1/money/close-till", counted_fen=9_900, to="SAFE", note="", **beside)
    ref = turn.takes("money")
    turn.settles(ref, outcome="a coin lay under the drawer")
    turn.ends(ref)


PLAYS: Final[Mapping[Callable[[Turn], None], frozenset[Kind]]] = {
    a_driver_calls: frozenset({Kind.CALL}),
    a_plate_is_not_read: frozenset({Kind.UNREAD}),
    no_stay_is_found: frozenset({Kind.NO_STAY}),
    a_driver_claims_his_stay: frozenset({Kind.CLAIM}),
    a_car_is_doubted_and_then_looked_for: frozenset({Kind.DOUBT, Kind.UNCERTAIN}),
    a_driver_does_not_pay: frozenset({Kind.PAYMENT}),
    a_car_is_not_admitted: frozenset({Kind.ADMISSION}),
    nobody_passes: frozenset({Kind.LINGERING}),
    a_lane_waits: frozenset({Kind.OTHER}),
    a_boom_is_broken: frozenset({Kind.FAULT}),
    a_plc_restarts_before_a_car: frozenset({Kind.RESYNC, Kind.UNCERTAIN}),
    a_car_follows_another: frozenset({Kind.TAILGATE}),
    a_car_has_left_without_a_stay: frozenset({Kind.LEFT_NO_STAY}),
    a_till_is_short: frozenset({Kind.MONEY}),
}
"""Each play, and the kinds of case that it resolves; a till is counted by whoever may settle what is wrong with it."""
