"""What happens to boom and loops: hit, held, stuck, blind, fire; and who follows (paths B, L, M, N, U, V)."""

from scada.model.handshake import RiseCause
from scada.model.names import LaneName
from scada.sim.road import OPEN, Habit, Manner, What
from scada.sim.scenarios.money import KEEPS
from scada.sim.stage.guests import PLAIN, Guest, How
from scada.sim.stage.stage import Stage
from scada.sim.stage.story import Story
from scada.sim.stage.verdict import Findings, Verdict


def left_unguarded(story: Story, found: Findings, role: str, ending: str) -> None:
    """Say that a car went out without its own leave, and that its stay ended by a name of its own, with its debt."""
    stay = story.stay(role)
    found.want(story.is_out(role), f"{role} came in and went out", f"{role} went through {story.went(role)}")
    found.same(f"openings of the exit for {role}", story.openings(role, story.way[1]), 0)
    found.same(f"{role}'s stay ended by", stay.get("ending"), ending)


async def _stays_up(stage: Stage, lane: LaneName, seconds: float) -> bool:
    """Look at a boom that should stay up."""
    return await stage.holds(lambda: stage.board(lane).boom >= OPEN, seconds)


class Tailgater:
    """A car goes out right behind another one that has paid."""

    name = "tailgater"
    expected = "the follower has no part in the leader's leave: its own stay ends as EXIT_TAILGATE with its own debt"

    async def play(self, stage: Stage) -> None:
        """Leader and follower through one opening."""
        leader, follower = await stage.fill(("leader", PLAIN), ("follower", PLAIN))
        stage.call(leader)
        stage.call(follower, Manner(Habit.TAILGATES))
        await stage.passed(leader, stage.way_out)
        await stage.passed(follower, stage.way_out)

    def judge(self, story: Story) -> Verdict:
        """Two cars, one opening, two endings."""
        found = Findings()
        found.same("leader's stay ended by", story.ending("leader"), "EXIT")
        found.same("payments of the leader", len(story.settlements("leader")), 1)
        left_unguarded(story, found, "follower", "EXIT_TAILGATE")
        stay = story.stay("follower")
        found.want(
            stay.get("arrears_fen") == stay.get("fee_fen") != 0,
            f"the follower owes {stay.get('arrears_fen')} fen",
            f"the follower's fee is {stay.get('fee_fen')}, it owes {stay.get('arrears_fen')}",
        )
        found.want(story.alarms(story.way[1])["tailgate"] == 1, "a tailgater was reported", "no tailgater was reported")
        return found.verdict()


class BoomHit:
    """A car breaks through the boom that is down."""

    name = "boom-hit"
    expected = "alarm and pictures at once, no more commands to that barrier, and the car's stay ends as EXIT_OPEN_LANE"

    async def play(self, stage: Stage) -> None:
        """Break it, and put it back."""
        guest = await stage.park("car", How(person=KEEPS, leave=Manner(Habit.RAMS, patience_s=4.0)))
        stage.call(guest)
        await stage.passed(guest, stage.way_out)
        await stage.until("the boom is reported", lambda: stage.is_alarmed(stage.way_out, "boom"), 15)
        stage.note("broken", stage.did(guest, What.RAMMED))
        stage.field(stage.way_out)
        await stage.order(stage.way_out, "confirm-fault", note="boom put back")

    def judge(self, story: Story) -> Verdict:
        """One alarm, no opening, one debt."""
        found = Findings()
        found.same("booms broken", story.notes.get("broken"), 1)
        found.same("alarms of the boom", story.alarms(story.way[1])["boom"], 1)
        found.same("rises of the boom", len(story.rises(story.way[1])), 0)
        left_unguarded(story, found, "car", "EXIT_OPEN_LANE")
        return found.verdict()


class StuckLoop:
    """The safety loop sticks under a car that comes in; then the exit's approach loop sticks with nobody there."""

    name = "stuck-loop"
    expected = "a stuck safety loop keeps the boom up, a stuck approach loop opens nothing; both are reported"

    async def play(self, stage: Stage) -> None:
        """Two loops, one after the other."""
        guest = stage.bring("car")
        await stage.until(
            "the car is under the boom", lambda: stage.did(guest, What.OFF_APPROACH, stage.way_in) > 0, 90
        )
        stage.field(stage.way_in, stuck="safety")
        await stage.passed(guest, stage.way_in)
        await stage.until("the safety loop is reported", lambda: stage.is_alarmed(stage.way_in, "safety_loop"))
        stage.note("stayed up", await _stays_up(stage, stage.way_in, 2.0))
        stage.field(stage.way_in)
        await stage.comes_down(stage.way_in)
        stage.field(stage.way_out, stuck="approach")
        await stage.until("the approach loop is reported", lambda: stage.is_alarmed(stage.way_out, "approach_loop"))
        stage.note("stayed down", await stage.holds(lambda: stage.is_down(stage.way_out), 2.0))
        stage.field(stage.way_out)
        await stage.owes(guest)
        stage.call(guest)
        await stage.passed(guest, stage.way_out)

    def judge(self, story: Story) -> Verdict:
        """Up, down, reported, and the car's stay as if nothing had been."""
        found = Findings()
        entry, leave = story.way
        found.same("the boom stayed up over the stuck loop", story.notes.get("stayed up"), True)
        found.same("the boom stayed down before nobody", story.notes.get("stayed down"), True)
        found.same("alarms of the safety loop", story.alarms(entry)["safety_loop"], 1)
        found.same("alarms of the approach loop", story.alarms(leave)["approach_loop"], 1)
        found.same("openings of the exit for the car", story.openings("car", leave), 1)
        found.same("rises of the exit's boom", len(story.rises(leave)), 1)
        found.same("stays of the car", len(story.stays("car")), 1)
        found.same("its stay ended by", story.ending("car"), "EXIT")
        return found.verdict()


class BlindLoop:
    """The exit's safety loop does not see the car under the boom, and its detector reports a fault."""

    name = "blind-loop"
    expected = "no automatic closing, a report at once; the stay does not end as an exit on loops that prove nothing"

    async def play(self, stage: Stage) -> None:
        """Blind while one car goes out, whole again for the next."""
        guest, after = await stage.fill(("unseen", PLAIN), ("after", PLAIN))
        stage.call(guest)
        await stage.stands(guest, stage.way_out)
        stage.field(stage.way_out, blind="safety", on="safety_fault")
        await stage.passed(guest, stage.way_out)
        await stage.until("the safety loop is reported", lambda: stage.is_alarmed(stage.way_out, "safety_loop"))
        stage.note("stayed up", await _stays_up(stage, stage.way_out, 8.0))
        stage.field(stage.way_out)
        await stage.comes_down(stage.way_out)
        stage.call(after)
        await stage.passed(after, stage.way_out)

    def judge(self, story: Story) -> Verdict:
        """Up while blind; no exit without proof."""
        found = Findings()
        found.same("the boom stayed up while the loop was blind", story.notes.get("stayed up"), True)
        found.same("alarms of the safety loop", story.alarms(story.way[1])["safety_loop"], 1)
        found.want(
            story.ending("unseen") != "EXIT",
            f"the unseen car's stay: {story.ending('unseen') or 'left open for a person'}",
            "the unseen car's stay ended as if its exit were proven",
        )
        found.same("payments of the unseen car", len(story.settlements("unseen")), 1)
        found.same("the next car's stay ended by", story.ending("after"), "EXIT")
        return found.verdict()


class Fire:
    """The fire panel's contact closes while one car waits to pay and another is parked."""

    name = "fire"
    expected = "both booms go up for FIRE and stay up; cars leave unbilled; after the reset on site all is as before"

    async def play(self, stage: Stage) -> None:
        """Fire, two cars out, reset, a third car in and out."""
        waiting, parked = await stage.fill(("waiting", How(person=KEEPS)), ("parked", PLAIN))
        stage.call(waiting)
        await stage.code(waiting)
        for lane in (stage.way_in, stage.way_out):
            stage.field(lane, on="fire")
        await stage.until("both booms are up", lambda: _all_up(stage), 15)
        stage.call(parked)
        for guest in (waiting, parked):
            await stage.passed(guest, stage.way_out)
        stage.note("stayed up", await stage.holds(lambda: _all_up(stage), 3.0))
        for lane in (stage.way_in, stage.way_out):
            await self._reset(stage, lane)
        after = await stage.park("after")
        stage.call(after)
        await stage.passed(after, stage.way_out)

    @staticmethod
    async def _reset(stage: Stage, lane: LaneName) -> None:
        """Press the reset on site once the panel is quiet; the lane comes back to AUTO."""
        stage.field(lane)
        await stage.holds(lambda: True, 0.5)
        stage.field(lane, on="fire_reset")
        await stage.comes_down(lane)
        stage.field(lane)
        await stage.resumes(lane, "nothing")

    def judge(self, story: Story) -> Verdict:
        """One rise for FIRE a lane, unbilled stays, and AUTO again."""
        found = Findings()
        for lane in story.way:
            found.same(f"rises of {lane} for FIRE", len(story.rises(lane, RiseCause.FIRE)), 1)
        found.same("both booms stayed up", story.notes.get("stayed up"), True)
        for role in ("waiting", "parked"):
            left_unguarded(story, found, role, "EXIT_OPEN_LANE")
            found.same(f"fen asked of {role}", story.stay(role).get("arrears_fen"), 0)
        found.same("the next car's stay ended by", story.ending("after"), "EXIT")
        found.same("payments of the next car", len(story.settlements("after")), 1)
        return found.verdict()


HELD_MIN = "240"
"""Minutes of the business clock, which runs fast; so long needs a second person."""


class HoldOpen:
    """An operator holds the exit open; two cars go out; then it is guarded again."""

    name = "hold-open"
    expected = "cars under the held boom are read and counted, their stays end as EXIT_OPEN_LANE; later cars pay again"

    async def play(self, stage: Stage) -> None:
        """Held, two out, guarded, one out."""
        *guests, third = await stage.fill(("one", PLAIN), ("two", PLAIN), ("third", PLAIN))
        await stage.order(stage.way_out, "hold-open", minutes=HELD_MIN, reason="QUEUE", note="", **stage.behind.second)
        await stage.until("the boom is up", lambda: stage.board(stage.way_out).boom >= OPEN, 15)
        for guest in guests:
            await self._out(stage, guest)
        await stage.order(stage.way_out, "auto", note="")
        await stage.comes_down(stage.way_out)
        await self._out(stage, third)

    @staticmethod
    async def _out(stage: Stage, guest: Guest) -> None:
        stage.call(guest)
        await stage.passed(guest, stage.way_out)

    def judge(self, story: Story) -> Verdict:
        """One rise for HOLD_OPEN, two open-lane exits, one paid exit."""
        found = Findings()
        found.same("rises for HOLD_OPEN", len(story.rises(story.way[1], RiseCause.HOLD_OPEN)), 1)
        for role in ("one", "two"):
            left_unguarded(story, found, role, "EXIT_OPEN_LANE")
        found.same("third's stay ended by", story.ending("third"), "EXIT")
        found.same("payments of the third", len(story.settlements("third")), 1)
        return found.verdict()


def _all_up(stage: Stage) -> bool:
    return all(stage.board(lane).boom >= OPEN for lane in (stage.way_in, stage.way_out))
