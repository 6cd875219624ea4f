"""After a story: everything works again and people help, as long as it takes for the lanes to be empty."""

from plc.sim.memory import OUTER
from scada.model.handshake import Mode
from scada.model.lane import events as e
from scada.model.lane import states as s
from tests.support.coupled import Post, Site, Weather
from tests.support.street import Vehicle

ROUNDS = 120
PATIENCE = 60
"""So many rounds drivers heed a red light under a boom that is up; then they go."""
STUCK_AT_ALL = (
    *("approach_fault", "safety_fault", "fire", "fire_reset", "button", "handset", "key", "jog_up", "jog_down"),
    *("detached", "drive_fault", "mains_lost", "lifted", "jammed", "up_stuck", "door"),
)


def empty_the_lanes(site: Site) -> list[str]:
    """Mend everything, help everybody; say which lanes are not empty and at rest after all that."""
    site.weather = Weather()
    for post in site.posts.values():
        _mend(post)
    site.run(1000)
    for post in site.posts.values():
        post.wire_in(fire_reset=True)
        _ask_for_auto(site, post)
    for turn in range(ROUNDS):
        if not any(_left(post) for post in site.posts.values()):
            return []
        for post in site.posts.values():
            _help(site, post, heeds_light=turn < PATIENCE)
        site.run(1000)
    return [left for post in site.posts.values() if (left := _left(post))]


def _mend(post: Post) -> None:
    post.wire_in(**dict.fromkeys(STUCK_AT_ALL, False))
    post.street.walker = False
    post.linked = True
    if post.lane is None:
        post.start_server()


def _ask_for_auto(site: Site, post: Post) -> None:
    post.wire_in(mode_wanted=0)
    site.run(100)
    post.wire_in(mode_wanted=int(Mode.AUTO), fire_reset=False)


def _left(post: Post) -> str:
    """Say what is not as it should be in the evening."""
    state = type(post.lane.state).__name__ if post.lane is not None else "no server"
    if post.street.cars or not post.memory.down or state != "Idle" or post.memory.now:
        places = [(car.plate, car.build.value, car.at, car.ahead) for car in post.street.cars]
        return f"{post.name}: {state}, cars {places}, boom {post.memory.retained.position_ms}, {post.memory.mode.name}"
    return ""


def _help(site: Site, post: Post, *, heeds_light: bool) -> None:
    """Do what people at the lane would do now: drive, pay, open, send back, turn the key."""
    lane, memory = post.lane, post.memory
    if lane is None:
        return
    if memory.mode is Mode.RESYNC:
        post.keeper.let = True
        if memory.claim == 0 and (memory.blind or post.street.asleep):
            _look_under(site, post)
    if memory.mode not in (Mode.AUTO, Mode.RESYNC) and post.inputs.mode_wanted == Mode.AUTO:
        _ask_for_auto(site, post)
    for car in _in_order(post):
        _drive(site, post, car, heeds_light=heeds_light)
    match lane.state:
        case s.AwaitingOperator() | s.AwaitingDriver() | s.ByCamera() if lane.live is not None:
            site.operator_opens(post, lane.live.id)
        case s.AwaitingPayment(due=due):
            site.pay(next(sheet for sheet in site.till.orders if sheet.order.id == due.order.id))
        case s.Faulted() | s.Closing() | s.Clearing():
            post.hear(e.FaultConfirmed("li", **site.now))
            if memory.trip or memory.blind or not memory.permit:
                _look_under(site, post)
        case _:
            pass


def _look_under(site: Site, post: Post) -> None:
    """The technician looks, and turns his key once: a tripped motor and a loop that lost a car are good again."""
    if post.street.is_under:
        return
    post.wire_in(key=True)
    site.run(100)
    post.wire_in(key=False)
    site.run(100)


def _in_order(post: Post) -> list[Vehicle]:
    """Give the cars, those first whose way is free."""
    return sorted(post.street.cars, key=lambda car: -car.at * car.ahead)


def _drive(site: Site, post: Post, car: Vehicle, *, heeds_light: bool) -> None:
    """Drive on where boom and light let him; out of the way of one that is nearer; out from under the boom always."""
    memory = post.memory
    is_green = memory.up and (memory.may_go or not heeds_light)
    way = car.ahead
    faces = any(other.ahead != car.ahead for other in post.street.cars)
    first = memory.side == OUTER if car.ahead > 0 else memory.side != OUTER
    is_wrong = car.ahead < 0 and not memory.settings.two_way
    if not car.is_through and (is_wrong or (faces and not (first and is_green))):
        way = -car.ahead
    in_the_gap = not any(car.covers(loop) for loop in "ASC") and not car.is_through
    if in_the_gap and not is_green:
        post.street.move(car, -car.ahead)
        return
    may = car.covers("S") or car.is_through or is_green or way != car.ahead
    for _ in range(6):
        if car not in post.street.cars or not may:
            return
        if not post.street.can_move(car, way, memory.retained.position_ms / 1000):
            return
        post.street.move(car, way)
        site.run(300)
