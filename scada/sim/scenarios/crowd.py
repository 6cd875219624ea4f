"""Many cars at once."""

from scada.model.handshake import RiseCause
from scada.sim.road import Weather
from scada.sim.stage.stage import Stage
from scada.sim.stage.story import Story
from scada.sim.stage.verdict import Findings, Verdict

CARS = 5


class RushHour:
    """A queue at the entry in the rain, and the same cars at the exit by night."""

    name = "rush-hour"
    expected = "every car of the queue comes in and goes out once, each on its own opening and with its own stay paid"

    async def play(self, stage: Stage) -> None:
        """Send a queue in, and the queue out."""
        stage.weather(Weather.RAIN)
        guests = [stage.bring(f"car{number}") for number in range(CARS)]
        for guest in guests:
            await stage.passed(guest, stage.way_in, 60.0 * CARS)
        await stage.owes(guests[-1])
        stage.weather(Weather.NIGHT)
        for guest in guests:
            stage.call(guest)
        for guest in guests:
            await stage.passed(guest, stage.way_out, 60.0 * CARS)

    def judge(self, story: Story) -> Verdict:
        """Count cars, openings and stays."""
        found = Findings()
        found.same("cars through both lanes", sum(story.is_out(role) for role in story.cast), CARS)
        for lane in story.way:
            each = [story.openings(role, lane) for role in story.cast]
            found.same(f"openings of {lane} for each", sorted(set(each)), [1])
            found.same(f"rises of {lane} by authorisation", len(story.rises(lane, RiseCause.AUTHORISED)), CARS)
        found.same("stays ended by exit", sum(story.ending(role) == "EXIT" for role in story.cast), CARS)
        return found.verdict()
