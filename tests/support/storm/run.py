"""One schedule from its beginning to its judgement."""

from collections import Counter
from dataclasses import dataclass

from tests.support.storm.cars import Visit, send
from tests.support.storm.judge import judge
from tests.support.storm.schedule import SPAN_S, Fault, Schedule
from tests.support.storm.site import Site
from tests.support.storm.world import StormError, World

GONE_S = 12 * 3600.0
"""By then every car has left."""
QUIET_S = 31 * 3600.0
"""By then every notice was given up, and yesterday's bill is there."""
CLERK_S = 300.0
SLOW_S = 1.0


@dataclass(frozen=True, slots=True)
class Ran:
    """What a schedule came to."""

    schedule: Schedule
    wrong: tuple[str, ...]
    story: tuple[str, ...]
    faults: Counter[str]
    moved: Counter[str]
    """How much happened: payments, refunds, openings, kills."""


def run(site: Site, schedule: Schedule) -> Ran:
    """Run a schedule and judge it."""
    with World(site) as world:
        wrong: tuple[str, ...] = ()
        moved = Counter[str]()
        visits = [Visit(car) for car in schedule.cars]
        try:
            _play(world, schedule, visits)
            wrong, moved = judge(world, visits)
        except StormError as error:
            wrong = (str(error),)
        return Ran(schedule, wrong, tuple(world.story), world.counts, moved)


def _play(world: World, schedule: Schedule, visits: list[Visit]) -> None:
    for fault in schedule.faults:
        world.after(fault.at_s, lambda fault=fault: _go_wrong(world, fault))  # type: ignore[misc]
    for visit in visits:
        send(world, visit)
    _clerk(world)
    last_s = max((fault.at_s + fault.wait_s for fault in schedule.faults), default=0.0)
    world.run(until_s=last_s + 1.0)
    _calm(world)
    world.run(GONE_S, until=lambda: all(visit.is_over for visit in visits))
    for visit in visits:
        if not visit.is_over:
            raise StormError(f"{visit.car.plate} never gets out")
    world.run(QUIET_S)


def _clerk(world: World) -> None:
    """Let refunds end, as WeChat does after a while."""
    if world.bank_lives and any(one["state"] == "PROCESSING" for one in world.bank.books("refunds")):
        world.bank.switch("refunds", state="SUCCESS")
        world.moved()
    if world.now_s < QUIET_S - 3600.0:
        world.after(CLERK_S if world.now_s < 2 * SPAN_S else 12 * CLERK_S, lambda: _clerk(world))


def _calm(world: World) -> None:
    """Nothing goes wrong from now on."""
    world.start_bank()
    world.bank.switch("clear")
    world.bank.switch("clock", skew_s=0)
    world.door_plans.clear()
    world.start_plant()
    for point in ("commit", "call"):
        world.arm(point, -1, after=False)
    world.tell("nothing goes wrong from now on")


def _go_wrong(world: World, fault: Fault) -> None:
    world.tell(str(fault))
    world.counts[f"{fault.kind} {fault.what}".strip()] += 1
    match fault.kind:
        case "kill_plant":
            world.kill_plant("killed")
            world.after(fault.wait_s, world.start_plant)
        case "kill_at":
            point, _, when = fault.what.partition(" ")
            world.arm(point, fault.times, after=when == "after")
        case "kill_bank":
            world.kill_bank("killed")
            world.after(fault.wait_s, world.start_bank)
        case "door":
            world.door_plans += [(fault.what, fault.wait_s)] * fault.times
        case _ if world.bank_lives:
            _at_the_bank(world, fault)
        case _:
            world.tell("there is no bank to go wrong")


def _at_the_bank(world: World, fault: Fault) -> None:
    match fault.kind:
        case "notices":
            world.bank.switch("notices", manner=fault.what, times=fault.times)
        case "answers":
            world.bank.switch("answers", fault=fault.what, path=fault.path, times=fault.times)
        case "slow":
            world.bank.switch("answers", fault="delay", wait_s=SLOW_S, times=1)
        case "outage":
            world.bank.switch("answers", fault=fault.what, times=0)
            world.after(fault.wait_s, lambda: _end_of_outage(world))
        case "skew":
            world.bank.switch("clock", skew_s=float(fault.what))
            world.after(fault.wait_s, lambda: _end_of_skew(world))
        case _:
            raise ValueError(f"nobody knows how this goes wrong: {fault}")


def _end_of_outage(world: World) -> None:
    if world.bank_lives:
        world.bank.switch("clear")


def _end_of_skew(world: World) -> None:
    if world.bank_lives:
        world.bank.switch("clock", skew_s=0)
