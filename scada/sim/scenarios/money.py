"""What may happen to a payment (paths H, I, J, T)."""

import asyncio

from scada.model.handshake import RiseCause
from scada.sim.road import What
from scada.sim.scenario import Person
from scada.sim.stage.guests import PLAIN, How
from scada.sim.stage.stage import Stage
from scada.sim.stage.story import Story
from scada.sim.stage.verdict import Findings, Verdict

KEEPS = Person(keeps_code=True)
_KEEPS = How(person=KEEPS)


class LateNotice:
    """WeChat's notice of a payment never comes."""

    name = "late-notice"
    expected = "the payment is found by asking WeChat, and the gate opens once for the car that still stands there"

    async def play(self, stage: Stage) -> None:
        """Pay without a notice."""
        guest = await stage.park("car")
        await asyncio.to_thread(stage.wechat.notices, "drop")
        stage.call(guest)
        await stage.passed(guest, stage.way_out, 120)

    def judge(self, story: Story) -> Verdict:
        """One settlement, found by a query; one opening."""
        found = Findings()
        found.same("how the payment was found", [row["source"] for row in story.settlements("car")], ["query"])
        found.same("openings for the car", story.openings("car", story.way[1]), 1)
        found.same("its stay ended by", story.ending("car"), "EXIT")
        return found.verdict()


class DoublePayment:
    """A driver pays twice, and WeChat tells of the payment twice."""

    name = "double-payment"
    expected = "the order is taken once and credited once, however often it is paid or told; the gate opens once"

    async def play(self, stage: Stage) -> None:
        """One code, paid from two phones; its notice comes twice."""
        guest = await stage.park("car", _KEEPS)
        await asyncio.to_thread(stage.wechat.notices, "duplicate")
        stage.call(guest)
        code = await stage.code(guest)
        results = await asyncio.gather(stage.pay(guest, code), stage.pay(guest, code))
        stage.note("results", sorted(results))
        await stage.passed(guest, stage.way_out)

    def judge(self, story: Story) -> Verdict:
        """One payment, one credit, one opening."""
        found = Findings()
        found.same("WeChat's answers to the two payments", story.notes.get("results"), ["ok", "paid"])
        found.same("payments credited", len(story.settlements("car")), 1)
        found.same("payments to be given back", len(story.settlements("car", surplus=True)), 0)
        found.same("openings for the car", story.openings("car", story.way[1]), 1)
        found.same("its stay ended by", story.ending("car"), "EXIT")
        return found.verdict()


class AnotherCar:
    """Path J: paid, backed away, and another car stands at the exit; WeChat was not told in time to close the order."""

    name = "paid-then-another-car"
    expected = "the payment opens nothing for the other car; the one that paid is let out when it comes back"

    async def play(self, stage: Stage) -> None:
        """The first pays from aside while the second stands at the boom."""
        payer, other = await stage.fill(("payer", _KEEPS), ("other", _KEEPS))
        await asyncio.to_thread(stage.wechat.answers, "drop_before", "/close", 50)
        stage.call(payer)
        code = await stage.code(payer)
        stage.back_out(payer)
        await stage.until("the payer backs out", lambda: stage.did(payer, What.BACKED_OUT, stage.way_out) == 1)
        stage.call(other)
        await stage.code(other)
        before = stage.is_down(stage.way_out)
        stage.note("paid", await stage.pay(payer, code))
        await asyncio.to_thread(stage.wechat.clear)
        await self._watch(stage, before)
        stage.back_out(other)
        await stage.until("the other backs out", lambda: stage.did(other, What.BACKED_OUT, stage.way_out) == 1)
        stage.call(payer)
        await stage.passed(payer, stage.way_out, 120)
        await stage.pay(other, await stage.code(other, beyond=1))
        await stage.passed(other, stage.way_out, 120)

    @staticmethod
    async def _watch(stage: Stage, before: bool) -> None:
        """Look at the boom for as long as an opening would take, and longer."""
        stayed = await stage.holds(lambda: stage.is_down(stage.way_out), 6.0)
        stage.note("stayed down", before and stayed)

    def judge(self, story: Story) -> Verdict:
        """Nothing opened for the other on the payer's money."""
        found = Findings()
        found.same("the payment was", story.notes.get("paid"), "ok")
        found.want(
            story.notes.get("stayed down") is True,
            "the boom stayed down for the other car",
            "THE BOOM MOVED while the other car stood there",
        )
        found.want(
            "REFUSED" in story.requests("payer"), "the opening was refused", f"requests: {story.requests('payer')}"
        )
        found.same("openings for the payer", story.openings("payer", story.way[1]), 1)
        found.same("payments of the payer", len(story.settlements("payer")), 1)
        found.same("openings for the other, after its own payment", story.openings("other", story.way[1]), 1)
        found.same("payments of the other", len(story.settlements("other")), 1)
        found.same("rises by authorisation", len(story.rises(story.way[1], RiseCause.AUTHORISED)), 2)
        return found.verdict()


class WechatOff:
    """WeChat cannot be reached: one car is let out by a person, the next waits until it is back."""

    name = "wechat-off"
    expected = "a person lets the first out with its debt on record, the second pays when WeChat is back"

    async def play(self, stage: Stage) -> None:
        """Off, a car out by hand, a car that waits, on again."""
        first, second = await stage.fill(("first", PLAIN), ("second", PLAIN))
        await asyncio.to_thread(stage.wechat.answers, "drop_before", "", 500)
        stage.call(first)
        await stage.passed(first, stage.way_out, 150)
        stage.behind.at_desk(False)
        stage.call(second)
        await stage.stands(second, stage.way_out)
        await stage.until("a person is called", lambda: _is_called(stage), 60)
        stage.note("down", stage.is_down(stage.way_out))
        await asyncio.to_thread(stage.wechat.clear)
        await stage.passed(second, stage.way_out, 120)

    def judge(self, story: Story) -> Verdict:
        """Debt for the first, payment for the second."""
        found = Findings()
        first, second = story.stay("first"), story.stay("second")
        found.same("first's stay ended by", first.get("ending"), "EXIT")
        found.want(
            first.get("arrears_fen") == first.get("fee_fen") != 0,
            f"first owes {first.get('arrears_fen')} fen",
            f"first: fee {first.get('fee_fen')}, owes {first.get('arrears_fen')}",
        )
        found.same("payments of the first", len(story.settlements("first")), 0)
        found.same("the gate was down while WeChat was off", story.notes.get("down"), True)
        found.same("second's stay ended by", second.get("ending"), "EXIT")
        found.same("payments of the second", len(story.settlements("second")), 1)
        return found.verdict()


async def _is_called(stage: Stage) -> bool:
    tags = await stage.behind.tags()
    return bool(tags.get(f"{stage.way_out}.case"))
