"""Other ways to pay than the QR code: WeChat deducts by itself, or the driver holds his own code before the scanner."""

from scada.sim.scenario import Person
from scada.sim.stage.guests import How
from scada.sim.stage.stage import Stage
from scada.sim.stage.story import Story
from scada.sim.stage.verdict import Findings, Verdict


class PayScore:
    """A driver who lets WeChat deduct his fees (支付分停车)."""

    name = "pay-score"
    expected = "the gate opens without a touch: WeChat promises the fee, and the money comes while the car drives off"

    async def play(self, stage: Stage) -> None:
        """Come in, stay, and drive up to the exit."""
        guest = await stage.park("car", How(person=Person(pay_score=True, dead_phone=True)))
        stage.call(guest)
        await stage.passed(guest, stage.way_out)

    def judge(self, story: Story) -> Verdict:
        """One deduction, paid; one opening, for no other reason."""
        found = Findings()
        orders = [(row.get("kind"), row.get("state")) for row in story.orders("car")]
        found.same("how the fee was asked for", orders, [("PARKING", "PAID")])
        found.same("payments credited", len(story.settlements("car")), 1)
        found.same("requests to open", story.requests("car"), ["TAKEN"])
        found.same("openings for the car", story.openings("car", story.way[1]), 1)
        found.same("why it was let out", story.stay("car").get("exit_reason"), "ACCEPTED")
        found.same("its stay ended by", story.ending("car"), "EXIT")
        return found.verdict()


class ScannedCode:
    """A driver who pays at the lane's scanner."""

    name = "scanner"
    expected = "the code before the scanner pays what the display asks for, its QR code is closed, the gate opens once"

    async def play(self, stage: Stage) -> None:
        """Come in, stay, and show the code at the exit."""
        guest = await stage.park("car", How(person=Person(shows_code=True)))
        stage.call(guest)
        await stage.passed(guest, stage.way_out)

    def judge(self, story: Story) -> Verdict:
        """One payment by code; the order on the display ends unpaid."""
        found = Findings()
        orders = sorted((str(row.get("kind")), str(row.get("state"))) for row in story.orders("car"))
        found.same("how the fee was asked for", orders, [("CODE", "PAID"), ("QR", "CLOSED")])
        found.same("payments credited", len(story.settlements("car")), 1)
        found.same("payments to be given back", len(story.settlements("car", surplus=True)), 0)
        found.same("openings for the car", story.openings("car", story.way[1]), 1)
        found.same("why it was let out", story.stay("car").get("exit_reason"), "PAID")
        found.same("its stay ended by", story.ending("car"), "EXIT")
        return found.verdict()
