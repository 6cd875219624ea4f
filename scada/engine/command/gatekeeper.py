"""The one who commands a lane's PLC: every command exactly once, or nobody can tell (`plc.md` §6)."""

import asyncio

import structlog

from scada.clock import Clock
from scada.engine.command.claim import Alarm, Claim
from scada.engine.command.image import HANDSHAKE, lane_image, plc_image
from scada.engine.command.intents import Intent, Intents, Outcome, settle_left
from scada.engine.mailbox import LatestOnly, Mailbox
from scada.engine.tags import Batch, TagTable, merged
from scada.model.handshake import (
    MAX_TTL_MS,
    Answer,
    CommandBlock,
    CommandCode,
    Done,
    NotDone,
    PlcImage,
    Undecided,
    Unknowable,
    Verdict,
    age_ms,
    judge,
    next_seq,
)
from scada.model.lane.image import LaneImage
from scada.model.lane.timing import Timing
from scada.model.names import LaneName, PassageId
from scada.model.tag import TagName
from scada.ports import Outputs, PlcError

GRACE_S = 1.0
"""How long after a command's life its end may still be read from the image."""
ECHO_S = 600.0
"""How long a PLC may be out of reach until its echo no longer tells: its clock wraps after 655 s."""
SETTLE_S = 0.15
"""A verdict that rests on the image alone must still stand this much later: an answer's parts may arrive one by one."""
JUMP_MS = 2000
"""A PLC clock that is ahead of ours by more than this since the command went out has been set anew."""

log = structlog.get_logger()


class Gatekeeper:
    """Commands one lane. `run` holds the claim; `open` and `cancel` work while it does."""

    def __init__(
        self,
        lane: LaneName,
        tags: TagTable,
        driver: Outputs,
        book: Intents,
        clock: Clock,
        timing: Timing,
        alarm: Alarm,
    ) -> None:
        self._lane = lane
        self._tags = tags
        self._driver = driver
        self._book = book
        self._clock = clock
        self._timing = timing
        self._ttl_ms = min(round(timing.t_ttl_s * 1000), MAX_TTL_MS)
        self._alarm = alarm
        self._claim = Claim(lane, tags, driver, book, clock, alarm)
        self._one = asyncio.Lock()
        self._is_past = False
        """The life of the command under way is over, and only its end is still to be learned."""
        self._news: Mailbox[Batch] = Mailbox(f"gatekeeper {lane}", 1, LatestOnly(merged))
        tags.subscribe(self._news, [TagName(f"{lane}.{point}") for point in HANDSHAKE])

    async def run(self) -> None:
        """Take the lane over, then hold it until cancelled; the PLC lets go 3 s later."""
        await self._claim.run()

    def let_claim(self) -> None:
        """Let the lane leave RESYNC although a car stands before its boom: a person has looked."""
        self._claim.let()

    @property
    def no_auto(self) -> str:
        """Why the lane is refused AUTO; empty if it is not."""
        return self._claim.no_auto

    def refuse_auto(self, why: str) -> None:
        """Refuse the lane AUTO, or with no reason grant it again: no claim, no command."""
        self._claim.no_auto = why

    @property
    def is_busy(self) -> bool:
        """Say whether a command is under way that may still act."""
        return self._one.locked() and not self._is_past

    def image(self) -> LaneImage:
        """Give the lane's image as the tags show it now."""
        return lane_image(self._tags, self._lane, self._clock.seconds(), self._claim.owns)

    async def open(self, passage: PassageId, number: int, why: str) -> Outcome:
        """Open for the passage that the PLC numbers `number`."""
        return await self._command(CommandCode.OPEN, passage, number, why)

    async def cancel(self, passage: PassageId, number: int, why: str) -> Outcome:
        """Take a passage's authorisation back; whether the boom lowers is the PLC's own affair."""
        return await self._command(CommandCode.CANCEL, passage, number, why)

    async def _command(self, code: CommandCode, passage: PassageId, number: int, why: str) -> Outcome:
        async with self._one:
            began_s = self._clock.seconds()
            if self.no_auto:
                return NotDone(f"no AUTO: {self.no_auto}")
            image = plc_image(self._tags, self._lane)
            if image is None:
                return NotDone("the PLC is out of reach", lost=True)
            if objection := self._objection(image, number) or await self._left_over(image):
                return NotDone(objection)
            seq = next_seq(await self._book.last_seq(), image)
            block = CommandBlock(image.claim_now, code, number, self._ttl_ms, image.tick, seq)
            intent = await self._book.begin(passage, block, image.boot, why)
            outcome = await self._carry_out(intent, began_s)
            await self._book.settle(intent, outcome)
        log.info("command", lane=self._lane, code=code.name, seq=seq, outcome=type(outcome).__name__)
        if isinstance(outcome, Unknowable):
            self._alarm("COMMAND_UNKNOWN", f"{self._lane}: command {seq}: {outcome.why}")
        return outcome

    async def _left_over(self, image: PlcImage) -> str:
        """Settle commands whose caller was stopped; object while one of them may still act."""
        left = await settle_left(self._book, image)
        return "the command before may still act" if any(isinstance(v, Undecided) for _, v in left) else ""

    def _objection(self, image: PlcImage, number: int) -> str:
        if not self.image().alive:
            return "the PLC stands still"
        if not self._claim.owns(image.claim_now):
            return "this server does not hold the lane"
        if number == 0 or image.passage_now != number:
            return f"passage {number} is not the live one"
        return ""

    async def _carry_out(self, intent: Intent, began_s: float) -> Outcome:
        """Send, once more if unanswered within its life, and wait until its end is known or cannot be.

        `began_s` is when the command's tick was read: its life counts from there.
        """
        image = plc_image(self._tags, self._lane)
        if image is None or image.claim_now != intent.block.claim:
            return NotDone("the lane was lost before the command was sent", lost=True)
        until_s = began_s + intent.block.ttl_ms / 1000
        if self._clock.seconds() >= until_s:
            return NotDone("it took longer to write down than it may live: it was not sent")
        verdict = await self._try(intent, began_s)
        if isinstance(verdict, Undecided) and self._clock.seconds() < until_s:
            log.warning("command unanswered, the same bytes go out once more", lane=self._lane, seq=intent.block.seq)
            verdict = await self._try(intent, began_s)
        if isinstance(verdict, Undecided):
            verdict = await self._watch(intent, began_s, until_s + GRACE_S, prompt=False)
        if isinstance(verdict, Undecided):
            verdict = await self._echo(intent, began_s)
        if isinstance(verdict, Undecided):
            return Unknowable("no answer, and the PLC cannot be read")
        return verdict

    async def _echo(self, intent: Intent, began_s: float) -> Verdict:
        """Wait for a PLC that cannot be read: once it can, its last number says what became of the command."""
        log.warning("command unanswered, the PLC cannot be read", lane=self._lane, seq=intent.block.seq)
        self._is_past = True
        try:
            return await self._watch(intent, began_s, began_s + ECHO_S, prompt=False)
        finally:
            self._is_past = False

    async def _try(self, intent: Intent, began_s: float) -> Verdict:
        """Send the bytes and give the PLC `t_ack` to answer."""
        until_s = self._clock.seconds() + self._timing.t_ack_s
        try:
            async with asyncio.timeout(self._timing.t_ack_s):
                answer = await self._driver.command(TagName(f"{self._lane}.cmd"), intent.block)
        except (PlcError, TimeoutError) as error:
            log.warning("command not acknowledged", lane=self._lane, seq=intent.block.seq, error=str(error))
            return await self._watch(intent, began_s, until_s, prompt=False)
        if answer is not None and not isinstance(verdict := _said(intent, answer), Undecided):
            return verdict
        return await self._watch(intent, began_s, until_s, prompt=True)

    async def _watch(self, intent: Intent, began_s: float, until_s: float, *, prompt: bool) -> Verdict:
        """Judge each new image until the command's end is known or time is up.

        `prompt`: the PLC acknowledged the write itself, so that its answer may be believed at first sight.
        """
        while True:
            image = plc_image(self._tags, self._lane)
            verdict = self._judge(intent, image, began_s)
            if not isinstance(verdict, Undecided):
                if prompt and image is not None and image.ack_seq == intent.block.seq:
                    return verdict
                await asyncio.sleep(SETTLE_S)
                if self._judge(intent, plc_image(self._tags, self._lane), began_s) == verdict:
                    return verdict
            if (left_s := until_s - self._clock.seconds()) <= 0:
                return Undecided()
            await self._news.get_within(left_s)

    def _judge(self, intent: Intent, image: PlcImage | None, began_s: float) -> Verdict:
        if image is None:
            return Undecided()
        verdict = judge(intent.block, intent.boot, image)
        lived_ms = (self._clock.seconds() - began_s) * 1000
        is_unanswered = image.boot == intent.boot and image.ack_seq < intent.block.seq
        if is_unanswered and age_ms(intent.block.tick, image.tick) > lived_ms + JUMP_MS:
            return Unknowable("the PLC's clock was set anew")
        if isinstance(verdict, Done) and image.claim_now and not self._claim.owns(image.claim_now):
            return Unknowable("another server holds the lane, the answer may be to its command")
        return verdict


def _said(intent: Intent, answer: Answer) -> Verdict:
    """Judge by what the command itself returned."""
    block = intent.block
    image = PlcImage(answer.seq, answer.result, block.tick, intent.boot, block.claim, block.passage)
    return judge(block, intent.boot, image)
