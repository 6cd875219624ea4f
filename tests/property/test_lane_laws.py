"""The ten invariants of `lanes.md` §3 over lane, ladder and street together, whatever people, wires and weather do.

Chance moves cars, people, wires and faults; `tests.support.laws` holds every scan and every step against the list.
"""

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.words import BOTH_WAYS, Direction, Ending
from scada.model.names import LaneName, PassageId
from scada.model.plate import Plate
from tests.support.coupled import BOTH, IN, OUT, Post, Site
from tests.support.keeper import Delivery
from tests.support.lane import read_of
from tests.support.laws import Laws
from tests.support.mending import empty_the_lanes
from tests.support.street import Build, Vehicle

LANES = st.sampled_from([IN, OUT, OUT, BOTH])
ALL = st.sampled_from([IN, OUT, BOTH])
CAMERAS = st.sampled_from(["sees", "sees", "sees", "dark", "misses", "weak", "silent"])
CONTACTS = st.sampled_from(
    [
        *("approach_fault", "safety_fault", "fire", "fire_reset", "button", "handset", "key", "jog_up", "jog_down"),
        *("detached", "drive_fault", "mains_lost", "lifted", "jammed", "up_stuck"),
    ]
)
MS = st.sampled_from([50, 200, 300, 500, 1000, 1000, 2000, 3000, 6000])
WAYS = st.sampled_from([BOTH_WAYS, BOTH_WAYS, frozenset({Direction.ENTRY}), frozenset({Direction.EXIT})])
GOOD = (True, True, False, 300)
BAD = [(True, True, False, 9000), (False, True, False, 300), (True, False, True, 3000)]
BILLING = st.sampled_from([GOOD, GOOD, GOOD, *BAD])
HURRY = st.sampled_from([100, 300, 700])
DELAYS = st.sampled_from([0, 0, 0, 0, 300, 900, 1800, 3000, 6000, None])
FATES = st.builds(Delivery, DELAYS, DELAYS, st.sampled_from([None, None, 400, 2500, 7000]))
BUILDS = st.sampled_from([Build.CAR, Build.CAR, Build.CAR, Build.LORRY, Build.CYCLE])


class Coupled(RuleBasedStateMachine):
    """A car park of three lanes, and everything that can happen to it."""

    def __init__(self) -> None:
        super().__init__()
        self.laws = Laws()
        self.site = Site(self.laws)
        self.plates = 0
        self.known: list[PassageId] = []

    @initialize(closing_fitted=st.booleans())
    def opens(self, closing_fitted: bool) -> None:
        self.site = Site(self.laws, closing_fitted=closing_fitted)
        for _ in range(3):
            self.site.till.begin(self.new_plate())
        self.site.run(3000)

    def new_plate(self) -> Plate:
        self.plates += 1
        return Plate(f"京A{self.plates:05d}")

    def post(self, lane: LaneName) -> Post:
        post = self.site.posts[lane]
        if post.lane is not None and post.lane.live is not None and post.lane.live.id not in self.known:
            self.known.append(post.lane.live.id)
        return post

    # --- cars ---

    @rule(lane=LANES, build=BUILDS, inside=st.booleans(), which=st.integers(0, 3), ms=MS)
    def a_car_comes(self, lane: LaneName, build: Build, inside: bool, which: int, ms: int) -> None:
        post = self.post(lane)
        inside = inside and (lane == BOTH or which == 3)
        self.site.run(400)
        if post.street.come(self._plate(lane, inside, which), build, inside=inside):
            self.site.run(ms)

    def _plate(self, lane: LaneName, inside: bool, which: int) -> Plate:
        """Give who comes: at an exit one of those who are in, or a stranger; at an entry somebody new."""
        there = {car.plate for post in self.site.posts.values() for car in post.street.cars}
        inmates = [stay.plate for stay in self.site.till.stays if stay.ended is None and stay.plate not in there]
        leaves = lane == OUT or (lane == BOTH and inside)
        return inmates[which % len(inmates)] if leaves and which < 3 and inmates else self.new_plate()

    @rule(lane=LANES, which=st.integers(0, 1), back=st.sampled_from([False, False, True]), ms=MS)
    def a_car_moves(self, lane: LaneName, which: int, back: bool, ms: int) -> None:
        street = self.post(lane).street
        if street.cars:
            self._moves(self.post(lane), street.cars[which % len(street.cars)], back, ms)

    def _moves(self, post: Post, car: Vehicle, back: bool, ms: int) -> bool:
        way = -car.ahead if back else car.ahead
        boom = post.memory.retained.position_ms / 1000
        if not post.street.can_move(car, way, boom):
            return False
        post.street.move(car, way)
        self.site.run(ms)
        return True

    @rule(lane=LANES, hurry=HURRY, most=st.integers(1, 6))
    def cars_drive(self, lane: LaneName, hurry: int, most: int) -> None:
        """Wait for the boom and the light as drivers do, then go; whoever stands behind follows."""
        post = self.post(lane)
        for _ in range(30):
            if not post.street.cars or (post.memory.up and post.memory.may_go):
                break
            self.site.run(300)
        for _ in range(most):
            moved = [self._moves(post, car, False, hurry) for car in list(post.street.cars)]
            if not any(moved):
                break

    @rule(
        lane=LANES,
        build=BUILDS,
        which=st.integers(0, 2),
        hurry=HURRY,
        most=st.integers(1, 6),
    )
    def a_car_goes_its_way(self, lane: LaneName, build: Build, which: int, hurry: int, most: int) -> None:
        """Come, be read, pay where that is asked, drive on; with `most` it may stop on the way."""
        self.a_car_comes(lane, build, lane == BOTH and which > 0, which, 1500)
        lane_now = self.post(lane).lane
        if lane_now is not None and isinstance(lane_now.state, s.AwaitingPayment):
            self.site.pay(self.site.till.orders[-1])
            self.site.run(600)
        self.cars_drive(lane, hurry, most)

    @rule(lane=LANES, ms=MS, forgets=st.sampled_from([False, False, True]))
    def a_detector_loses_its_car(self, lane: LaneName, ms: int, forgets: bool) -> None:
        """The approach loop drops out for a moment; the safety loop takes a car that stands for long for the road."""
        street = self.post(lane).street
        if forgets and street.is_under:
            self.site.run(241_000)
            street.asleep = street.is_under
        street.dropped = not forgets
        self.site.run(ms)
        street.dropped = False
        self.site.run(50)

    @rule(lane=LANES, what=st.sampled_from(["walker", "car", "next car", "safety_fault", "mode", "server"]), ms=MS)
    def as_the_boom_comes_down(self, lane: LaneName, what: str, ms: int) -> None:
        """Wait until the boom begins to lower; just then somebody comes under it, or something happens."""
        post = self.post(lane)
        for _ in range(60):
            if post.memory.lowering or not post.memory.up:
                break
            self.site.run(100)
        if not post.memory.lowering:
            return
        match what:
            case "walker":
                post.street.walker = True
                self.site.run(ms)
                post.street.walker = False
            case "car":
                for car in list(post.street.cars):
                    self._moves(post, car, False, ms)
            case "next car":
                self.site.weather.camera, self.site.weather.camera_ms = "sees", 100
                self.a_car_comes(lane, Build.CAR, lane == BOTH, 0, ms)
            case "safety_fault":
                for car in list(post.street.cars):
                    self._moves(post, car, False, 50)
                self.a_contact_changes(lane, what, ms, False)
            case "mode":
                self.a_mode_is_asked_for(lane, 2, BOTH_WAYS, ms)
            case _:
                self.a_part_stops(lane, what, ms)

    # --- people ---

    @rule(ms=st.sampled_from([1000, 3000, 6000, 8000, 20_000, 50_000, 100_000]))
    def time_passes(self, ms: int) -> None:
        self.site.run(ms)

    @rule(which=st.integers(0, 2), ms=MS)
    def somebody_pays(self, which: int, ms: int) -> None:
        """Pay one of the newest orders, whatever became of it; perhaps it is paid already."""
        orders = self.site.till.orders[-3:]
        if orders:
            self.site.pay(orders[which % len(orders)])
            self.site.run(ms)

    @rule(lane=LANES, old=st.sampled_from([False, False, True]), ms=MS)
    def an_operator_opens(self, lane: LaneName, old: bool, ms: int) -> None:
        post = self.post(lane)
        if self.known:
            live = post.lane.live if post.lane is not None else None
            self.site.operator_opens(post, self.known[0] if old or live is None else live.id)
            self.site.run(ms)

    @rule(lane=LANES, what=st.sampled_from(["rejects", "help", "confirms", "corrects", "lets"]))
    def a_person_acts(self, lane: LaneName, what: str) -> None:
        post, now = self.post(lane), self.site.now
        live = post.lane.live if post.lane is not None else None
        car = post.street.in_view(inner=post.image().inner_side)
        post.keeper.let = post.keeper.let or what == "lets"
        if what == "confirms":
            post.hear(e.FaultConfirmed("li", **now))
        if live is not None and what == "rejects":
            post.hear(e.Rejected(live.id, "li", "full", **now))
        if live is not None and what == "help":
            post.hear(e.HelpCalled(live.id, **now))
        if live is not None and what == "corrects" and car is not None:
            post.hear(e.PlateCorrected(live.id, read_of(car.plate), **now))
        self.site.run(300)

    @rule(lane=ALL, wish=st.sampled_from([1, 1, 2, 3]), ways=WAYS, ms=MS)
    def a_mode_is_asked_for(self, lane: LaneName, wish: int, ways: frozenset[Direction], ms: int) -> None:
        post = self.post(lane)
        if post.lane is not None and post.linked:
            post.wire_in(mode_wanted=0)
            self.site.run(100)
            post.wire_in(mode_wanted=wish)
        if lane == BOTH:
            post.hear(e.TideTurned(ways, "li", **self.site.now))
        self.site.run(ms)

    # --- what breaks ---

    @rule(lane=LANES, contact=CONTACTS, ms=MS, stays=st.sampled_from([False, False, True]))
    def a_contact_changes(self, lane: LaneName, contact: str, ms: int, stays: bool) -> None:
        """Button, key, fire, fault: for a while, or until it is changed back."""
        post = self.post(lane)
        if contact == "jog_down" and post.street.is_under:
            return
        on = not getattr(post.inputs, contact)
        post.wire_in(**{contact: on})
        self.site.run(ms)
        if not stays:
            post.wire_in(**{contact: not on})
            self.site.run(50)

    @rule(lane=LANES, what=st.sampled_from(["power", "server", "server", "link", "link back", "link back"]), ms=MS)
    def a_part_stops(self, lane: LaneName, what: str, ms: int) -> None:
        """The PLC loses its power for a moment, a server is killed and started again, a link is cut or mended."""
        post = self.post(lane)
        match what:
            case "power":
                post.cut_power()
            case "server":
                post.kill_server(forgets=ms > 3000)
                self.site.run(ms)
                post.start_server()
            case _:
                post.linked = what == "link back"
        self.site.run(ms)

    @rule(
        camera=CAMERAS,
        camera_ms=st.sampled_from([100, 600, 2500, 8000]),
        fate=FATES,
        billing=BILLING,
        doubts=st.sampled_from([False, False, False, True]),
    )
    def the_weather_changes(
        self, camera: str, camera_ms: int, fate: Delivery, billing: tuple[bool, bool, bool, int], doubts: bool
    ) -> None:
        """Cameras, wires and billing become good or bad."""
        weather = self.site.weather
        weather.doubts = doubts
        weather.camera, weather.camera_ms, weather.fate = camera, camera_ms, fate
        weather.billing, weather.wechat, weather.full, weather.notice_ms = billing

    def teardown(self) -> None:
        """Everything is mended and people help: nobody is trapped, and all that rose is in the books."""
        stuck = empty_the_lanes(self.site)
        assert not stuck, f"9 nobody is trapped: {stuck}"
        for post in self.site.posts.values():
            risen = list(range(1, post.memory.retained.rises + 1))
            assert self.laws.of(post).rises == risen, "7 every rise is recorded"


Coupled.TestCase.settings = settings(max_examples=settings().max_examples * 2 // 5, stateful_step_count=40)
TestCoupled: Any = pytest.mark.timeout(7200)(Coupled.TestCase)


@given(
    moment=st.sampled_from(["before he backs", "while it is empty", "after the other came", "when both are known"]),
    lane=st.sampled_from([OUT, BOTH]),
    gap_ms=st.sampled_from([400, 2000, 6000]),
    fate=st.sampled_from([Delivery(), Delivery(900, 0, 2500)]),
)
@settings(max_examples=20)
def test_paid_backed_away_another_car_at_the_exit_opens_nothing_for_it_and_the_first_gets_his_opening_on_return(
    moment: str, lane: LaneName, gap_ms: int, fate: Delivery
) -> None:
    """Path J, for ever: `Settled(S1); approach↓; approach↑ with S2`."""
    laws = Laws()
    site = Site(laws)
    post, inside = site.posts[lane], lane == BOTH
    first, second = site.till.begin(Plate("京A00001")), site.till.begin(Plate("京B00002"))
    site.weather.fate = fate
    site.run(3000)
    car = post.street.come(first.plate, Build.CAR, inside=inside)
    site.run(2000)
    [sheet] = site.till.orders
    moments = {"before he backs": 200, "while it is empty": 500 + gap_ms // 2}
    site.weather.notice_ms = moments.get(moment, 500 + gap_ms + (200 if moment == "after the other came" else 2500))
    site.pay(sheet)
    site.run(500 if moment != "before he backs" else 100)
    assert car is not None
    post.street.move(car, -car.ahead)
    site.run(gap_ms)
    other = post.street.come(second.plate, Build.CAR, inside=inside)
    assert other is not None
    site.run(20_000)
    assert first.paid_until_ms > 0
    assert not laws.of(post).opened, "the payment of one car has let out another"
    post.street.move(other, -other.ahead)
    site.run(6000)
    back = post.street.come(first.plate, Build.CAR, inside=inside)
    assert back is not None
    site.run(8000)
    assert list(laws.of(post).opened.values()) == [1]
    for _ in range(5):
        post.street.move(back, back.ahead)
        site.run(500)
    assert (first.ended, second.ended) == (Ending.EXIT, None)
