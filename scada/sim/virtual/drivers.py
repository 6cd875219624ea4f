"""The drivers: they come, choose a lane, pay or do not, park, and want to go home some day."""

from math import log
from random import Random

from billing.settle import Settles
from scada.model.lane import commands as c
from scada.model.lane import events as e
from scada.model.lane.words import Direction, Quote, Reason
from scada.model.names import OrderId
from scada.model.plate import Plate, ReadBy
from scada.sim.virtual.agenda import Agenda
from scada.sim.virtual.books import Books
from scada.sim.virtual.camera import read_of
from scada.sim.virtual.cast import (
    DAY_MS,
    MINUTE_MS,
    SHARE_MONTH_CARD,
    SHARE_PAYS_AHEAD,
    SHARE_PAYS_LATE,
    SHARE_PAYS_TWICE,
    Car,
    Cast,
)
from scada.sim.virtual.forecourt import Crossing, Forecourt, Turn, Visit
from scada.sim.virtual.post import Post, Weather
from scada.sim.virtual.till import Till

SHARE_WRONG_LANE = 0.15
"""Does not look which queue is the shortest."""
SHARE_TYPES_HIS_PLATE = 0.5
SHARE_NOTICES_HIS_PLATE = 0.8
SHARE_LATE_NOTICE = 0.01
SHARE_NOTICE_TWICE = 0.02
POLLS_MS = (3000, 9000, 21_000)
"""When WeChat is asked by itself whether the order was paid."""
MOST_LANES = 3
"""Somebody who was sent back from so many entries goes elsewhere."""


class Drivers:
    """Everybody behind a wheel."""

    def __init__(self, cast: Cast, agenda: Agenda, till: Till, books: Books, weather: Weather, random: Random) -> None:
        self.visits: list[Visit] = []
        self.inside: dict[Visit, None] = {}
        self.lanes: list[Post] = []
        self.longest_out_ms = 0
        self._cast = cast
        self._agenda = agenda
        self._till = till
        self._books = books
        self._weather = weather
        self._random = random
        self._away: list[Car] = list(cast.regulars)
        self._tries: dict[Visit, int] = {}

    def day(self, number: int) -> None:
        """Let the cars of one day come."""
        for moment_ms in self._cast.arrivals(number):
            self._agenda.after(number * DAY_MS + moment_ms - self._agenda.now_ms, self._come)

    def _come(self) -> None:
        regular = self._away and self._random.random() < SHARE_MONTH_CARD
        car = self._away.pop(self._random.randrange(len(self._away))) if regular else self._stranger()
        visit = Visit(len(self.visits), car)
        self.visits.append(visit)
        self._queue(visit, Direction.ENTRY)

    def _stranger(self) -> Car:
        inside = [visit.car.plate for visit in self.inside if visit.car.plate is not None]
        while True:
            car = self._cast.stranger(inside)
            if car.plate is None or car.plate not in inside:
                return car

    def _queue(self, visit: Visit, direction: Direction) -> None:
        """Choose a lane and join its queue."""
        lanes = [post for post in self.lanes if post.direction is direction]
        if self._random.random() < SHARE_WRONG_LANE:
            post = self._random.choice(lanes)
        else:
            post = min(lanes, key=lambda lane: (lane.is_stopped, lane.road.length, self._random.random()))
        turn = Turn(visit, self._cast.manner(), self._agenda.now_ms)
        turn.reading = self._shows(visit, turn, direction)
        post.road.come(turn)

    def _shows(self, visit: Visit, turn: Turn, direction: Direction) -> Plate | None:
        """Say which plate is on the car; a swindler comes out with that of somebody who is inside."""
        if not (turn.manner.swaps and direction is Direction.EXIT):
            return visit.car.plate
        others = [other.car.plate for other in self.inside if other is not visit and other.car.plate is not None]
        if not others:
            return visit.car.plate
        self._books.done["plate swapped"] += 1
        return self._random.choice(others)

    def passed(self, road: Forecourt, turn: Turn) -> None:
        """A car is through: it parks, or goes home."""
        visit = turn.visit
        crossing = Crossing(road.name, turn.under_ms, self._agenda.now_ms, turn.number)
        if road.leads is Direction.ENTRY:
            visit.entered = crossing
            self.inside[visit] = None
            self._agenda.after(self._cast.dwell_ms(visit.car), self._wants_out, visit)
            return
        visit.left = crossing
        self.inside.pop(visit, None)
        self.longest_out_ms = max(self.longest_out_ms, self._agenda.now_ms - visit.wants_out_ms)
        if visit.car.month_card:
            self._away.append(visit.car)

    def aside(self, road: Forecourt, turn: Turn) -> None:
        """A car has backed out of a lane: it comes again somewhere, or goes elsewhere."""
        visit = turn.visit
        if turn.manner.pays_absent and turn.paid_order:
            self._agenda.after(8000, self._pay, OrderId(turn.paid_order))
        if road.leads is Direction.ENTRY:
            self._tries[visit] = self._tries.get(visit, 0) + 1
            if self._tries[visit] >= MOST_LANES or self._random.random() < 0.3:
                if visit.car.month_card:
                    self._away.append(visit.car)
                return
        self._agenda.after(self._random.randrange(15_000, 120_000), self._queue, visit, road.leads)

    def _wants_out(self, visit: Visit) -> None:
        visit.wants_out_ms = self._agenda.now_ms
        ahead = not visit.car.month_card and visit.car.phone and self._random.random() < SHARE_PAYS_AHEAD
        if ahead:
            self._pay_ahead(visit)
        walk_ms = self._random.randrange(MINUTE_MS, 10 * MINUTE_MS)
        self._agenda.after(walk_ms, self._queue, visit, Direction.EXIT)

    def _pay_ahead(self, visit: Visit) -> None:
        """Pay on the phone before walking to the car: by its plate, as the public page does."""
        if not (self._weather.serving and self._weather.wechat) or visit.car.plate is None:
            return
        stay = self._till.open_under(visit.car.plate)
        quote = self._till.quote(stay, self._agenda.now) if stay is not None else None
        if quote is not None and quote.due_fen:
            order = self._till.order(quote, None)
            self._agenda.after(4000, self._pay, order.id)

    def shown(self, post: Post, show: c.Show) -> None:
        """Let the driver at the boom read the display."""
        turn = post.road.front
        if turn is None or not turn.standing:
            return
        match show.message:
            case c.Message.SCAN_PAY if show.quote is not None:
                self._asked_to_pay(post, turn, show.quote, show)
            case c.Message.SCAN_PLATE if self._random.random() < SHARE_TYPES_HIS_PLATE:
                wait_ms = self._random.lognormvariate(log(15_000), 0.5)
                self._agenda.after(wait_ms, self._types_plate, post, turn)
            case c.Message.BACK_OUT:
                self._agenda.after(self._random.randrange(3000, 9000), post.road.back_out, turn)
            case _:
                return

    def _types_plate(self, post: Post, turn: Turn) -> None:
        live = post.runner.lane.live
        plate = turn.visit.car.plate
        if turn is post.road.front and turn.standing and plate is not None and live is not None and live.read is None:
            self._books.done["plate typed by the driver"] += 1
            post.hear(e.PlateCorrected(live.id, read_of(plate, 1.0, 1, ReadBy.DRIVER), **post.runner.now()))

    def _asked_to_pay(self, post: Post, turn: Turn, quote: Quote, show: c.Show) -> None:
        order = OrderId(show.code_url.removeprefix("weixin://"))
        wrong_plate = show.plate != (turn.visit.car.plate or "")
        if wrong_plate and self._random.random() < SHARE_NOTICES_HIS_PLATE and not turn.manner.swaps:
            self._agenda.after(5000, self._call_help, post, turn)
            return
        if not turn.visit.car.phone:
            return
        if turn.manner.pays_absent and not turn.paid_order:
            turn.paid_order = order
            self._agenda.after(4000, post.road.back_out, turn)
            return
        late = self._random.random() < SHARE_PAYS_LATE
        wait_ms = 3000 + self._random.lognormvariate(log(3000), 0.6) + (self._random.randrange(60_000, 150_000) * late)
        self._agenda.after(wait_ms, self._pay, order)
        if self._random.random() < SHARE_PAYS_TWICE:
            again = self._till.order(quote, None)
            self._agenda.after(wait_ms + 1500, self._pay, again.id)

    def _call_help(self, post: Post, turn: Turn) -> None:
        live = post.runner.lane.live
        if turn is post.road.front and live is not None:
            post.hear(e.HelpCalled(live.id, **post.runner.now()))

    def _pay(self, order: OrderId) -> None:
        """Pay with WeChat, if the order still stands there; the notice comes soon, or late, or twice."""
        if not self._weather.wechat or not self._till.may_be_paid(order):
            self._books.done["payment refused by WeChat"] += 1
            return
        self._books.done["paid"] += 1
        late = self._random.random() < SHARE_LATE_NOTICE
        wait_ms = self._random.randrange(300, 2000)
        if late:
            wait_ms = next(poll for poll in POLLS_MS if poll > wait_ms)
        paid_at_ms = self._agenda.now_ms
        self._agenda.after(wait_ms, self._notice, order, paid_at_ms)
        if late or self._random.random() < SHARE_NOTICE_TWICE:
            self._agenda.after(wait_ms + 15_000, self._notice, order, paid_at_ms)

    def _notice(self, order: OrderId, paid_at_ms: int) -> None:
        """WeChat's word reaches the cashier, who credits the stay and asks the lane of the order to open."""
        if not self._weather.serving:
            self._agenda.after(5000, self._notice, order, paid_at_ms)
            return
        decision = self._till.settle(order, f"t{order}", self._agenda.at(paid_at_ms))
        asked = self._till.orders[order]
        if isinstance(decision, Settles) and decision.opens and asked.lane is not None:
            post = next(lane for lane in self.lanes if lane.name == asked.lane)
            self._agenda.after(50, post.request, Reason.PAID, "billing", None, asked.stay, order)
