"""Cars that back out of a lane (path A)."""

from scada.sim.road import Habit, Manner, What
from scada.sim.stage.guests import How
from scada.sim.stage.stage import Stage
from scada.sim.stage.story import Story
from scada.sim.stage.verdict import Findings, Verdict


class BackOut:
    """A car backs out at the entry after the boom has risen, and comes again."""

    name = "back-out"
    expected = "no stay begins with a car that backs out under the raised boom; when it comes again it gets one"

    async def play(self, stage: Stage) -> None:
        """Back out once, then pass."""
        guest = stage.bring("car", How(entry=Manner(Habit.BACKS_OUT_AFTER)))
        await stage.until("the car backs out", lambda: stage.did(guest, What.BACKED_OUT) == 1)
        await stage.passed(guest, stage.way_in)
        await stage.owes(guest)
        stage.call(guest)
        await stage.passed(guest, stage.way_out)

    def judge(self, story: Story) -> Verdict:
        """One stay, from the second passage."""
        found = Findings()
        entry, _ = story.way
        outcomes = [str(row["outcome"]) for row in story.passages("car", entry)]
        found.same("passages at the entry", outcomes, ["BACKED_OUT", "FORWARD"])
        found.same("stays of the car", len(story.stays("car")), 1)
        found.same("its stay ended by", story.ending("car"), "EXIT")
        return found.verdict()


class FakeExit:
    """A car pays at the exit, backs out under the raised boom, and comes again."""

    name = "fake-exit"
    expected = "the stay stays open and what was paid is kept; the car is let out later without paying again"

    async def play(self, stage: Stage) -> None:
        """Pay, back out, come again."""
        guest = await stage.park("car", How(leave=Manner(Habit.BACKS_OUT_AFTER)))
        stage.call(guest)
        await stage.until("the car backs out", lambda: stage.did(guest, What.BACKED_OUT, stage.way_out) == 1)
        await stage.passed(guest, stage.way_out)

    def judge(self, story: Story) -> Verdict:
        """One payment, a fake exit on record, one exit."""
        found = Findings()
        _, leave = story.way
        passages = story.passages("car", leave)
        found.same("exit passages", [str(row["outcome"]) for row in passages], ["BACKED_OUT", "FORWARD"])
        found.same("on record as", [str(row["note"]) for row in passages], ["FAKE_EXIT", ""])
        found.same("payments", len(story.settlements("car")), 1)
        found.same("its stay ended by", story.ending("car"), "EXIT")
        return found.verdict()
