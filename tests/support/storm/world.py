"""The world around plant and bank: time, the PLCs, the door for notices, and who is killed and started again.

Nothing happens here by itself: time goes on when plant and bank have come to rest, to whatever is due next.
"""

import base64
import ctypes
import heapq
import itertools
import json
import os
import select
import signal
import socket
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scada.model.handshake import PassageOutcome, RiseCause
from tests.support.storm import bank as bank_module
from tests.support.storm import plant as plant_module
from tests.support.storm.bank import Bank
from tests.support.storm.door import Call, Door
from tests.support.storm.drawer import Drawer
from tests.support.storm.site import Site
from tests.support.storm.times import START

STUCK_S = 30.0
"""Real seconds after which something is broken if nothing comes to rest."""
BOOM_S = 1.0
_DIES_WITH_PARENT = 1
LAST_S = 10 * 86_400.0


class StormError(Exception):
    """The harness itself, or the plant, has broken down."""


@dataclass(frozen=True, slots=True)
class Opening:
    """The boom was told to rise: when, for whom as the plant says, and which car stood there in truth."""

    at_s: float
    lane: str
    passage: str
    number: int
    why: str
    plate: str


@dataclass
class Plc:
    """One lane's PLC and road; it goes on whatever dies."""

    lane: str
    image: dict[str, object] = field(default_factory=dict)
    plate: str = ""
    number: int = 0
    rises: int = 0
    done: set[int] = field(default_factory=set)
    is_taken: bool = False

    @property
    def is_up(self) -> bool:
        return bool(self.image.get("up"))


@dataclass
class _Plant:
    pid: int
    wire: socket.socket
    text: bytes = b""
    sent: int = 0
    rested: int = -1
    due_s: float | None = None
    started: bool = False
    lanes: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def rests(self) -> bool:
        return self.started and self.rested == self.sent


@dataclass(eq=False)
class _Waiter:
    so: Callable[[], bool]
    then: Callable[[bool], None]


class World:
    """Everything but plant and bank; a context."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.bank = Bank(_port(site))
        self.plcs = {lane: Plc(lane) for lane in ("in1", "out1")}
        self.openings: list[Opening] = []
        self.let_outs: list[float] = []
        self.drawer = Drawer()
        self.deaths = 0
        self.story: list[str] = []
        self.counts: Counter[str] = Counter()
        self.door_plans: list[tuple[str, float]] = []
        self._plant: _Plant | None = None
        self._bank_pid = 0
        self._bank_due_s: float | None = None
        self._bank_moved = True
        self._calls: dict[int, tuple[Call, str]] = {}
        self._numbers = itertools.count(1)
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._waiters: list[_Waiter] = []

    def __enter__(self) -> "World":
        self.site.anew()
        self.door = Door(self.site.door_port)
        self.start_bank()
        self.start_plant()
        return self

    def __exit__(self, *failure: object) -> None:
        self.kill_plant("the end")
        self.kill_bank("the end")
        self.door.close()

    # --- time ---

    @property
    def now_s(self) -> float:
        return self.site.clock.seconds()

    def tell(self, text: str) -> None:
        self.story.append(f"{self.now_s:9.2f}  {text}")

    def after(self, wait_s: float, work: Callable[[], None]) -> None:
        """Put something onto the agenda."""
        heapq.heappush(self._agenda, (self.now_s + wait_s, next(self._numbers), work))

    def run(self, until_s: float = float("inf"), until: Callable[[], bool] = lambda: False) -> None:
        """Let time go on until a moment or until something is so."""
        self._settle()
        while not until():
            outside = [self._agenda[0][0]] if self._agenda else []
            outside += [] if self._bank_due_s is None else [self._bank_due_s]
            target_s = min([*outside, until_s])
            plant_s = self._plant.due_s if self._plant else None
            if plant_s is not None and plant_s <= target_s:
                self._say("go", target_s)
            elif outside and target_s < until_s:
                self._go_to(target_s)
            else:
                self.site.clock.move_to(max(self.now_s, min(until_s, LAST_S)))
                return
            self._settle()
            self._wake()

    def wait(self, so: Callable[[], bool], limit_s: float, then: Callable[[bool], None]) -> None:
        """Go on as soon as something is so, or when the limit has passed; `then` hears which."""
        waiter = _Waiter(so, then)
        self._waiters.append(waiter)
        self.after(limit_s, lambda: self._end(waiter, was=False))

    def _wake(self) -> None:
        for waiter in list(self._waiters):
            if waiter.so():
                self._end(waiter, was=True)

    def _end(self, waiter: "_Waiter", *, was: bool) -> None:
        if waiter in self._waiters:
            self._waiters.remove(waiter)
            self.after(0.0, lambda: waiter.then(was))

    def _go_to(self, target_s: float) -> None:
        self.site.clock.move_to(max(self.now_s, target_s))
        if self._bank_due_s is not None and self._bank_due_s <= self.now_s:
            self.bank.switch("clock", ahead_s=0)
            self._bank_moved = True
        if self._agenda and self._agenda[0][0] <= self.now_s:
            heapq.heappop(self._agenda)[2]()

    # --- coming to rest ---

    def _settle(self) -> None:
        """Let everything that is under way come to its end."""
        ends_s = time.monotonic() + STUCK_S
        while time.monotonic() < ends_s:
            if not self._is_quiet():
                self._pump(1.0)
            elif self._pump(0.0):
                continue
            elif not self._bank_rests():
                self._pump(0.003)
            elif not self._pump(0.0) and self._is_quiet():
                return
        raise StormError(f"nothing comes to rest: plant {self._plant}, calls {self._calls}")

    def _is_quiet(self) -> bool:
        return (self._plant is None or self._plant.rests) and not self._calls

    def _bank_rests(self) -> bool:
        if not self._bank_pid:
            self._bank_due_s = None
            return True
        if not self._bank_moved:
            return True
        told = self.bank.books("schedule")
        due = told["next"]
        self._bank_due_s = None if due is None else (datetime.fromisoformat(due) - START).total_seconds()
        if told["is_sending"] or (self._bank_due_s is not None and self._bank_due_s <= self.now_s):
            return False
        self._bank_moved = False
        return True

    def _pump(self, wait_s: float) -> bool:
        """Take what comes from plant and bank; says whether anything came."""
        sources: list[socket.socket] = [self.door.listening]
        if self._plant is not None:
            sources.append(self._plant.wire)
        ready, _, _ = select.select(sources, [], [], wait_s)
        for source in ready:
            if source is self.door.listening:
                self._take_notice()
            else:
                self._hear()
        return bool(ready)

    # --- the plant ---

    def start_plant(self) -> None:
        """Start the plant, by a fork of this process."""
        if self._plant is not None:
            return
        ours, theirs = socket.socketpair()
        site = self.site
        pid = os.fork()
        if pid == 0:
            _be(
                lambda: plant_module.serve(site.config, site.keys, site.clock, site.url, theirs),
                ours,
                self.door.listening,
            )
        theirs.close()
        self._plant = _Plant(pid, ours)
        self._plant.sent = 0
        self.tell("the plant starts")
        self._wait_for_start()
        for lane in self.plcs:
            self._show(lane)
        if self.drawer.doubts:
            self._say("till")

    def _wait_for_start(self) -> None:
        plant = self._plant
        while plant is not None and not plant.started and self._plant is plant:
            self._pump(STUCK_S)

    def kill_plant(self, why: str) -> None:
        """Kill the plant, if it lives."""
        plant = self._plant
        if plant is None:
            return
        os.kill(plant.pid, signal.SIGKILL)
        self._bury(why)

    def _bury(self, why: str) -> None:
        plant, self._plant = self._plant, None
        if plant is None:
            return
        _, status = os.waitpid(plant.pid, 0)
        plant.wire.close()
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            raise StormError(f"the plant ended by itself: {status}")
        self.deaths += 1
        self.tell(f"the plant is dead: {why}")
        for call, _ in self._calls.values():
            call.answer(0)
        self._calls.clear()
        self.drawer.hears_nothing()
        self._bank_moved = True

    def _say(self, do: str, horizon_s: float | None = None, **fields: object) -> None:
        plant = self._plant
        if plant is None:
            return
        plant.sent += 1
        horizon = self.now_s if horizon_s is None else horizon_s
        said = {"n": plant.sent, "do": do, "horizon": horizon, **fields}
        try:
            plant.wire.sendall(json.dumps(said).encode() + b"\n")
        except OSError:
            self._died()

    def _hear(self) -> None:
        plant = self._plant
        if plant is None:
            return
        try:
            got = plant.wire.recv(1 << 20)
        except OSError:
            got = b""
        if not got:
            self._died()
            return
        *lines, plant.text = (plant.text + got).split(b"\n")
        for line in lines:
            self._heard(plant, json.loads(line))

    def _died(self) -> None:
        """It was killed at a point that was armed; it comes again after a while."""
        self._bury("killed where it was armed")
        self.after(7.0, self.start_plant)

    def _heard(self, plant: _Plant, said: dict[str, Any]) -> None:
        if "rests" in said:
            plant.rested, plant.due_s, plant.lanes = said["rests"], said["due_s"], said["lanes"]
            self._bank_moved |= said["worked"]
        elif "started" in said:
            plant.started = True
        elif "asks" in said:
            answer = self._opened(said) if said["what"] == "open" else said["seq"] in self.plcs[said["lane"]].done
            self._say("answer", to=said["asks"], answer=answer)
        elif "answered" in said:
            self._answered(said)
        elif "cash" in said:
            self._cash_answered(said)
        elif "till" in said:
            self.drawer.looks(said["till"])
        elif "died" in said:
            raise StormError(f"the plant died:\n{said['died']}")

    # --- notices ---

    def _take_notice(self) -> None:
        call = self.door.take()
        if call is None:
            return
        self._bank_moved = True
        plan, wait_s = self.door_plans.pop(0) if self.door_plans else ("", 0.0)
        if self._plant is None:
            call.answer(503)
        elif plan == "lose_before":
            self.tell("a notice is lost before it is taken")
            call.answer(0)
        elif plan == "late":
            self.tell(f"a notice comes {wait_s:g} s late")
            call.answer(0)
            self.after(wait_s, lambda: self._hand_over(call, ""))
        else:
            self._hand_over(call, plan)

    def _hand_over(self, call: Call, plan: str) -> None:
        if self._plant is None:
            return
        number = next(self._numbers)
        self._calls[number] = (call, plan)
        self._say("notice", number=number, headers=call.headers, body=base64.b64encode(call.body).decode())

    def _answered(self, said: dict[str, Any]) -> None:
        call, plan = self._calls.pop(said["answered"])
        self.tell(f"a notice is answered {said['status']}{' ' + plan if plan else ''}")
        if plan == "kill_after_answer":
            call.answer(0)
            self.kill_plant("after a commit, before the answer")
            self.after(5.0, self.start_plant)
        elif plan == "lose_after":
            call.answer(0)
        else:
            call.answer(said["status"], said["body"])
        self._bank_moved = True

    # --- the bank ---

    def start_bank(self) -> None:
        """Start the bank, by a fork of this process."""
        if self._bank_pid:
            return
        reads, writes = os.pipe()
        site = self.site
        pid = os.fork()
        if pid == 0:
            os.close(reads)
            _be(lambda: bank_module.serve(site.config, site.platform, site.clock, writes), *self._sockets())
        os.close(writes)
        self.bank.hang_up()
        ready = os.read(reads, 1)
        os.close(reads)
        if not ready:
            raise StormError("the bank did not start")
        self._bank_pid = pid
        self._bank_moved = True
        self.tell("the bank starts")

    def _sockets(self) -> list[socket.socket]:
        return [self.door.listening] if self._plant is None else [self.door.listening, self._plant.wire]

    def kill_bank(self, why: str) -> None:
        """Kill the bank, if it lives."""
        if not self._bank_pid:
            return
        os.kill(self._bank_pid, signal.SIGKILL)
        os.waitpid(self._bank_pid, 0)
        self._bank_pid, self._bank_due_s = 0, None
        self.bank.hang_up()
        self.deaths += 1
        self.tell(f"the bank is dead: {why}")

    @property
    def bank_lives(self) -> bool:
        return bool(self._bank_pid)

    def moved(self) -> None:
        """Say that something was done at the bank."""
        self._bank_moved = True

    # --- PLCs ---

    def shown(self, lane: str) -> dict[str, Any]:
        """Give what a lane's display shows; nothing while the plant is dead."""
        return self._plant.lanes.get(lane, {}) if self._plant else {}

    def show(self, lane: str, **changes: object) -> None:
        """Let a lane's PLC see something else."""
        self.plcs[lane].image |= changes
        self._show(lane)

    def _show(self, lane: str) -> None:
        plc = self.plcs[lane]
        busy = any(one.is_taken for one in self.plcs.values())
        self._say("see", lane=lane, image=plc.image, plate=plc.plate, busy=busy)

    def _opened(self, said: dict[str, Any]) -> bool:
        """Be the PLC: obey for the passage that is there, once."""
        plc = self.plcs[said["lane"]]
        if plc.image.get("passage_now") != said["number"] or plc.is_up or not plc.image.get("approach"):
            self.tell(f"{plc.lane}: OPEN for passage {said['number']} refused")
            return False
        plc.done.add(said["seq"])
        plc.rises += 1
        self.openings.append(Opening(self.now_s, plc.lane, said["passage"], said["number"], said["why"], plc.plate))
        self.tell(f"{plc.lane}: opens for {plc.plate}, {said['why']}")
        rise = {"rise_count": plc.rises, "rise_cause": int(RiseCause.AUTHORISED), "rise_passage": said["number"]}
        plc.image |= rise | {"down": False, "up": True}
        self.after(BOOM_S, lambda: self._show(plc.lane))
        return True

    def let_out(self, lane: str, reason: str) -> None:
        """Have the car at a boom let out by an operator."""
        self.let_outs.append(self.now_s)
        self._say("let_out", lane=lane, reason=reason)

    def takes_cash(self, lane: str) -> None:
        """Have an operator take cash for the car at a boom; without a plant he takes none."""
        if self._plant is None:
            return
        number = next(self._numbers)
        self.drawer.asked.add(number)
        self.tell(f"{self.plcs[lane].plate} pays in cash")
        self._say("cash", number=number, lane=lane)

    def _cash_answered(self, said: dict[str, Any]) -> None:
        self.tell(f"the counter says: {said['why'] or said['receipt']}")
        self.drawer.hears(said)
        if self.drawer.doubts:
            self._say("till")

    def scan(self, lane: str, openid: str) -> None:
        """Have a phone show its code to a lane's scanner."""
        code = self.bank.ask("POST", "/phone/code", {"openid": openid})["auth_code"]
        self._say("scan", lane=lane, code=code)

    def arm(self, point: str, left: int, *, after: bool) -> None:
        """Have the plant killed at one of its own next steps."""
        self._say("die", point=point, left=left, after=after)

    # --- the road ---

    def arrives(self, lane: str, plate: str) -> None:
        plc = self.plcs[lane]
        plc.number += 1
        plc.plate = plate
        self.show(lane, approach=True, passage_now=plc.number)

    def free(self, lane: str) -> None:
        """Nobody is at the lane any more."""
        self.plcs[lane].is_taken = False
        self._show(lane)

    def backs_out(self, lane: str) -> None:
        plc = self.plcs[lane]
        plc.plate = ""
        ended = {"passage_now": 0, "passage_last": plc.number, "outcome": int(PassageOutcome.BACKED_OUT)}
        self.show(lane, approach=False, up=False, down=True, **ended)

    def passes(self, lane: str) -> None:
        """A car that went through is away."""
        plc = self.plcs[lane]
        plc.plate = ""
        ended = {"passage_now": 0, "passage_last": plc.number, "outcome": int(PassageOutcome.FORWARD)}
        self.show(lane, approach=False, safety=False, **ended)


def _port(site: Site) -> int:
    assert site.config.sim is not None
    return site.config.sim.wechat_port


def _be(life: Callable[[], None], *foreign: socket.socket) -> None:
    """Live in a process of one's own, and never come back."""
    code = 1
    ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)
    try:
        for one in foreign:
            one.close()
        life()
        code = 0
    except BaseException:  # noqa: BLE001 - nothing may come back from here
        traceback.print_exc()
    finally:
        os._exit(code)
