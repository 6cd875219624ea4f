"""Visitors who are announced: the gate knows them, and their hosts pay."""

from datetime import timedelta

from scada.model.lane.commands import Message
from scada.model.plate import Plate
from scada.sim.scenario import Person
from scada.sim.stage.guests import How
from scada.sim.stage.stage import Missed, Stage
from scada.sim.stage.story import Story
from scada.sim.stage.verdict import Findings, Verdict

HOST, PLATE = "ACME", Plate("京A88886")


class Visitor:
    """A host announces a visitor, who comes, stays, and leaves without paying."""

    name = "visitor"
    expected = "the entry greets the visitor, the exit opens without a touch, and the host owes the whole fee"

    async def play(self, stage: Stage) -> None:
        """Take a host in, announce the visitor, and let him come and leave with a dead phone."""
        agreed = ("--manner", "postpaid", "--limit", "1000000", "--may-book")
        await stage.behind.office("merchant", "add", HOST, *agreed)
        days = [str(stage.today + timedelta(days=number)) for number in (0, 1)]
        times = ("--from", days[0], "--to", days[1])
        if await stage.behind.office("booking", "add", HOST, PLATE, *times, "--pays", "full"):
            raise Missed("the office could not announce the visitor")
        guest = stage.bring("visitor", How(person=Person(dead_phone=True), plate=PLATE))
        await stage.shows(stage.way_in, Message.GO_VISITOR)
        stage.note("greeted", True)
        await stage.passed(guest, stage.way_in)
        await stage.owes(guest)
        stage.call(guest)
        await stage.passed(guest, stage.way_out)

    def judge(self, story: Story) -> Verdict:
        """Nothing was asked of the driver; the merchant's account owes what the stay cost."""
        found, stay = Findings(), story.stay("visitor")
        found.same("greeted as a visitor", story.notes.get("greeted"), True)
        found.same("orders made for the driver", len(story.orders("visitor")), 0)
        found.same("why he was let out", stay.get("exit_reason"), "PREPAID")
        found.same("openings for him", story.openings("visitor", story.way[1]), 1)
        found.same("his stay ended by", story.ending("visitor"), "EXIT")
        fee = stay.get("fee_fen")
        found.want(isinstance(fee, int) and fee > 0, f"the fee: {fee} fen", f"there was no fee: {fee}")
        entries = {row["id"] for row in story.facts.entries_made if row["stay"] == stay.get("id", "")}
        owes = [
            row["amount_fen"]
            for row in story.facts.postings
            if row["entry"] in entries and row["account"] == "merchant"
        ]
        found.same("the host owes", owes, [fee])
        return found.verdict()
