"""One gate for both ways: cars that meet at it, and the operator who turns the tide."""

from scada.model.handshake import RiseCause
from scada.model.lane.commands import Message
from scada.model.names import LaneName
from scada.sim.road import Habit, Manner, What
from scada.sim.stage.guests import Guest, How
from scada.sim.stage.stage import Missed, Stage
from scada.sim.stage.story import Story
from scada.sim.stage.verdict import Findings, Verdict

MEETS = Manner(Habit.MEETS)
CAST = ("first", "second", "third", "fourth")
ORDER = ("first", "second", "first", "second", "third", "third", "fourth", "fourth")
"""Who goes through, one after the other: each in and out."""


class TwoWayLane:
    """Cars come in, pay and leave through one gate; twice two meet at it; then it leads out only for a while."""

    name = "two-way-lane"
    expected = (
        "who comes first goes first, in or out, and who meets him makes room and is served next; the tide sends back "
        "who comes the other way, and never shuts the last way out"
    )

    async def play(self, stage: Stage) -> None:
        """Meet with the one who comes in first, then with the one who goes out first; turn the tide and back."""
        gate = _gate(stage)
        first = await stage.park("first")
        second = stage.bring("second")
        await stage.stands(second, gate)
        stage.call(first, MEETS)
        await _meet(stage, second, first)
        await _goes(stage, second, 1)
        await _goes(stage, first, 2)
        stage.call(second)
        await stage.stands(second, gate)
        third = stage.bring("third", How(entry=MEETS))
        await _meet(stage, second, third)
        await _goes(stage, second, 2)
        await _goes(stage, third, 1)
        await self._turn(stage, gate, third)

    @staticmethod
    async def _turn(stage: Stage, gate: LaneName, third: Guest) -> None:
        """Lead out only: one goes out, one who comes is sent back; lead both ways again, and he is let in."""
        await stage.owes(third)
        answer = await stage.behind.tell(gate, "turn-tide", {"way": "entry", "note": ""})
        stage.note("the last way out", "kept" if not _is_accepted(answer) else "shut")
        await stage.order(gate, "turn-tide", way="exit", note="")
        stage.call(third)
        await _goes(stage, third, 2)
        fourth = stage.bring("fourth")
        await stage.shows(gate, Message.OTHER_WAY)
        stage.note("stayed down", await stage.holds(lambda: stage.is_down(gate), 3.0))
        await stage.order(gate, "turn-tide", way="both", note="")
        await _goes(stage, fourth, 1)
        await stage.owes(fourth)
        stage.call(fourth)
        await _goes(stage, fourth, 2)

    def judge(self, story: Story) -> Verdict:
        """Each in and out on leaves of its own, in the order in which they came."""
        found, gate = Findings(), story.way[0]
        role_of = {car: role for role, car in story.cast.items()}
        found.same(
            "they went through", ", ".join(role_of.get(car, car) for car, _ in story.truth.passed), ", ".join(ORDER)
        )
        found.same("face to face stood", story.notes.get("met"), "second-first second-third")
        found.same("the last way out was", story.notes.get("the last way out"), "kept")
        found.same("the boom stayed down for who came against the tide", story.notes.get("stayed down"), True)
        for role in CAST:
            found.same(f"openings for {role}", story.openings(role, gate), 2)
            found.same(f"stays of {role}", len(story.stays(role)), 1)
            found.same(f"{role}'s stay ended by", story.ending(role), "EXIT")
            found.same(f"payments of {role}", len(story.settlements(role)), 1)
        found.same("rises by authorisation", len(story.rises(gate, RiseCause.AUTHORISED)), len(ORDER))
        found.same("rises in all", len(story.rises(gate)), len(ORDER))
        return found.verdict()


def _gate(stage: Stage) -> LaneName:
    """Give the one gate. Raises Missed at a car park that has more."""
    if stage.way_in != stage.way_out:
        raise Missed("this car park has no single gate for both ways")
    return stage.way_in


def _is_accepted(answer: object) -> bool:
    return isinstance(answer, dict) and answer.get("accepted") is True


async def _goes(stage: Stage, guest: Guest, times: int) -> None:
    """Wait until a car has gone through the gate so often."""
    what = f"{guest.role} goes through the gate for the {'first' if times == 1 else 'second'} time"
    await stage.until(what, lambda: stage.did(guest, What.PASSED) == times, 90)


async def _meet(stage: Stage, one: Guest, other: Guest) -> None:
    """Wait until two cars stand on either side of the boom."""
    gate, met = stage.way_in, stage.notes.get("met", "")
    await stage.until("they stand face to face", lambda: stage.is_at(one, gate) and stage.is_at(other, gate), 30)
    stage.note("met", f"{met} {one.role}-{other.role}".strip())
