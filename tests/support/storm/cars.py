"""Cars and their drivers: they come, park, pay or do not, back out, come again, and go."""

from collections.abc import Generator
from dataclasses import dataclass, field

from tests.support.storm.schedule import Car
from tests.support.storm.world import World

PATIENCE_S = 200.0
HELP_S = 240.0
"""So long a car stands at the exit without a code before a person lets it out."""
QUIET_TRIES = 12
Waits = Generator["float | Until", bool, None]
Stands = Generator["float | Until", bool, bool]


@dataclass(frozen=True, slots=True)
class Until:
    """Wait until a lane's boom is up, or (with `qr`) it shows a code that is not `other`; `free`: until it is free."""

    lane: str
    limit_s: float
    qr: bool = False
    other: str = ""
    free: bool = False

    def holds(self, world: World) -> bool:
        plc = world.plcs[self.lane]
        if self.free:
            return not plc.is_taken
        return plc.is_up or (self.qr and _code(world, self.lane) not in ("", self.other))


@dataclass
class Visit:
    """What became of one car, as the world saw it."""

    car: Car
    entered_s: float | None = None
    left_s: float | None = None
    gave_up: bool = False
    codes: list[str] = field(default_factory=list)
    paid: int = 0

    @property
    def is_over(self) -> bool:
        return self.gave_up or self.left_s is not None


def send(world: World, visit: Visit) -> None:
    """Let a car live its life."""
    life = _life(world, visit)

    def go_on(was: bool | None) -> None:
        try:
            wait = next(life) if was is None else life.send(was)
        except StopIteration:
            return
        if isinstance(wait, Until):
            world.wait(lambda: wait.holds(world), wait.limit_s, go_on)
        else:
            world.after(wait, lambda: go_on(True))

    go_on(None)


def _code(world: World, lane: str) -> str:
    code = str(world.shown(lane).get("qr") or "")
    return code if code.startswith("weixin://") else ""


def _life(world: World, visit: Visit) -> Waits:
    car = visit.car
    yield car.arrives_s
    yield from _reach(world, "in1", car)
    for _ in range(QUIET_TRIES):
        if (yield Until("in1", 300.0)):
            break
    else:
        visit.gave_up = True
        world.backs_out("in1")
        world.free("in1")
        return
    visit.entered_s = world.now_s
    yield from _through(world, "in1")
    yield car.parks_s
    tries = 0
    while True:
        yield from _reach(world, "out1", car)
        word = car.pays[min(tries, len(car.pays) - 1)] if tries < len(car.pays) + 1 else "pays"
        tries += 1
        if (yield from _stands(world, visit, word)):
            visit.left_s = world.now_s
            yield from _through(world, "out1")
            break
        world.tell(f"{car.plate} backs out")
        world.backs_out("out1")
        yield 8.0
        world.free("out1")
        if word in ("leaves_then_pays", "old_code"):
            _phone(world, visit, visit.codes[-1:], "late")
        yield 60.0
    if "old_code" in car.pays:
        yield 30.0
        _phone(world, visit, visit.codes, "again")


def _reach(world: World, lane: str, car: Car) -> Waits:
    while world.plcs[lane].is_taken:
        yield Until(lane, 3600.0, free=True)
    world.plcs[lane].is_taken = True
    world.tell(f"{car.plate} stands at {lane}")
    world.arrives(lane, car.plate)


def _through(world: World, lane: str) -> Waits:
    yield 2.0
    world.show(lane, safety=True)
    yield 2.0
    world.passes(lane)
    yield 2.0
    world.show(lane, up=False, down=True)
    yield 2.0
    world.free(lane)


def _stands(world: World, visit: Visit, word: str) -> Stands:
    """Stand at the exit until the boom is up; False if the driver backs out."""
    if word == "cash":
        yield Until("out1", visit.car.after_s, qr=True)
        world.takes_cash("out1")
        return (yield Until("out1", PATIENCE_S))
    if not (yield Until("out1", HELP_S, qr=True)):
        world.let_out("out1", "EQUIPMENT")
        return (yield Until("out1", PATIENCE_S))
    if world.plcs["out1"].is_up:
        return True
    code = _code(world, "out1")
    visit.codes.append(code)
    if word == "pays_nothing":
        return (yield Until("out1", 150.0))
    if word == "leaves_then_pays":
        return (yield Until("out1", 4.0))
    if word in ("slow", "old_code"):
        yield Until("out1", PATIENCE_S, qr=True, other=code)
        if word == "slow":
            visit.codes.append(code := _code(world, "out1") or code)
    else:
        yield visit.car.after_s
    if word == "code_and_qr" and world.bank_lives:
        world.tell(f"{visit.car.plate} shows a code to the scanner, too")
        world.scan("out1", f"{visit.car.plate}-b")
    if word == "cash_and_qr":
        world.takes_cash("out1")
    if not _phone(world, visit, [code], "a"):
        code = _code(world, "out1")
        visit.codes.append(code)
        _phone(world, visit, [code], "a")
    if word == "two_phones":
        _phone(world, visit, [code], "b")
    if word == "old_code" and (newer := _code(world, "out1")):
        visit.codes.append(newer)
        yield 1.0
        _phone(world, visit, [newer], "a")
    return (yield Until("out1", 1.0 if word == "pays_and_leaves" else PATIENCE_S))


def _phone(world: World, visit: Visit, codes: list[str], who: str) -> bool:
    """Pay codes with a phone, if WeChat answers; says whether the last one was paid."""
    said = ""
    for code in codes:
        if not world.bank_lives:
            world.tell(f"{visit.car.plate}: the phone has no WeChat")
            continue
        said = world.bank.pay(code, f"{visit.car.plate}-{who}")
        world.moved()
        world.tell(f"{visit.car.plate}: phone {who} says {said}")
        visit.paid += said == "ok"
    return said == "ok"
