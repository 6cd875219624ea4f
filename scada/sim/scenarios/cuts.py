"""Processes that die in the middle: a PLC, the server, all of it at once (paths P, Q, S)."""

import asyncio

from scada.model.handshake import RiseCause
from scada.sim.road import Habit, Manner, What
from scada.sim.scenarios.money import KEEPS
from scada.sim.stage.guests import How
from scada.sim.stage.stage import Stage
from scada.sim.stage.story import Story
from scada.sim.stage.verdict import Findings, Verdict

_KEEPS = How(person=KEEPS)


def _in_and_out(story: Story, found: Findings, role: str) -> None:
    found.want(story.is_out(role), f"{role} came in and went out", f"{role} went through {story.went(role)}")
    found.same(f"stays of {role}", len(story.stays(role)), 1)
    found.same(f"{role}'s stay ended by", story.ending(role), "EXIT")
    found.same(f"payments of {role}", len(story.settlements(role)), 1)


class PlcReboot:
    """The exit's PLC restarts while a car waits before it."""

    name = "plc-reboot"
    expected = "no motion and no command until a person has said what stands there; then the car pays and leaves once"

    async def play(self, stage: Stage) -> None:
        """Wait, restart, look, pay, go."""
        guest = await stage.park("car", _KEEPS)
        stage.call(guest)
        await stage.code(guest)
        await stage.behind.kill(stage.plc_of(stage.way_out))
        stage.note("stayed down", await stage.holds(lambda: stage.is_down(stage.way_out), 3.0))
        await stage.resumes(stage.way_out, f"{guest.plate} waits")
        await stage.until("a code can be paid", lambda: stage.pays_any(guest), 90)
        await stage.passed(guest, stage.way_out)

    def judge(self, story: Story) -> Verdict:
        """One opening, one payment, no rise without a cause."""
        found = Findings()
        _in_and_out(story, found, "car")
        found.same("the boom stayed down", story.notes.get("stayed down"), True)
        found.same("openings for the car", story.openings("car", story.way[1]), 1)
        found.same("rises", [row["cause"] for row in story.rises(story.way[1])], [int(RiseCause.AUTHORISED)])
        return found.verdict()


class UncertainEntry:
    """The entry's PLC restarts while a car is under its boom; the car has no stay when it wants to leave."""

    name = "uncertain-entry"
    expected = "nobody can tell that the car came in; at the exit a person says so, and it pays from when it came"

    async def play(self, stage: Stage) -> None:
        """Restart under the boom, park, call for help at the exit, pay, go."""
        guest = stage.bring("car", How(entry=Manner(Habit.STOPS_UNDER, patience_s=20.0)))
        await stage.until("it is under the boom", lambda: stage.is_under(guest, stage.way_in), 90)
        await stage.behind.kill(stage.plc_of(stage.way_in))
        await stage.passed(guest, stage.way_in)
        await stage.resumes(stage.way_in, "nothing")
        await stage.comes_down(stage.way_in)
        await stage.owes(guest)
        stage.call(guest)
        await stage.passed(guest, stage.way_out, 180)

    def judge(self, story: Story) -> Verdict:
        """Found inside by a person, one stay from when it came, paid like anybody's."""
        found = Findings()
        entry, _ = story.way
        in_doubt = {row["id"] for row in story.passages("car", entry) if row["note"] == "UNCERTAIN"}
        inside = [row["passage"] for row in story.facts.doubts if row["outcome"] == "inside"]
        found.want(bool(in_doubt), "its entry is in doubt", "its entry is in no doubt")
        found.same("entries found inside", len(in_doubt & set(inside)), 1)
        _in_and_out(story, found, "car")
        found.want(bool(story.stay("car").get("fee_fen")), "its stay cost something", "its stay cost nothing")
        return found.verdict()


class ServerKill:
    """The server is killed while a car waits to pay, and again while another is under the entry's boom."""

    name = "server-kill"
    expected = "what was paid meanwhile is found, no stay is lost, no command is repeated, and every car gets out"

    async def play(self, stage: Stage) -> None:
        """Kill, pay meanwhile, kill again under a boom."""
        guest = await stage.park("payer", _KEEPS)
        stage.call(guest)
        code = await stage.code(guest)
        killing = asyncio.create_task(stage.behind.kill("plant"))
        stage.note("paid", await stage.pay(guest, code))
        await killing
        await stage.resumes(stage.way_out, f"{guest.plate} waits")
        await stage.passed(guest, stage.way_out, 150)
        second = stage.bring("under")
        await stage.until("it is under the boom", lambda: stage.did(second, What.OFF_APPROACH, stage.way_in) > 0, 90)
        await stage.behind.kill("plant")
        await stage.passed(second, stage.way_in)
        await stage.resumes(stage.way_in, "nothing")
        await stage.comes_down(stage.way_in)
        third = await stage.park("after")
        stage.call(third)
        await stage.passed(third, stage.way_out)

    def judge(self, story: Story) -> Verdict:
        """The payer out on one opening; the one under the boom on record; the next as ever."""
        found = Findings()
        found.same("the payment meanwhile was", story.notes.get("paid"), "ok")
        for role in ("payer", "after"):
            _in_and_out(story, found, role)
            found.same(f"openings for {role}", story.openings(role, story.way[1]), 1)
        entry = story.way[0]
        known = [f"{row['outcome']} {row['note']}".strip() for row in story.passages("under", entry)]
        found.want(
            bool(known), f"the one under the boom is on record as {known}", "the one under the boom is on no record"
        )
        found.same("rises of the entry for it", story.openings("under", entry), 1)
        return found.verdict()


class PowerCut:
    """All power fails while a car goes out under the boom: PLCs, server and cameras at once."""

    name = "power-cut"
    expected = "the boom does not come down on the car, nothing moves until somebody has looked, and no payment is lost"

    async def play(self, stage: Stage) -> None:
        """Cut under the boom; all comes back by itself; the next car goes in and out."""
        guest = await stage.park("cut")
        stage.call(guest, Manner(Habit.STOPS_UNDER, patience_s=20.0))
        await stage.until("it is under the boom", lambda: stage.is_under(guest, stage.way_out), 90)
        parts = ("plant", "feed", stage.plc_of(stage.way_in), stage.plc_of(stage.way_out))
        await asyncio.gather(*(stage.behind.kill(part) for part in parts))
        stage.light_cameras()
        await stage.passed(guest, stage.way_out)
        for lane in (stage.way_in, stage.way_out):
            await stage.resumes(lane, "nothing")
            await stage.comes_down(lane)
        after = await stage.park("after")
        stage.call(after)
        await stage.passed(after, stage.way_out)

    def judge(self, story: Story) -> Verdict:
        """Nobody struck, one opening, the payment on the books, and the next car as ever."""
        found = Findings()
        leave = story.way[1]
        found.same("cars struck", list(story.truth.struck), [])
        found.same("openings for the car", story.openings("cut", leave), 1)
        found.same("payments of the car", len(story.settlements("cut")), 1)
        known = [f"{row['outcome']} {row['note']}".strip() for row in story.passages("cut", leave)]
        found.want(bool(known), f"its passage is on record as {known}", "its passage is on no record")
        _in_and_out(story, found, "after")
        return found.verdict()
